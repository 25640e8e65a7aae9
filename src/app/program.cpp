#include "app/program.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "app/exit.h"
#include "app/flag_sources.h"
#include "app/help.h"
#include "app/numbers.h"
#include "app/usage_error.h"

namespace mr::app {
namespace {

/// Of a flag that is given twice the last counts; lists take all.
void settle(CLI::Option& option) {
  const std::string type = option.get_type_name();
  option.check([type](const std::string& text) {
    return check_number(type.substr(0, type.find(':')), text);
  });
  if (option.get_items_expected_max() == 1) {
    option.multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
}

/// The flags that must be set, in the words of an error. CLI11 itself no longer asks for them: it
/// would before the other sources are read.
std::vector<const CLI::Option*> take_required(CLI::App& command) {
  std::vector<const CLI::Option*> required;
  for (CLI::Option* option :
       command.get_options([](CLI::Option* o) { return o->nonpositional(); })) {
    if (!option->get_required()) continue;
    option->required(false)->description(option->get_description() + " (required)");
    required.push_back(option);
  }
  return required;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// Lets the flags of a command come from environment and config file too.
void open_sources(Program& program, CLI::App& command) {
  for (CLI::Option* option : command.get_options([](CLI::Option*) { return true; })) {
    settle(*option);
  }
  command
      .add_option("--config", program.config,
                  "Where flags have their defaults (default: ~/.config/millrace/config.toml)")
      ->type_name("FILE");
  command.parse_complete_callback([&program, &command, required = take_required(command)] {
    if (program.config.empty()) program.config = variable("MILLRACE_CONFIG");
    const auto settings = read_config(program.config);
    if (!settings) throw CLI::ValidationError(settings.error().message);
    check_settings(program.app, *settings);
    apply_sources(command, *settings);
    for (const CLI::Option* option : required) {
      if (option->count() > 0) continue;
      throw CLI::ValidationError(command.get_name(),
                                 "wanted " + option->get_name() + " " + option->get_type_name());
    }
  });
}

/// llama.cpp spells some names with two or three letters behind one dash: "-sys" for "--sys".
void spell_out(std::vector<std::string>& arguments, const CLI::App& program) {
  const auto commands = manuals_of(program);
  const auto command = std::ranges::find_first_of(commands, arguments, {}, &CommandManual::name);
  if (command == commands.end()) return;
  for (std::string& argument : arguments) {
    if (argument == "--") return;
    const std::string name = argument.substr(0, argument.find('='));
    if (name.size() < 3 || name[0] != '-' || name[1] == '-') continue;
    const auto has_name = [&](const FlagManual& flag) {
      return std::ranges::find(flag.names, name) != flag.names.end();
    };
    if (std::ranges::any_of(command->flags, has_name)) argument.insert(0, 1, '-');
  }
}

void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
}

void print_help(const CLI::App& app, bool all) {
  const auto parsed = app.get_subcommands();
  if (!parsed.empty()) return print(command_help(manual_of(*parsed.front()), all));
  print(program_help(app));
  if (!all) return;
  for (const CommandManual& command : manuals_of(app)) print("\n" + command_help(command, true));
}

}  // namespace

std::unique_ptr<Program> make_program(const std::string& version) {
  auto program = std::make_unique<Program>();
  CLI::App& app = program->app;
  app.set_help_flag("-h,--help", "This text")->configurable(false);
  app.set_help_all_flag("--help-all", "All flags, with their other names and variables");
  app.set_version_flag("--version", version, "Version, commit and levels")->configurable(false);
  app.require_subcommand(1);
  app.footer(
      "millrace run \"Once upon a time\"\n"
      "millrace run -m model.gguf -n 200 --temp 0 < question.txt\n"
      "millrace run --help-all");
  return program;
}

int run_program(Program& program, int argc, char** argv, const int& exit_code) {
  CLI::App& app = program.app;
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    open_sources(program, *command);
  }
  std::vector<std::string> arguments(argv + 1, argv + std::max(argc, 1));
  spell_out(arguments, app);
  std::ranges::reverse(arguments);  // as CLI11 takes them
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    print_help(app, false);
  } catch (const CLI::CallForAllHelp&) {
    print_help(app, true);
  } catch (const CLI::CallForVersion& version) {
    print(std::string(version.what()) + "\n");
  } catch (const CLI::ParseError& error) {
    return report({Fault::bad_request, usage_error(app, error)});
  }
  return exit_code;
}

}  // namespace mr::app
