#include "app/loaded.h"

#include <cstdlib>

#include "app/default_model.h"
#include "base/quote.h"
#include "io/resolve.h"
#include "kern/level.h"
#include "model/architecture.h"

namespace mr::app {
namespace {

/// The level that MILLRACE_ISA names, or the fastest.
Expected<kern::Level> level_wanted() {
  const char* name = std::getenv("MILLRACE_ISA");
  return kern::pick_level(name != nullptr ? name : "");
}

Expected<text::Tokenizer> load_tokenizer(const std::string& path) {
  MR_TRY(text::Vocab vocab, text::read_vocab(path));
  return text::make_tokenizer(std::move(vocab));
}

}  // namespace

Expected<Loaded> load(const LoadArgs& args) {
  Loaded loaded;
  loaded.path = args.model;
  if (loaded.path.empty()) {
    MR_TRY(loaded.path, default_model());
  }
  MR_TRY(const kern::Level level, level_wanted());
  MR_TRY(loaded.team, sys::make_team(args.n_threads));
  MR_TRY(const io::ModelFiles files, io::resolve_model(loaded.path));
  loaded.path = files.weights;
  if (files.format != io::Format::gguf) {
    return fail(Fault::bad_model, quote(loaded.path) + ": wanted GGUF, found safetensors");
  }
  MR_TRY(const gguf::File file, gguf::open(loaded.path));
  const auto known = model::read_config(file);  // what cannot run is said before the long part
  if (!known) return fail_at(loaded.path, known.error());
  auto tokenizer = load_tokenizer(loaded.path);
  if (!tokenizer) return tl::unexpected<Error>(tokenizer.error());
  loaded.tokenizer = std::move(*tokenizer);
  auto model = model::load(file, kern::cpu_device(level, *loaded.team));
  if (!model) return fail_at(loaded.path, model.error());
  if (gguf::failed(file)) {
    return fail(Fault::bad_model, quote(loaded.path) + ": the file shrank while it was read");
  }
  loaded.model = std::move(*model);
  return loaded;
}

}  // namespace mr::app
