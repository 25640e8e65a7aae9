#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/footprint.h"
#include "io/resolve.h"
#include "kern/level.h"
#include "model/weights.h"
#include "spec/draft_source.h"
#include "sys/mapped_file.h"
#include "sys/numa.h"
#include "sys/team.h"
#include "text/tokenizer.h"

namespace mr::app {

/// What every command that runs a model takes.
struct LoadArgs {
  std::string model;                ///< path; empty: the default model
  int n_threads = 0;                ///< 0: as many as there are processors
  bool no_cache = false;            ///< packed weights are neither looked for nor kept on the disk
  bool verify_cache = false;        ///< and what is found is compared with the model
  int n_prompt_threads = 0;         ///< threads that prompts ask for; 0: as n_threads
  std::string gpu_layers = "auto";  ///< a number, "auto" or "all"
  bool locks_memory = false;        ///< the weights are kept from being swapped out
  sys::Placing placing = sys::Placing::as_it_is;  ///< on nodes of memory
};

/// Gives a GPU back.
struct GpuRelease {
  void operator()(kern::Device* device) const;
};

/// A model before it is loaded.
struct Opened {
  kern::Level level = kern::Level::ref;
  io::ModelFiles files;
  model::ModelFile file;
  engine::Sketch sketch;  ///< on that level
};

/// Opens and checks a model. Errors: bad_model, bad_request.
Expected<Opened> open(const LoadArgs& args);

/// Bytes that models, caches and activations may take on a device of `level`: its own memory, or
/// the machine's as far as the cgroup allows. 0 where nothing says.
std::uint64_t available_memory(kern::Level level);

/// The tokenizer of a model. Errors: bad_model.
Expected<text::Tokenizer> load_tokenizer(const io::ModelFiles& files);

/// The weights of a model, and where they lie if a cache had them.
struct Weights {
  sys::MappedFile packed;
  model::Model model;
};

/// Those at fewer bits than stored are not cached. Errors: bad_model, does_not_fit.
Expected<Weights> load_weights(const LoadArgs& args, const Opened& opened,
                               const kern::Device& device,
                               model::Bits bits = model::Bits::as_stored);

/// A model that drafts, and where its weights lie.
struct LoadedDraft {
  sys::MappedFile packed;
  spec::DraftModel model;
};

/// A model ready to run, with all that it stands on.
struct Loaded {
  std::string path;
  std::unique_ptr<sys::Team> team;                ///< of CPU levels
  std::unique_ptr<kern::Device, GpuRelease> gpu;  ///< of level cuda
  sys::MappedFile packed;  ///< where the model's weights lie, if a cache had them
  model::Model model;
  std::vector<std::unique_ptr<LoadedDraft>> drafts;  ///< as `options` names their files
  std::unique_ptr<model::Model> few_bits;            ///< the model at 4 bits, if it drafts so
  engine::Options options;  ///< as asked for, with the context that was chosen
  text::Tokenizer tokenizer;
  std::vector<std::int32_t> ends;  ///< tokens that end an answer, as model_ends finds them
  bool has_chat_template = false;  ///< text::load_chat_template(path) finds one
};

/// Opens, checks and packs a model, once it is known that an engine of these options fits beside
/// it; see chosen() for a context of 0. Errors: bad_model, bad_request, does_not_fit.
Expected<Loaded> load(const LoadArgs& args, const engine::Options& options);

}  // namespace mr::app
