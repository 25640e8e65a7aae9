#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands.h"
#include "app/tokenize.h"

namespace mr::app {

void add_tokenize(CLI::App& app, int& exit_code) {
  const auto args = std::make_shared<TokenizeArgs>();
  const auto add = [&](const char* name, const char* what) {
    CLI::App* command = app.add_subcommand(name, what);
    command
        ->add_option("-m,--model", args->model,
                     "Model, tokenizer file or folder (default: the one in models/)")
        ->type_name("MODEL");
    command->add_option("--pre", args->pre, "Split rules of a tiktoken rank file, by name");
    return command;
  };
  CLI::App* tokenize = add("tokenize", "Text from stdin to a JSON array of token ids");
  tokenize->add_flag("--special", args->special,
                     "Add the model's special tokens, and parse those that the text spells");
  tokenize->footer(
      "echo hello | millrace tokenize\n"
      "millrace tokenize -m model.gguf --special < prompt.txt\n"
      "millrace tokenize -m tokenizer.json < text.txt | jq length");
  tokenize->callback([args, &exit_code] { exit_code = run_tokenize(*args); });
  CLI::App* detokenize = add("detokenize", "A JSON array of token ids from stdin to text");
  detokenize->footer(
      "echo '[1, 2, 3]' | millrace detokenize\n"
      "millrace tokenize < text.txt | millrace detokenize\n"
      "millrace detokenize -m tokenizer.json < ids.json");
  detokenize->callback([args, &exit_code] { exit_code = run_detokenize(*args); });
}

}  // namespace mr::app
