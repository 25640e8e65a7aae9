#include "app/manual.h"

#include <CLI/Option.hpp>
#include <algorithm>
#include <array>
#include <string_view>

namespace mr::app {
namespace {

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// Long names that llama.cpp has behind one dash, where program.cpp takes them too.
constexpr std::array<std::string_view, 13> kOneDash{"sys", "ub", "np", "ctk", "ctv", "hf", "md",
                                                    "cb",  "fa", "tb", "ngl", "jf",  "lv"};

std::string dashed(const std::string& long_name) {
  return (std::ranges::find(kOneDash, long_name) != kOneDash.end() ? "-" : "--") + long_name;
}

/// CLI11's names of types, as a person reads them.
std::string value_name(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  const std::string full = option.get_type_name();  // with what its checks say behind a colon
  std::string type = full.substr(0, full.find(':'));
  if (type == "INT" || type == "UINT") return "N";
  if (type == "FLOAT") return "X";
  return type;
}

FlagManual manual_of_flag(const CLI::Option& option) {
  FlagManual flag;
  for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flag.names.push_back(dashed(name));
  flag.place = option.get_name(true);
  flag.value = value_name(option);
  if (flag.value.find('|') != std::string::npos) flag.choices = split(flag.value, '|');
  flag.text = option.get_description();
  flag.default_value = option.get_default_str();
  flag.variable = variable_of(option);
  if (option.get_group() != "Options") flag.group = option.get_group();
  flag.required = option.get_required();
  return flag;
}

}  // namespace

std::string variable_of(const CLI::Option& option) {
  if (option.get_lnames().empty() || !option.get_configurable()) return "";
  std::string name = "MILLRACE_" + option.get_lnames().front();
  std::ranges::transform(name, name.begin(), [](char c) {
    if (c == '-') return '_';
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return name;
}

std::string joined(std::span<const std::string> words, const char* between) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

CommandManual manual_of(const CLI::App& command) {
  CommandManual manual{.name = command.get_name(),
                       .text = command.get_description(),
                       .examples = command.get_footer(),
                       .flags = {}};
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_group().empty()) manual.flags.push_back(manual_of_flag(*option));
  }
  std::ranges::stable_partition(manual.flags, [](const FlagManual& flag) {  // --help comes last
    return !flag.variable.empty() || !flag.place.empty();
  });
  return manual;
}

std::vector<CommandManual> manuals_of(const CLI::App& program) {
  std::vector<CommandManual> manuals;
  for (const CLI::App* command : program.get_subcommands([](const CLI::App*) { return true; })) {
    manuals.push_back(manual_of(*command));
  }
  return manuals;
}

}  // namespace mr::app
