#include <CLI/CLI.hpp>
#include <limits>

#include "app/answer_flags.h"
#include "app/choice.h"
#include "app/model_flags.h"
#include "app/numbers.h"
#include "app/service_setup.h"

namespace mr::app {
namespace {

constexpr std::int64_t kMostOfLimit = std::numeric_limits<std::int32_t>::max();

}  // namespace

template <typename T>
CLI::Option* add_limit(CLI::App& command, const char* name, T& field, const char* text) {
  return command.add_option(name, field, text)
      ->group("Limits")
      ->capture_default_str()
      ->check(CLI::Range(T{0}, static_cast<T>(kMostOfLimit)));
}

template CLI::Option* add_limit(CLI::App&, const char*, double&, const char*);
template CLI::Option* add_limit(CLI::App&, const char*, std::int32_t&, const char*);
template CLI::Option* add_limit(CLI::App&, const char*, std::size_t&, const char*);

namespace {

void add_request_limits(CLI::App& command, api::Limits& l) {
  add_limit(command, "--max-body-bytes", l.body_bytes, "Of a request's body");
  add_limit(command, "--max-json-depth", l.json_depth, "Lists and objects in one another")
      ->check(CLI::Range(0, 1000));
  add_limit(command, "--max-json-keys", l.json_keys, "Of one object");
  add_limit(command, "--max-json-string-bytes", l.json_string_bytes, "Of one string");
  add_limit(command, "--max-messages", l.messages, "Of a chat");
  add_limit(command, "--max-content-parts", l.content_parts, "Of a message");
  add_limit(command, "--max-tools", l.tools, "Of a chat");
  add_limit(command, "--max-prompts", l.prompts, "Of a request");
  add_limit(command, "--max-prompt-tokens", l.prompt_tokens, "Of a prompt that is given as ids");
  add_limit(command, "--max-choices", l.n_choices, "n and best_of");
  add_limit(command, "--max-new-tokens", l.max_tokens, "Of an answer");
  add_limit(command, "--max-logprobs", l.logprobs, "Tokens told with each of a completion");
  add_limit(command, "--max-top-logprobs", l.top_logprobs, "... of a chat");
  add_limit(command, "--max-stop-strings", l.stop_strings, "Of a request");
  add_limit(command, "--max-stop-bytes", l.stop_bytes, "Of a stop string");
  add_limit(command, "--max-logit-biases", l.logit_biases, "Of a request");
  add_limit(command, "--max-cache-salt-bytes", l.cache_salt_bytes, "Of a cache_salt");
  text::grammar::Limits& g = l.grammar;
  add_limit(command, "--max-schema-bytes", g.source_bytes, "Of a schema or a grammar");
  add_limit(command, "--max-schema-depth", g.depth, "Levels of a schema");
  add_limit(command, "--max-schema-enum", g.enums, "Values of an enum");
  add_limit(command, "--max-schema-refs", g.ref_hops, "References of a schema in a row");
  add_limit(command, "--max-pattern-bytes", g.pattern_bytes, "Of a regular expression");
  add_limit(command, "--max-pattern-repeats", g.repeats, "Of a quantifier");
  add_limit(command, "--grammar-timeout", g.compile_s, "Seconds to compile a grammar");
  add_limit(command, "--max-grammar-bytes", g.compile_bytes, "Memory of a grammar");
  add_limit(command, "--grammar-cache-bytes", g.cache_bytes, "Of grammars kept for later requests");
}

}  // namespace

void add_service_flags(CLI::App& command, ServiceArgs& args) {
  add_load_flags(command, args.load);
  command.add_option("-a,--alias,--served-model-name", args.aliases, "Names of the model")
      ->delimiter(',')
      ->type_name("NAME");
  command
      .add_option("-c,--ctx-size,--max-model-len", args.n_context,
                  "Context of a request (default: as run chooses it)")
      ->check(integers(0, kMostOfLimit));
  command.add_option("--parallel,--np,--max-num-seqs", args.n_parallel, "Answers at once")
      ->capture_default_str()
      ->check(integers(1, 4096));
  command
      .add_option("--cache-requests", args.n_cached_requests,
                  "Requests of full length that the KV cache holds (default: as many as --parallel "
                  "says, as far as half of the free memory goes)")
      ->group(kEngineGroup)
      ->check(integers(1, 4096));
  add_step_rows(command, args.n_step_rows);
  add_kv_type(command, args.kv_type);
  add_speculation(command, args.spec);
  add_choice<engine::Pooling>(command, "--pooling", args.pooling,
                              {{"mean", engine::Pooling::mean}, {"last", engine::Pooling::last}},
                              "Hidden states that an embedding is made of");
  command.add_flag("--deterministic", args.deterministic, "Same text whatever was cached before")
      ->group(kEngineGroup);
  command
      .add_option("--tool-call-parser", args.tool_format,
                  "How the model writes calls of tools (default: by its template)")
      ->type_name("NAME");
  add_reasoning_format(command, args.reasoning);
  command.add_flag("--strict-request", args.strict_request, "Refuse fields that are not known");
  add_request_limits(command, args.limits);
}

}  // namespace mr::app
