#include "app/loaded.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "app/default_model.h"
#include "app/drafts.h"
#include "app/fit.h"
#include "app/model_ends.h"
#include "app/progress.h"
#include "base/log.h"
#include "base/size_text.h"
#include "io/json.h"
#include "io/resolve.h"
#include "kern/cuda/device.h"
#include "model/finite.h"
#include "model/packed_cache.h"
#include "spec/rest_index.h"
#include "sys/memory.h"

namespace mr::app {
namespace {

/// What the machine lacks for the GPU; empty: nothing.
std::string missing_for_gpu() {
  for (const kern::LevelInfo& level : kern::levels()) {
    if (level.level != kern::Level::cuda) continue;
    return level.compiled ? level.missing : "this build has no CUDA";
  }
  return "this build has no CUDA";
}

/// Whether layers are asked to lie on a GPU, whatever there is.
bool wants_gpu(const LoadArgs& args) {
  return args.gpu_layers != "auto" && args.gpu_layers.find_first_not_of('0') != std::string::npos;
}

/// The level that MILLRACE_ISA names; else the GPU, where layers are asked to lie on one and there
/// is one; else the fastest of the CPU.
Expected<kern::Level> level_wanted(const LoadArgs& args) {
  const char* name = std::getenv("MILLRACE_ISA");
  if (name != nullptr && *name != '\0') return kern::pick_level(name);
  return kern::pick_level(wants_gpu(args) && missing_for_gpu().empty() ? "cuda" : "");
}

/// Says where what was asked of a GPU is not what is done: all layers lie on it, or none.
void tell_of_gpu(const LoadArgs& args, kern::Level level, std::int32_t n_layers) {
  if (!wants_gpu(args)) return;
  if (level != kern::Level::cuda) {
    const std::string missing = missing_for_gpu();
    log::say(log::Level::warning, "--gpu-layers: no GPU (%s), all layers stay on the CPU",
             missing.empty() ? "MILLRACE_ISA names another level" : missing.c_str());
    return;
  }
  std::int64_t n = 0;
  const char* end = args.gpu_layers.data() + args.gpu_layers.size();
  const auto read = std::from_chars(args.gpu_layers.data(), end, n);
  if (read.ec == std::errc{} && n < n_layers) {
    log::say(log::Level::warning, "--gpu-layers: all %d layers go to the GPU", n_layers);
  }
}

/// Places the program on the nodes of memory. What the kernel refuses is said, and goes without.
void place_memory(sys::Placing placing) {
  if (placing == sys::Placing::as_it_is) return;
  if (sys::memory_nodes().size() < 2) {
    log::say(log::Level::info, "--numa: no effect on a machine with one node of memory");
  } else if (const auto done = sys::place(placing); !done) {
    log::say(log::Level::warning, "--numa: %s", done.error().message.c_str());
  }
}

/// Keeps all memory that the program has by now, the weights above all, from being swapped out.
void lock_memory() {
  if (mlockall(MCL_CURRENT) == 0) return;
  const int error = errno;
  rlimit limit{};
  getrlimit(RLIMIT_MEMLOCK, &limit);
  log::say(log::Level::warning, "--mlock: %s; ulimit -l allows %s", std::strerror(error),
           limit.rlim_cur == RLIM_INFINITY ? "any size" : size_text(limit.rlim_cur).c_str());
}

int threads_of(const LoadArgs& args) {
  const int n = args.n_threads == 0 ? sys::usable_processors() : args.n_threads;
  return std::max(n, args.n_prompt_threads);
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
  MR_TRY(opened.level, level_wanted(args));
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

Expected<Weights> load_weights(const LoadArgs& args, const Opened& opened,
                               const kern::Device& device, model::Bits bits) {
  const std::string& path = opened.files.weights;
  const model::Source source = model::source(opened.file);
  Progress progress = make_progress("loading, layer");
  const auto show_layer = [](void* to, std::int32_t done, std::int32_t total) {
    show(*static_cast<Progress*>(to), done, total, "");
  };
  model::PackedCache cache;
  if (bits == model::Bits::as_stored) cache = cache_of(args, source, opened.level);
  const model::OnLayer on_layer{.run = show_layer, .arg = &progress};
  auto model = cache.path.empty() ? model::load(source, device, on_layer, bits)
                                  : model::load(source, device, on_layer, cache);
  clear(progress);
  if (!model) return fail_at(path, model.error());
  if (!cache.found) {  // what was cached had been found finite
    const auto finite = model::check_finite(source, device);
    if (!finite) return fail_at(path, finite.error());
  }
  model::finish(cache, source, device);
  if (!cache.problem.empty()) {
    log::say(log::Level::warning, "cache of packed weights %s", cache.problem.c_str());
  }
  Weights weights;
  if (cache.found) weights.packed = std::move(cache.found->file);
  weights.model = std::move(*model);
  return weights;
}

namespace {

Expected<Loaded> load_model(const LoadArgs& args, const engine::Options& options) {
  MR_TRY(const Opened opened, open(args));
  tell_of_gpu(args, opened.level, opened.sketch.model.config.n_layers);
  Loaded loaded;
  loaded.path = opened.files.weights;
  MR_TRY(const kern::Device device, make_device(loaded, opened.level, threads_of(args)));
  MR_TRY(const std::vector<Opened> drafts, open_drafts(args, options.spec));
  const std::uint64_t available = available_memory(opened.level);
  loaded.options = chosen(opened.sketch, options, available);
  MR_TRY(const std::uint64_t taken, draft_bytes(opened, drafts, loaded.options));
  MR_TRY_VOID(check_fit(opened.sketch, loaded.options, beside(available, taken)));
  const model::Source source = model::source(opened.file);
  MR_TRY(loaded.tokenizer, load_tokenizer(opened.files));
  MR_TRY(loaded.ends, model_ends(opened.files, source, loaded.tokenizer));
  if (!options.spec.sources.rest_index.empty()) {
    loaded.options.spec.sources.tokenizer_fingerprint = spec::fingerprint(loaded.tokenizer);
  }
  MR_TRY(loaded.has_chat_template, has_chat_template(opened.files, source));
  MR_TRY(Weights weights, load_weights(args, opened, device));
  loaded.packed = std::move(weights.packed);
  loaded.model = std::move(weights.model);
  MR_TRY_VOID(load_drafts(args, drafts, device, loaded));
  MR_TRY_VOID(load_few_bits(args, opened, device, loaded));
  return loaded;
}

}  // namespace

Expected<Loaded> load(const LoadArgs& args, const engine::Options& options) {
  place_memory(args.placing);
  auto loaded = load_model(args, options);
  if (loaded && args.locks_memory) lock_memory();
  return loaded;
}

}  // namespace mr::app
