#include "app/usage_error.h"

#include <algorithm>
#include <string_view>

#include "app/manual.h"
#include "base/nearest.h"
#include "base/quote.h"

namespace mr::app {
namespace {

bool is_flag(std::string_view argument) {
  return argument.size() > 1 && argument.front() == '-';
}

std::string about_command(const CLI::App& program, std::string_view found) {
  std::vector<std::string> names;
  for (const CommandManual& command : manuals_of(program)) names.push_back(command.name);
  if (found.empty()) return "wanted a command; millrace --help lists them";
  const std::string hint = did_you_mean(found, names);
  return "no such command: " + quote(found) +
         (hint.empty() ? "; millrace --help lists them" : hint);
}

std::string about_flag(const CLI::App& command, const std::string& argument) {
  const std::string found = argument.substr(0, argument.find('='));
  std::vector<std::string> names;
  for (const FlagManual& flag : manual_of(command).flags) {
    names.insert(names.end(), flag.names.begin(), flag.names.end());
  }
  const std::string hint = did_you_mean(found, names);
  const std::string& name = command.get_name();
  const std::string help = (name == "millrace" ? name : "millrace " + name) + " --help";
  return "no such flag: " + quote(found) + (hint.empty() ? "; " + help + " lists them" : hint);
}

}  // namespace

std::string usage_error(const CLI::App& program, const CLI::ParseError& error) {
  const auto parsed = program.get_subcommands();
  const CLI::App& command = parsed.empty() ? program : *parsed.front();
  const std::vector<std::string> extra = command.remaining();
  const auto flag = std::ranges::find_if(extra, is_flag);
  if (flag != extra.end()) return about_flag(command, *flag);
  if (parsed.empty()) return about_command(program, extra.empty() ? "" : extra.front());
  if (!extra.empty()) return "one argument too many: " + quote(extra.front());
  std::string what = error.what();
  if (error.get_name() != "ArgumentMismatch") return what;
  return what.substr(0, what.find(':')) + ": wanted a value, found none";
}

}  // namespace mr::app
