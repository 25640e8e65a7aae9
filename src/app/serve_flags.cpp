#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands.h"
#include "app/model_flags.h"
#include "app/numbers.h"
#include "app/serve_command.h"

namespace mr::app {
namespace {

void add_connection_limits(CLI::App& serve, api::Limits& l) {
  add_limit(serve, "--max-header-bytes", l.header_bytes, "Of all headers of a request");
  add_limit(serve, "--max-header-line-bytes", l.header_line_bytes, "Of one header, or the target");
  add_limit(serve, "--max-header-lines", l.header_lines, "Headers of a request");
  add_limit(serve, "--max-unread-bytes", l.unread_bytes,
            "Of an answer that its client does not read");
  add_limit(serve, "--header-timeout", l.header_s, "Seconds for the headers to come");
  add_limit(serve, "--body-timeout", l.body_s, "Seconds without a byte of the body");
  add_limit(serve, "--min-body-rate", l.body_bytes_per_s,
            "Bytes a second of a body that takes longer");
  add_limit(serve, "--idle-timeout", l.idle_s, "Seconds that a connection waits for a request");
  add_limit(serve, "--stall-timeout,--timeout", l.stall_s,
            "Seconds that a client may take nothing");
  add_limit(serve, "--sse-ping-interval", l.ping_s, "Seconds of silence in a stream before a ping");
  add_limit(serve, "--max-connections", l.connections, "At once");
  add_limit(serve, "--max-connections-per-address", l.connections_per_address,
            "... of one address");
  add_limit(serve, "--max-waiting", l.waiting, "Answers that have not begun");
  add_limit(serve, "--max-wait", l.wait_s, "Seconds that an answer would wait, about");
  add_limit(serve, "--max-running-per-key", l.running_per_key, "Answers under way; 0: no limit");
  add_limit(serve, "--max-waiting-per-key", l.waiting_per_key, "Not begun; 0: no limit");
  add_limit(serve, "--max-tokens-per-minute", l.tokens_per_minute,
            "Of a key, prompts and answers; 0: no limit");
  add_limit(serve, "--max-stored-response-bytes", l.stored_response_bytes,
            "Of all responses that a later one may go on from");
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
  add_service_flags(*serve, args->service);
  serve->add_option("--host", args->server.host, "Address to listen on")->capture_default_str();
  serve->add_option("--port", args->server.port, "Port to listen on; 0: any that is free")
      ->capture_default_str()
      ->check(integers(0, 65535));
  add_safety(*serve, *args);
  add_connection_limits(*serve, args->service.limits);
  add_given_flags(*serve);
  serve->footer(
      "millrace serve -m model.gguf\n"
      "millrace serve -m model.gguf --host 0.0.0.0 --api-key-file keys.txt\n"
      "millrace serve -m model.gguf --port 9000 --parallel 32 -c 8192");
  serve->callback([args, &exit_code] { exit_code = run_serve(*args); });
}

}  // namespace mr::app
