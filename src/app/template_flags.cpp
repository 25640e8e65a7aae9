#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands.h"
#include "app/template_command.h"

namespace mr::app {

void add_template(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("template", "Render messages with a chat template");
  const auto args = std::make_shared<TemplateArgs>();
  auto* model = command->add_option("-m,--model", args->model, "GGUF file, folder or org/name")
                    ->type_name("MODEL");
  command->add_option("--file", args->file, "A Jinja file in place of a model's template")
      ->type_name("FILE")
      ->excludes(model);
  command->add_option("--input", args->input, "JSON file: messages, tools and any other variable")
      ->type_name("FILE")
      ->required();
  command->add_option("--now", args->now, "The time that templates see, as 2025-07-26T12:00");
  command->footer(
      "millrace template -m model.gguf --input messages.json\n"
      "millrace template --file chat.jinja --input messages.json\n"
      "millrace template -m org/name --input messages.json --now 2025-07-26T12:00");
  command->callback([args, &exit_code] { exit_code = run_template(*args); });
}

}  // namespace mr::app
