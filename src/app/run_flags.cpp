#include <CLI/CLI.hpp>
#include <limits>
#include <memory>

#include "app/commands.h"
#include "app/model_flags.h"
#include "app/numbers.h"
#include "app/run_command.h"

namespace mr::app {

void add_run(CLI::App& app, int& exit_code) {
  CLI::App* run = app.add_subcommand("run", "Answer one prompt");
  const auto args = std::make_shared<RunArgs>();
  auto* prompt = run->add_option("prompt,-p,--prompt", args->prompt,
                                 "The prompt; else standard input, else a built-in one");
  run->add_option("-f,--file", args->prompt_file, "A file with the prompt")
      ->type_name("FILE")
      ->excludes(prompt);
  add_load_flags(*run, args->load);
  run->add_option("-n,--n-predict,--predict,--max-tokens", args->n_new,
                  "Tokens at most; -1: until model or context ends")
      ->check(integers(-1, 1 << 28));
  run->add_option("-c,--ctx-size,--max-model-len", args->n_context,
                  "Context (default: the model's, as memory allows)")
      ->check(integers(0, std::numeric_limits<std::int32_t>::max()));
  add_kv_type(*run, args->kv_type);
  add_speculation(*run, args->spec);
  add_step_rows(*run, args->n_step_rows);
  add_prompt_flags(*run, args->form);
  add_answer_flags(*run, args->answer);
  add_sample_flags(*run, args->sample);
  add_grammar_flags(*run, args->grammar);
  run->add_option("--n-probs,--logprobs", args->n_logprobs,
                  "With --json: log-probabilities, of so many tokens at each place")
      ->group("Answer")
      ->check(integers(0, 1024));
  run->add_flag("--raw", args->raw, "The prompt as it is, without the chat template")
      ->group("Prompt");
  run->add_flag("--deterministic", args->deterministic, "Same text whatever was cached before")
      ->group(kEngineGroup);
  run->add_flag("-v,--verbose", args->verbose, "How each step was decided, on stderr")
      ->group(kEngineGroup);
  run->add_flag("--json", args->json, "One JSON object with text and figures on stdout");
  add_given_flags(*run);
  run->footer(
      "millrace run \"Once upon a time\" -n 100\n"
      "git diff | millrace run -m model.gguf \"What does this change?\"\n"
      "millrace run -m model.gguf --seed 1 --json | jq -r .text");
  run->callback([args, &exit_code] { exit_code = run_run(*args); });
}

}  // namespace mr::app
