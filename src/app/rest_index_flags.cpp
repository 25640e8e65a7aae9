#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands.h"
#include "app/rest_index_command.h"

namespace mr::app {

void add_rest_index(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("rest-index", "Make a corpus ready for --spec rest");
  const auto args = std::make_shared<RestIndexArgs>();
  command->add_option("corpus", args->corpus, "A text file")->type_name("FILE")->required();
  command
      ->add_option("-m,--model", args->load.model,
                   "GGUF file, folder or org/name (default: the one in models/)")
      ->type_name("MODEL");
  command->add_option("-o,--output", args->out, "The index (default: CORPUS.rest)")
      ->type_name("FILE");
  command->footer(
      "millrace rest-index corpus.txt\n"
      "millrace rest-index corpus.txt -m model.gguf\n"
      "millrace run -m model.gguf --rest-index corpus.txt.rest \"Once upon a time\"");
  command->callback([args, &exit_code] { exit_code = run_rest_index(*args); });
}

}  // namespace mr::app
