#include <CLI/CLI.hpp>
#include <cmath>
#include <limits>
#include <memory>

#include "app/commands.h"
#include "app/model_flags.h"
#include "app/run_command.h"

namespace mr::app {
namespace {

/// CLI11's ranges let NaN pass. Returns what is wrong, or nothing.
std::string finite(const std::string& text) {
  float value = 0;
  if (CLI::detail::lexical_cast(text, value) && std::isfinite(value)) return {};
  return "wanted a finite number, found " + text;
}

}  // namespace

void add_run(CLI::App& app, int& exit_code) {
  CLI::App* run = app.add_subcommand("run", "Answer one prompt");
  const auto args = std::make_shared<RunArgs>();
  run->add_option("prompt", args->prompt, "The prompt; else standard input, else a built-in one");
  add_load_flags(*run, args->load);
  run->add_option("-n,--n-predict,--max-tokens", args->n_new,
                  "Tokens at most (default: until the model or the context ends)")
      ->check(CLI::Range(1, 1 << 28));
  run->add_option("-c,--ctx-size,--max-model-len", args->n_context,
                  "Context in positions (default: the model's, as far as memory goes)")
      ->check(CLI::Range(0, std::numeric_limits<std::int32_t>::max()));
  run->add_option("--temp,--temperature", args->temperature, "0: always the most probable token")
      ->check(CLI::Range(0.0F, 100.0F) & CLI::Validator(finite, "finite"))
      ->capture_default_str();
  run->add_option("-s,--seed", args->seed, "Same seed, same text (default: another each time)");
  add_kv_type(*run, args->kv_type);
  run->add_flag("--raw", args->raw, "The prompt as it is, without the chat template");
  run->add_flag("--deterministic", args->deterministic, "Same text whatever was cached before");
  run->add_flag("--json", args->json, "One JSON object with text and figures on stdout");
  run->callback([args, &exit_code] { exit_code = run_run(*args); });
}

}  // namespace mr::app
