#include "app/serve_command.h"

#include <sys/resource.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <random>

#include "app/exit.h"
#include "app/sample_flags.h"
#include "base/quote.h"
#include "io/gguf.h"

namespace mr::app {
namespace {

/// As many open files as the system lets this process have.
void raise_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

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

/// The text of the template in a GGUF file.
std::string chat_source(const std::string& path) {
  const auto file = gguf::open(path);
  if (!file) return {};
  return gguf::get<std::string>(*file, "tokenizer.chat_template").value_or("");
}

std::string name_of(const Loaded& loaded) {
  return loaded.model.config.name.empty() ? std::filesystem::path(loaded.path).stem().string()
                                          : loaded.model.config.name;
}

/// What an engine is asked for: room for one request of full length ...
engine::Options wanted(const ServeArgs& args) {
  std::random_device device;
  return {.n_context = args.n_context,
          .n_running = args.n_parallel,
          .n_step_rows = args.n_step_rows,
          .kv_type = args.kv_type,
          .deterministic = args.deterministic,
          .prompt_logprobs = true,
          .hash_seed = (std::uint64_t{device()} << 32) | device()};
}

/// ... and, as far as half of the free memory goes, for as many as run at once.
engine::Options with_room(const Loaded& loaded) {
  engine::Options options = loaded.options;
  const std::uint64_t room =
      available_memory(loaded.gpu ? kern::Level::cuda : kern::Level::ref) / 2;
  engine::Options more = options;
  while (room > 0 && options.n_parallel < options.n_running) {
    more.n_parallel = options.n_parallel + 1;
    const auto n_bytes = engine::kv_bytes(loaded.model, more);
    if (!n_bytes || *n_bytes > room) break;
    options = more;
  }
  return options;
}

Expected<void> fill(api::Served& served, const Loaded& loaded, const ServeArgs& args) {
  served.names = args.aliases;
  if (served.names.empty()) served.names.push_back(name_of(loaded));
  served.fingerprint = "fp_millrace_" + name_of(loaded);
  served.tokenizer = &loaded.tokenizer;
  if (loaded.has_chat_template) {
    MR_TRY(served.chat, text::load_chat_template(loaded.path));
    served.chat_source = chat_source(loaded.path);
  }
  served.end_tokens = loaded.ends;
  served.marks = text::think_marks(loaded.tokenizer);
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
  MR_TRY(served.defaults, model_params({}, loaded.path, served.n_vocab));
  served.meta = meta_of(loaded);
  served.path = loaded.path;
  served.created = now_seconds();
  served.limits = args.limits;
  served.strict = args.strict_request;
  return {};
}

Expected<api::Ended> serve(const ServeArgs& args) {
  MR_TRY(const Loaded loaded, load(args.load, wanted(args)));
  const engine::Options options = with_room(loaded);
  api::Service service;
  MR_TRY_VOID(fill(service.served, loaded, args));
  service.served.n_context = options.n_context;
  service.guard.key_file = args.api_key_file;
  service.guard.fixed_keys = args.api_keys;
  service.guard.origins = args.cors_origins;
  service.guard.open_to_all = args.insecure_no_auth;
  MR_TRY_VOID(api::load_keys(service.guard));
  MR_TRY(service.loop, api::start_loop(loaded.model, options));
  return api::serve(service, args.server);
}

}  // namespace

int run_serve(const ServeArgs& args) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  const auto ended = serve(args);
  if (!ended) return report(ended.error());
  return *ended == api::Ended::interrupted ? kInterrupted : kOk;
}

}  // namespace mr::app
