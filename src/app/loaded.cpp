#include "app/loaded.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/default_model.h"
#include "app/fit.h"
#include "app/model_ends.h"
#include "app/progress.h"
#include "io/json.h"
#include "io/resolve.h"
#include "kern/cuda/device.h"
#include "model/finite.h"
#include "model/packed_cache.h"
#include "spec/rest_index.h"
#include "sys/memory.h"

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

/// The cache of a model's packed weights; without a path where there is to be none.
model::PackedCache cache_of(const LoadArgs& args, const model::Source& source, kern::Level level) {
  const std::string folder = model::cache_folder();
  if (args.no_cache || folder.empty() || level == kern::Level::cuda) return {};
  return {.path = model::cache_path(folder, model::path_of(source), kern::table(level).name),
          .verify = args.verify_cache};
}

}  // namespace

void GpuRelease::operator()(kern::Device* device) const {
  kern::cuda::release_device(*device);
  delete device;
}

std::uint64_t available_memory(kern::Level level) {
  return level == kern::Level::cuda ? kern::cuda::free_memory() : sys::available_memory();
}

Expected<Opened> open(const LoadArgs& args) {
  std::string name = args.model;
  if (name.empty()) {
    MR_TRY(name, default_model());
  }
  Opened opened;
  MR_TRY(opened.level, level_wanted());
  MR_TRY(opened.files, io::resolve_model(name));
  MR_TRY(opened.file, model::open(opened.files));
  const model::Source source = model::source(opened.file);
  auto sketch = engine::sketch(source, kern::table(opened.level));
  if (!sketch) return fail_at(path_of(source), sketch.error());
  opened.sketch = std::move(*sketch);
  return opened;
}

Expected<text::Tokenizer> load_tokenizer(const io::ModelFiles& files) {
  const bool is_gguf = files.format == io::Format::gguf;
  const std::string folder = std::filesystem::path(files.config).parent_path().string();
  MR_TRY(text::Vocab vocab, text::read_vocab(is_gguf          ? files.weights
                                             : folder.empty() ? "."
                                                              : folder));
  return text::make_tokenizer(std::move(vocab));
}

Expected<Loaded> load(const LoadArgs& args, const engine::Options& options) {
  MR_TRY(const Opened opened, open(args));
  Loaded loaded;
  loaded.path = opened.files.weights;
  MR_TRY(const kern::Device device, make_device(loaded, opened.level, args.n_threads));
  const std::uint64_t available = available_memory(opened.level);
  loaded.options = chosen(opened.sketch, options, available);
  MR_TRY_VOID(check_fit(opened.sketch, loaded.options, available));
  const model::Source source = model::source(opened.file);
  MR_TRY(loaded.tokenizer, load_tokenizer(opened.files));
  MR_TRY(loaded.ends, model_ends(opened.files, source, loaded.tokenizer));
  if (!options.spec.sources.rest_index.empty()) {
    loaded.options.spec.sources.tokenizer_fingerprint = spec::fingerprint(loaded.tokenizer);
  }
  MR_TRY(loaded.has_chat_template, has_chat_template(opened.files, source));
  Progress progress = make_progress("loading, layer");
  const auto show_layer = [](void* to, std::int32_t done, std::int32_t total) {
    show(*static_cast<Progress*>(to), done, total, "");
  };
  model::PackedCache cache = cache_of(args, source, opened.level);
  const model::OnLayer on_layer{.run = show_layer, .arg = &progress};
  auto model = cache.path.empty() ? model::load(source, device, on_layer)
                                  : model::load(source, device, on_layer, cache);
  clear(progress);
  if (!model) return fail_at(loaded.path, model.error());
  if (!cache.found) {  // what was cached had been found finite
    const auto finite = model::check_finite(source, device);
    if (!finite) return fail_at(loaded.path, finite.error());
  }
  model::finish(cache, source, device);
  if (!cache.problem.empty()) {
    std::fprintf(stderr, "millrace: cache of packed weights %s\n", cache.problem.c_str());
  }
  if (cache.found) loaded.packed = std::move(cache.found->file);
  loaded.model = std::move(*model);
  return loaded;
}

}  // namespace mr::app
