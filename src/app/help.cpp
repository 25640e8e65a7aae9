#include "app/help.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace mr::app {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kTextColumn = 28;

/// Text behind a name, broken between words so that it ends before column 80.
std::string entry(std::string name, const std::string& text) {
  std::string out = "  " + std::move(name);
  std::size_t column = out.size();
  if (column + 2 > kTextColumn) {
    out += '\n';
    column = 0;
  }
  out.append(kTextColumn - column, ' ');
  column = kTextColumn;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::size_t n = end - begin;
    if (column > kTextColumn && column + 1 + n > kWidth) {
      out += "\n" + std::string(kTextColumn, ' ');
      column = kTextColumn;
    } else if (column > kTextColumn) {
      out += ' ';
      ++column;
    }
    out.append(text, begin, n);
    column += n;
    begin = end + 1;
  }
  return out + "\n";
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

/// The short name and the first long one, or all.
std::string shown_names(const FlagManual& flag, bool all) {
  std::vector<std::string> names = flag.names;
  if (!all) {
    const auto is_long = [](const std::string& name) { return name.starts_with("--"); };
    const auto first = std::ranges::find_if(names, is_long);
    if (first != names.end()) names.erase(first + 1, names.end());
  }
  return joined(names, ", ");
}

std::string text_of_flag(const FlagManual& flag, bool all) {
  std::string text = flag.text;
  if (!flag.default_value.empty()) text += " [" + flag.default_value + "]";
  if (all && !flag.variable.empty()) text += " (env: " + flag.variable + ")";
  return text;
}

std::string flag_entry(const FlagManual& flag, bool all) {
  if (flag.names.empty()) return entry(upper(flag.place), text_of_flag(flag, all));
  std::string name = shown_names(flag, all);
  if (!flag.value.empty()) name += " " + flag.value;
  return entry(std::move(name), text_of_flag(flag, all));
}

std::string usage(const CommandManual& command) {
  std::string out = "usage: millrace " + command.name;
  if (!command.flags.empty()) out += " [flags]";
  for (const FlagManual& flag : command.flags) {
    if (flag.place.empty()) continue;
    out += flag.required ? " " + upper(flag.place) : " [" + upper(flag.place) + "]";
  }
  return out + "\n";
}

std::string examples(const std::string& lines) {
  if (lines.empty()) return "";
  std::string out = "\nexamples\n  ";
  for (const char c : lines) out += c == '\n' ? "\n  " : std::string(1, c);
  return out + "\n";
}

/// The groups in the order of their first flags.
std::vector<std::string> groups_of(const CommandManual& command) {
  std::vector<std::string> groups;
  for (const FlagManual& flag : command.flags) {
    if (flag.group.empty() || std::ranges::find(groups, flag.group) != groups.end()) continue;
    groups.push_back(flag.group);
  }
  return groups;
}

/// Whether every command has this flag: the short help leaves it out.
bool is_everywhere(const FlagManual& flag) {
  constexpr std::array<std::string_view, 3> kNames{"--help", "--help-all", "--config"};
  return std::ranges::find_first_of(flag.names, kNames) != flag.names.end();
}

std::string flags_of_group(const CommandManual& command, const std::string& group, bool all) {
  std::string out;
  for (const FlagManual& flag : command.flags) {
    if (flag.group == group && (all || !is_everywhere(flag))) out += flag_entry(flag, all);
  }
  return out;
}

/// A cell of a table, where | would end it.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? "\\|" : c == '\n' ? "\\n" : std::string(1, c);
  return out;
}

std::string code(const std::string& text) {
  return text.empty() ? "" : "`" + cell(text) + "`";
}

}  // namespace

std::string program_help(const CLI::App& program) {
  std::string out =
      "usage: millrace COMMAND [flags]; --version; COMMAND --help: flags, --help-all\n\n";
  for (const CommandManual& command : manuals_of(program)) out += entry(command.name, command.text);
  return out + examples(program.get_footer());
}

std::string command_help(const CommandManual& command, bool all) {
  std::string out = command.text + "\n" + usage(command) + "\n";
  out += flags_of_group(command, "", all);
  const std::vector<std::string> groups = groups_of(command);
  for (const std::string& group : groups) {
    if (all) out += "\n" + group + "\n" + flags_of_group(command, group, all);
  }
  if (!all) {
    const std::string rest = groups.empty() ? "names, variables" : joined(groups, ", ");
    out += "\n" + entry("--help-all", "Also " + rest);
  }
  return out + examples(command.examples);
}

std::string flag_tables(std::span<const CommandManual> commands) {
  std::string out;
  for (const CommandManual& command : commands) {
    out += "\n## " + command.name + "\n\n" + command.text + ".\n\n";
    out += "| flag | value | default | what it does | environment |\n|---|---|---|---|---|\n";
    for (const FlagManual& flag : command.flags) {
      std::string names = code(flag.names.empty() ? upper(flag.place) : joined(flag.names, "` `"));
      out += "| " + names + " | " + cell(flag.value) + " | " + code(flag.default_value) + " | " +
             cell(flag.text) + " | " + code(flag.variable) + " |\n";
    }
  }
  return out;
}

}  // namespace mr::app
