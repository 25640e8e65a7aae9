#include "app/loaded.h"

#include <cstdlib>

#include "app/default_model.h"
#include "base/quote.h"
#include "io/resolve.h"
#include "kern/cuda/device.h"
#include "kern/level.h"
#include "model/architecture.h"

namespace mr::app {
namespace {

/// The level that MILLRACE_ISA names, or the fastest.
Expected<kern::Level> level_wanted() {
  const char* name = std::getenv("MILLRACE_ISA");
  return kern::pick_level(name != nullptr ? name : "");
}

/// The device of a level; `loaded` keeps what it stands on.
Expected<kern::Device> make_device(Loaded& loaded, kern::Level level, int n_threads) {
  if (level == kern::Level::cuda) {
    MR_TRY(const kern::Device gpu, kern::cuda::make_device());
    loaded.gpu.reset(new kern::Device(gpu));
    return gpu;
  }
  MR_TRY(loaded.team, sys::make_team(n_threads));
  return kern::cpu_device(level, *loaded.team);
}

Expected<text::Tokenizer> load_tokenizer(const std::string& path) {
  MR_TRY(text::Vocab vocab, text::read_vocab(path));
  return text::make_tokenizer(std::move(vocab));
}

}  // namespace

void GpuRelease::operator()(kern::Device* device) const {
  kern::cuda::release_device(*device);
  delete device;
}

Expected<Loaded> load(const LoadArgs& args) {
  Loaded loaded;
  loaded.path = args.model;
  if (loaded.path.empty()) {
    MR_TRY(loaded.path, default_model());
  }
  MR_TRY(const kern::Level level, level_wanted());
  MR_TRY(const io::ModelFiles files, io::resolve_model(loaded.path));
  loaded.path = files.weights;
  if (files.format != io::Format::gguf) {
    return fail(Fault::bad_model, quote(loaded.path) + ": wanted GGUF, found safetensors");
  }
  MR_TRY(const kern::Device device, make_device(loaded, level, args.n_threads));
  MR_TRY(const gguf::File file, gguf::open(loaded.path));
  const auto known = model::read_config(file);  // what cannot run is said before the long part
  if (!known) return fail_at(loaded.path, known.error());
  auto tokenizer = load_tokenizer(loaded.path);
  if (!tokenizer) return tl::unexpected<Error>(tokenizer.error());
  loaded.tokenizer = std::move(*tokenizer);
  loaded.has_chat_template = gguf::find(file, "tokenizer.chat_template") != nullptr;
  auto model = model::load(file, device);
  if (!model) return fail_at(loaded.path, model.error());
  loaded.model = std::move(*model);
  return loaded;
}

}  // namespace mr::app
