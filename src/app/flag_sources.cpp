#include "app/flag_sources.h"

#include <CLI/Option.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>

#include "app/manual.h"
#include "base/nearest.h"
#include "base/quote.h"

namespace mr::app {
namespace {

using Values = std::vector<std::string>;

bool is_set(const CLI::Option& option) {
  return option.count() > 0;
}

bool is_excluded(const CLI::Option& option) {
  return std::ranges::any_of(option.get_excludes(),
                             [](const CLI::Option* other) { return is_set(*other); });
}

/// Whether a value turns a flag on. Throws for what is neither yes nor no.
bool truth(const std::string& where, const std::string& value) {
  constexpr std::array<std::string_view, 5> kYes{"1", "true", "on", "yes", "enabled"};
  constexpr std::array<std::string_view, 5> kNo{"0", "false", "off", "no", "disabled"};
  if (std::ranges::find(kYes, value) != kYes.end()) return true;
  if (std::ranges::find(kNo, value) != kNo.end()) return false;
  throw CLI::ValidationError(where, "wanted true or false, found " + quote(value));
}

void put(CLI::Option& option, const std::string& where, const Values& values) {
  const bool is_switch = option.get_items_expected_max() == 0;
  for (const std::string& value : values) {
    if (!is_switch) {
      option.add_result(value);
    } else if (truth(where, value)) {
      option.add_result("true");
    }
  }
  try {
    if (is_set(option)) option.run_callback();
  } catch (const CLI::ParseError& error) {
    throw CLI::ValidationError(where, error.what());
  }
}

bool has_name(const CLI::Option& option, const std::string& key) {
  return option.get_configurable() && option.check_lname(key);
}

const Setting* find(const CLI::Option& option, const std::string& section,
                    const std::vector<Setting>& settings) {
  const Setting* last = nullptr;
  for (const Setting& setting : settings) {
    if (setting.section == section && has_name(option, setting.key)) last = &setting;
  }
  return last;
}

bool knows(const CLI::App& command, const std::string& key) {
  return !command.get_options([&](const CLI::Option* option) { return has_name(*option, key); })
              .empty();
}

Values keys_of(const CLI::App& command) {
  Values keys;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_configurable()) continue;
    keys.insert(keys.end(), option->get_lnames().begin(), option->get_lnames().end());
  }
  return keys;
}

std::vector<const CLI::App*> commands_of(const CLI::App& program) {
  return program.get_subcommands([](const CLI::App*) { return true; });
}

[[noreturn]] void refuse(const Setting& setting, const std::string& what, const std::string& found,
                         const Values& names) {
  throw CLI::ValidationError(setting.where,
                             "no such " + what + ": " + quote(found) + did_you_mean(found, names));
}

}  // namespace

void apply_sources(CLI::App& command, const std::vector<Setting>& settings) {
  for (CLI::Option* option : command.get_options([](CLI::Option*) { return true; })) {
    const std::string variable = variable_of(*option);
    if (variable.empty() || is_set(*option) || is_excluded(*option)) continue;
    const char* value = std::getenv(variable.c_str());
    if (value != nullptr && *value != '\0') {
      put(*option, variable, {value});
      continue;
    }
    const Setting* setting = find(*option, command.get_name(), settings);
    if (setting == nullptr) setting = find(*option, "", settings);
    if (setting != nullptr) put(*option, setting->where, setting->values);
  }
}

void check_settings(const CLI::App& program, const std::vector<Setting>& settings) {
  const auto commands = commands_of(program);
  Values names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  for (const Setting& setting : settings) {
    Values keys;
    bool known_section = setting.section.empty();
    bool known_key = false;
    for (const CLI::App* command : commands) {
      if (!setting.section.empty() && command->get_name() != setting.section) continue;
      known_section = true;
      known_key = known_key || knows(*command, setting.key);
      const Values more = keys_of(*command);
      keys.insert(keys.end(), more.begin(), more.end());
    }
    if (!known_section) refuse(setting, "command", setting.section, names);
    if (!known_key) refuse(setting, "flag", setting.key, keys);
  }
}

}  // namespace mr::app
