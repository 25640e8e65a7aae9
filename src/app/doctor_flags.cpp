#include <CLI/CLI.hpp>
#include <memory>

#include "app/commands.h"
#include "app/doctor.h"

namespace mr::app {

void add_doctor(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("doctor", "What this machine has, and what would be slow");
  const auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON object");
  command->footer(
      "millrace doctor\nmillrace doctor --json | jq .advice\nMILLRACE_ISA=ref millrace doctor");
  command->callback([json, &exit_code] { exit_code = run_doctor(*json); });
}

}  // namespace mr::app
