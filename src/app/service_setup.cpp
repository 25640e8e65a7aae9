#include "app/service_setup.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>

#include "app/sample_flags.h"
#include "app/work_limit.h"
#include "base/quote.h"
#include "engine/forecast.h"

namespace mr::app {
namespace {

std::int64_t now_seconds() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

/// llama-server's `meta` of a model.
boost::json::object meta_of(const Loaded& loaded) {
  std::error_code error;
  const model::Config& config = loaded.model.config;
  return {{"n_ctx_train", config.n_context},
          {"size", std::filesystem::file_size(loaded.path, error)},
          {"n_vocab", config.n_vocab},
          {"n_embd", config.dim}};
}

std::string name_of(const Loaded& loaded) {
  return loaded.model.config.name.empty() ? std::filesystem::path(loaded.path).stem().string()
                                          : loaded.model.config.name;
}

/// Bytes of the caches of the model and of those that draft for it.
Expected<std::size_t> cache_bytes(const Loaded& loaded, const engine::Options& options) {
  MR_TRY(std::size_t bytes, engine::kv_bytes(loaded.model, options));
  for (const auto& draft : loaded.drafts) {
    MR_TRY(const std::size_t own, engine::kv_bytes(draft->model.model, options));
    bytes += own;
  }
  return bytes;
}

/// What an engine is asked for: room for one request of full length ...
engine::Options wanted(const ServiceArgs& args) {
  std::random_device device;
  return {.n_context = args.n_context,
          .n_parallel = std::max(1, args.n_cached_requests),
          .n_running = args.n_parallel,
          .n_step_rows = args.n_step_rows,
          .kv_type = args.kv_type,
          .deterministic = args.deterministic,
          .prompt_logprobs = true,
          .hash_seed = (std::uint64_t{device()} << 32) | device()};
}

/// ... and, where nothing else was said, as far as half of the free memory goes, for as many as run
/// at once.
engine::Options with_room(const ServiceArgs& args, const Loaded& loaded) {
  engine::Options options = loaded.options;
  if (args.n_cached_requests > 0) return options;
  const std::uint64_t room =
      available_memory(loaded.gpu ? kern::Level::cuda : kern::Level::ref) / 2;
  engine::Options more = options;
  while (room > 0 && options.n_parallel < options.n_running) {
    more.n_parallel = options.n_parallel + 1;
    const auto n_bytes = cache_bytes(loaded, more);
    if (!n_bytes || *n_bytes > room) break;
    options = more;
  }
  return options;
}

Expected<void> fill(api::Served& served, const Loaded& loaded, const ServiceArgs& args) {
  served.names = args.aliases;
  if (served.names.empty()) served.names.push_back(name_of(loaded));
  served.fingerprint = "fp_millrace_" + name_of(loaded);
  if (is_lossy(loaded.options.spec)) served.fingerprint += "_lossy";
  served.tokenizer = &loaded.tokenizer;
  if (loaded.has_chat_template) {
    MR_TRY(served.chat, text::load_chat_template(loaded.path));
    served.chat_source = served.chat->source;
  }
  served.end_tokens = loaded.ends;
  served.marks = text::think_marks(loaded.tokenizer);
  served.reasoning = args.reasoning;
  served.vocabulary = std::make_shared<const text::grammar::Vocabulary>(
      text::grammar::make_vocabulary(loaded.tokenizer));
  served.tool_format = api::tool_format_of(served.chat_source, loaded.tokenizer);
  if (!args.tool_format.empty()) {
    const auto format = api::tool_format_named(args.tool_format);
    if (!format) {
      return fail(Fault::bad_request, "--tool-call-parser: wanted " +
                                          std::string(api::kToolFormats) + ", found " +
                                          quote(args.tool_format));
    }
    served.tool_format = *format;
  }
  served.n_vocab = loaded.model.config.n_vocab;
  served.n_hidden = loaded.model.config.dim;
  served.pooling = args.pooling;
  MR_TRY(served.defaults, model_params({}, loaded.path, served.n_vocab));
  served.meta = meta_of(loaded);
  served.path = loaded.path;
  served.created = now_seconds();
  served.limits = args.limits;
  served.strict = args.strict_request;
  return {};
}

/// What steps ask of the processor and its memory. Of a GPU no limits are measured.
Expected<api::StepCost> step_cost(const ServiceArgs& args, const Loaded& loaded,
                                  const engine::Options& options) {
  const auto& limits = sys::machine_limits();
  if (loaded.gpu || !limits) return api::StepCost{};
  MR_TRY(const Opened opened, open(args.load));
  MR_TRY(const engine::Sketch as_stored,
         engine::sketch(model::source(opened.file), kern::table(kern::Level::ref)));
  MR_TRY(const kern::Work work,
         engine::count(as_stored, {.n_rows = 1, .n_logit_rows = 1, .n_attended = 1}, options));
  return api::StepCost{.weight_bytes = work.weight_bytes,
                       .position_bytes = work.kv_bytes,
                       .row_s = seconds_at_limit(work, *limits),
                       .read_bytes_per_s = limits->read.per_s};
}

}  // namespace

Expected<Loaded> load_service(const ServiceArgs& args) {
  engine::Options options = wanted(args);
  MR_TRY(options.spec, speculation(args.spec));
  MR_TRY(Loaded loaded, load(args.load, options));
  loaded.options = with_room(args, loaded);
  return loaded;
}

Expected<void> start_service(api::Service& service, const Loaded& loaded, const ServiceArgs& args) {
  MR_TRY_VOID(fill(service.served, loaded, args));
  service.served.n_context = loaded.options.n_context;
  service.responses.max_bytes = args.limits.stored_response_bytes;
  MR_TRY(const api::StepCost cost, step_cost(args, loaded, loaded.options));
  MR_TRY(service.loop, api::start_loop(loaded.model, loaded.options, cost));
  return {};
}

}  // namespace mr::app
