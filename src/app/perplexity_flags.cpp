#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands.h"
#include "app/model_flags.h"
#include "app/numbers.h"
#include "app/perplexity_command.h"

namespace mr::app {

void add_perplexity(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("perplexity", "Score a text, or compare two models on it");
  const auto args = std::make_shared<PerplexityArgs>();
  add_load_flags(*command, args->load);
  command->add_option("-f,--file", args->text, "Text to score")->type_name("FILE")->required();
  command->add_option("-c,--ctx-size", args->n_context, "Tokens of a window; half are scored")
      ->check(integers(4, 1 << 24))
      ->capture_default_str();
  command->add_option("--chunks", args->n_chunks, "Windows to score (default: all)")
      ->check(integers(0, 1 << 30));
  add_kv_type(*command, args->kv_type);
  command
      ->add_option("--logprobs", args->logprobs, "A line for each scored token: index, id, logprob")
      ->type_name("FILE");
  command
      ->add_option("--save-logits,--save-all-logits", args->save_logits,
                   "Keep the distributions, as llama.cpp does")
      ->type_name("FILE");
  command->add_option("--kl", args->kl, "Compare with such a file, or llama.cpp's")
      ->type_name("FILE");
  command->add_flag("--json", args->json, "One JSON object: nll, ppl, ppl_err, tokens, ...");
  command->footer(
      "millrace perplexity -m model.gguf -f text.txt\n"
      "millrace perplexity -m f16.gguf -f text.txt --save-logits base.bin\n"
      "millrace perplexity -m q4.gguf -f text.txt --kl base.bin");
  command->callback([args, &exit_code] { exit_code = run_perplexity(*args); });
}

}  // namespace mr::app
