#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands.h"
#include "app/show.h"

namespace mr::app {

void add_show(CLI::App& app, int& exit_code) {
  CLI::App* show = app.add_subcommand("show", "What a model file holds");
  const auto args = std::make_shared<ShowArgs>();
  show->add_option("model,-m,--model", args->model,
                   "GGUF, folder or org/name[:quant] (default: models/)")
      ->type_name("MODEL");
  show->add_flag("--json", args->json, "One JSON object");
  show->footer(
      "millrace show\nmillrace show model.gguf\nmillrace show org/name --json | jq .metadata");
  show->callback([args, &exit_code] { exit_code = run_show(*args); });
}

}  // namespace mr::app
