#include <CLI/CLI.hpp>
#include <limits>
#include <memory>

#include "app/commands.h"
#include "app/model_flags.h"
#include "app/numbers.h"
#include "app/serve_command.h"

namespace mr::app {
namespace {

constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();

template <typename T>
void limit(CLI::App& serve, const char* name, T& field, const char* text) {
  serve.add_option(name, field, text)
      ->group("Limits")
      ->capture_default_str()
      ->check(CLI::Range(T{0}, static_cast<T>(kMost)));
}

void add_limits(CLI::App& serve, api::Limits& l) {
  limit(serve, "--max-header-bytes", l.header_bytes, "Of all headers of a request");
  limit(serve, "--max-header-line-bytes", l.header_line_bytes, "Of one header, or of the target");
  limit(serve, "--max-header-lines", l.header_lines, "Headers of a request");
  limit(serve, "--max-body-bytes", l.body_bytes, "Of a request's body");
  limit(serve, "--max-unread-bytes", l.unread_bytes, "Of an answer that its client does not read");
  limit(serve, "--header-timeout", l.header_s, "Seconds for the headers to come");
  limit(serve, "--body-timeout", l.body_s, "Seconds without a byte of the body");
  limit(serve, "--min-body-rate", l.body_bytes_per_s, "Bytes a second of a body that takes longer");
  limit(serve, "--idle-timeout", l.idle_s, "Seconds that a connection waits for a request");
  limit(serve, "--stall-timeout,--timeout", l.stall_s, "Seconds that a client may take nothing");
  limit(serve, "--sse-ping-interval", l.ping_s, "Seconds of silence in a stream before a comment");
  limit(serve, "--max-connections", l.connections, "At once");
  limit(serve, "--max-connections-per-address", l.connections_per_address, "... of one address");
  limit(serve, "--max-waiting", l.waiting, "Answers that have not begun");
  limit(serve, "--max-messages", l.messages, "Of a chat");
  limit(serve, "--max-content-parts", l.content_parts, "Of a message");
  limit(serve, "--max-tools", l.tools, "Of a chat");
  limit(serve, "--max-prompts", l.prompts, "Of a request");
  limit(serve, "--max-choices", l.n_choices, "n and best_of");
  limit(serve, "--max-new-tokens", l.max_tokens, "Of an answer");
  limit(serve, "--max-logprobs", l.logprobs, "Tokens told with each of a completion");
  limit(serve, "--max-top-logprobs", l.top_logprobs, "... of a chat");
  limit(serve, "--max-stop-strings", l.stop_strings, "Of a request");
  limit(serve, "--max-stop-bytes", l.stop_bytes, "Of a stop string");
  limit(serve, "--max-logit-biases", l.logit_biases, "Of a request");
  text::grammar::Limits& g = l.grammar;
  limit(serve, "--max-schema-bytes", g.source_bytes, "Of a schema or a grammar");
  limit(serve, "--max-schema-depth", g.depth, "Levels of a schema");
  limit(serve, "--max-schema-enum", g.enums, "Values of an enum");
  limit(serve, "--max-schema-refs", g.ref_hops, "References of a schema in a row");
  limit(serve, "--max-pattern-bytes", g.pattern_bytes, "Of a regular expression");
  limit(serve, "--max-pattern-repeats", g.repeats, "Of a quantifier");
  limit(serve, "--grammar-timeout", g.compile_s, "Seconds to compile a grammar");
  limit(serve, "--max-grammar-bytes", g.compile_bytes, "Memory of a grammar");
  limit(serve, "--grammar-cache-bytes", g.cache_bytes, "Of grammars kept for later requests");
}

void add_safety(CLI::App& serve, ServeArgs& args) {
  constexpr const char* kGroup = "Safety";
  serve.add_option("--api-key", args.api_keys, "A key that clients must bring")
      ->group(kGroup)
      ->allow_extra_args(false)
      ->type_name("KEY");
  serve.add_option("--api-key-file", args.api_key_file, "Keys, one a line; read again on SIGHUP")
      ->group(kGroup)
      ->type_name("FILE");
  serve.add_flag("--insecure-no-auth", args.insecure_no_auth, "A public address without keys")
      ->group(kGroup);
  serve.add_option("--cors-origins", args.cors_origins, "Pages that may read answers; *: all")
      ->group(kGroup)
      ->delimiter(',')
      ->type_name("ORIGIN");
  serve.add_option("--ssl-cert-file,--ssl-certfile", args.server.tls_certificate, "PEM: serve TLS")
      ->group(kGroup)
      ->type_name("FILE");
  serve.add_option("--ssl-key-file,--ssl-keyfile", args.server.tls_key, "PEM")
      ->group(kGroup)
      ->type_name("FILE");
  serve.add_flag("--strict-request", args.strict_request, "Refuse fields that are not known")
      ->group(kGroup);
  serve
      .add_option("--drain-delay", args.server.drain_delay_s,
                  "Seconds after SIGTERM until no more connections are taken")
      ->group(kGroup)
      ->capture_default_str()
      ->check(CLI::Range(0.0, 3600.0));
  serve
      .add_option("--drain-timeout", args.server.drain_timeout_s,
                  "... and then until what still runs is ended")
      ->group(kGroup)
      ->capture_default_str()
      ->check(CLI::Range(0.0, 86400.0));
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
  CLI::App* serve = app.add_subcommand("serve", "Answer over HTTP, by OpenAI's protocol");
  const auto args = std::make_shared<ServeArgs>();
  add_load_flags(*serve, args->load);
  serve->add_option("--host", args->server.host, "Address to listen on")->capture_default_str();
  serve->add_option("--port", args->server.port, "Port to listen on; 0: any that is free")
      ->capture_default_str()
      ->check(integers(0, 65535));
  serve->add_option("-a,--alias,--served-model-name", args->aliases, "Names of the model")
      ->delimiter(',')
      ->type_name("NAME");
  serve
      ->add_option("-c,--ctx-size,--max-model-len", args->n_context,
                   "Context of a request (default: as run chooses it)")
      ->check(integers(0, kMost));
  serve->add_option("--parallel,--np,--max-num-seqs", args->n_parallel, "Answers at once")
      ->capture_default_str()
      ->check(integers(1, 4096));
  add_step_rows(*serve, args->n_step_rows);
  add_kv_type(*serve, args->kv_type);
  serve->add_flag("--deterministic", args->deterministic, "Same text whatever was cached before")
      ->group(kEngineGroup);
  serve
      ->add_option("--tool-call-parser", args->tool_format,
                   "How the model writes calls of tools (default: by its template)")
      ->type_name("NAME");
  add_safety(*serve, *args);
  add_limits(*serve, args->limits);
  add_given_flags(*serve);
  serve->footer(
      "millrace serve -m model.gguf\n"
      "millrace serve -m model.gguf --host 0.0.0.0 --api-key-file keys.txt\n"
      "millrace serve -m model.gguf --port 9000 --parallel 32 -c 8192");
  serve->callback([args, &exit_code] { exit_code = run_serve(*args); });
}

}  // namespace mr::app
