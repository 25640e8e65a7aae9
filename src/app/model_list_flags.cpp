#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands.h"
#include "app/model_list.h"

namespace mr::app {

void add_list(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("ls", "The models that lie on this machine");
  const auto args = std::make_shared<ListArgs>();
  command
      ->add_option("folder", args->folders,
                   "Where to look (default: models/ and the Hugging Face cache)")
      ->type_name("FILE");
  command->add_flag("--names", args->names, "The names alone, one a line");
  command->add_flag("--json", args->json, "One JSON array with an object a model");
  command->footer("millrace ls\nmillrace ls ~/models\nmillrace ls --json | jq '.[].path'");
  command->callback([args, &exit_code] { exit_code = run_list(*args); });
}

}  // namespace mr::app
