#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "app/choice.h"
#include "app/commands.h"
#include "app/completion.h"
#include "app/exit.h"
#include "app/help.h"

namespace mr::app {
namespace {

using Writer = std::string (*)(std::span<const CommandManual>);

int write_out(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return kOk;
  return report({Fault::failed, "cannot write to standard output"});
}

}  // namespace

void add_completion(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("completion", "A script by which a shell completes");
  const auto write = std::make_shared<Writer>();
  add_choice<Writer>(*command, "shell", *write,
                     {{"bash", bash_completion},
                      {"zsh", zsh_completion},
                      {"fish", fish_completion},
                      {"markdown", flag_tables}},
                     "For which shell; markdown: a page of all flags")
      ->required();
  command->footer(
      "source <(millrace completion bash)\n"
      "source <(millrace completion zsh)\n"
      "millrace completion fish > ~/.config/fish/completions/millrace.fish");
  command->callback(
      [&app, write, &exit_code] { exit_code = write_out((*write)(manuals_of(app))); });
}

}  // namespace mr::app
