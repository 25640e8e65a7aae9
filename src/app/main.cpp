#include <string>

#include "app/commands.h"
#include "app/exit.h"
#include "app/program.h"
#include "app/standard_streams.h"
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
  mr::app::keep_standard_streams();
  const auto program = mr::app::make_program(version_text());
  int exit_code = mr::app::kOk;
  mr::app::add_run(program->app, exit_code);
  mr::app::add_chat(program->app, exit_code);
  mr::app::add_serve(program->app, exit_code);
  mr::app::add_batch(program->app, exit_code);
  mr::app::add_loadtest(program->app, exit_code);
  mr::app::add_perplexity(program->app, exit_code);
  mr::app::add_bench(program->app, exit_code);
  mr::app::add_spec_bench(program->app, exit_code);
  mr::app::add_rest_index(program->app, exit_code);
  mr::app::add_plan(program->app, exit_code);
  mr::app::add_list(program->app, exit_code);
  mr::app::add_show(program->app, exit_code);
  mr::app::add_tokenize(program->app, exit_code);
  mr::app::add_template(program->app, exit_code);
  mr::app::add_doctor(program->app, exit_code);
  mr::app::add_completion(program->app, exit_code);
  return mr::app::run_program(*program, argc, argv, exit_code);
}
