#include "app/loaded.h"

#include <cstdlib>
#include <filesystem>

#include "app/default_model.h"
#include "io/json.h"
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

Expected<text::Tokenizer> load_tokenizer(const io::ModelFiles& files) {
  const bool is_gguf = files.format == io::Format::gguf;
  const std::string folder = std::filesystem::path(files.config).parent_path().string();
  MR_TRY(text::Vocab vocab, text::read_vocab(is_gguf          ? files.weights
                                             : folder.empty() ? "."
                                                              : folder));
  return text::make_tokenizer(std::move(vocab));
}

/// Whether text::load_chat_template would find one: a metadata key, a file, or a field of
/// tokenizer_config.json.
Expected<bool> has_chat_template(const io::ModelFiles& files, const model::Source& source) {
  if (source.gguf != nullptr) {
    return gguf::find(*source.gguf, "tokenizer.chat_template") != nullptr;
  }
  if (!files.chat_template.empty()) return true;
  const auto folder = std::filesystem::path(files.config).parent_path();
  std::error_code error;
  if (std::filesystem::exists(folder / "chat_template.json", error)) return true;
  if (files.tokenizer_config.empty()) return false;
  MR_TRY(const json::Document file, json::read_file(files.tokenizer_config));
  MR_TRY(const auto* fields, json::root_object(file));
  const auto* field = fields->if_contains("chat_template");
  return field != nullptr && !field->is_null();
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
  MR_TRY(const kern::Device device, make_device(loaded, level, args.n_threads));
  MR_TRY(const model::ModelFile file, model::open(files));
  const model::Source source = model::source(file);
  const auto known = model::read_config(source);  // what cannot run is said before the long part
  if (!known) return fail_at(path_of(source), known.error());
  MR_TRY(loaded.tokenizer, load_tokenizer(files));
  MR_TRY(loaded.has_chat_template, has_chat_template(files, source));
  auto model = model::load(source, device);
  if (!model) return fail_at(loaded.path, model.error());
  loaded.model = std::move(*model);
  return loaded;
}

}  // namespace mr::app
