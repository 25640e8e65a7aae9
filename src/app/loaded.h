#pragma once
#include <memory>
#include <string>

#include "base/error.h"
#include "model/weights.h"
#include "sys/team.h"
#include "text/tokenizer.h"

namespace mr::app {

/// What every command that runs a model takes.
struct LoadArgs {
  std::string model;  ///< path; empty: the default model
  int n_threads = 0;  ///< 0: as many as there are processors
};

/// Gives a GPU back.
struct GpuRelease {
  void operator()(kern::Device* device) const;
};

/// A model ready to run, with all that it stands on.
struct Loaded {
  std::string path;
  std::unique_ptr<sys::Team> team;                ///< of CPU levels
  std::unique_ptr<kern::Device, GpuRelease> gpu;  ///< of level cuda
  model::Model model;
  text::Tokenizer tokenizer;
  bool has_chat_template = false;  ///< text::load_chat_template(path) finds one
};

/// Opens, checks and packs a model. Errors: bad_model, bad_request, does_not_fit.
Expected<Loaded> load(const LoadArgs& args);

}  // namespace mr::app
