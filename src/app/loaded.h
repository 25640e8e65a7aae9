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

/// A model ready to run, with all that it stands on.
struct Loaded {
  std::string path;
  std::unique_ptr<sys::Team> team;
  model::Model model;
  text::Tokenizer tokenizer;
};

/// Opens, checks and packs a model. Errors: bad_model, bad_request, does_not_fit.
Expected<Loaded> load(const LoadArgs& args);

}  // namespace mr::app
