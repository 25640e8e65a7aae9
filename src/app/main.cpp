#include <CLI/CLI.hpp>
#include <string>

#include "app/commands.h"
#include "app/exit.h"
#include "app/version.h"
#include "kern/level.h"

namespace {

/// Version, commit, and the levels with what this machine lacks for each.
std::string version_text() {
  std::string text = "millrace " + std::string(mr::app::kVersion) + " (" +
                     std::string(mr::app::kCommit) + ")\nlevels:";
  for (const mr::kern::LevelInfo& level : mr::kern::levels()) {
    text += std::string(" ") + level.name;
    if (!level.compiled) {
      text += " (not compiled in)";
    } else if (!level.missing.empty()) {
      text += " (not here: " + level.missing + ")";
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Millrace runs large language models on CPUs and GPUs.", "millrace");
  app.set_version_flag("--version", version_text());
  app.require_subcommand(1);
  int exit_code = mr::app::kOk;
  mr::app::add_run(app, exit_code);
  mr::app::add_perplexity(app, exit_code);
  mr::app::add_show(app, exit_code);
  mr::app::add_tokenize(app, exit_code);
  mr::app::add_template(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? mr::app::kOk : mr::app::kUsage;
  }
  return exit_code;
}
