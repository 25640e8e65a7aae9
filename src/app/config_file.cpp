#include "app/config_file.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/quote.h"
#include "sys/text_file.h"

namespace mr::app {
namespace {

constexpr std::string_view kSpace = " \t\r";

void skip_space(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(kSpace)));
}

std::string_view trimmed(std::string_view text) {
  skip_space(text);
  return text.substr(0, text.find_last_not_of(kSpace) + 1);
}

bool ends_value(std::string_view rest) {
  return rest.empty() || rest.front() == '#' || rest.front() == ';';
}

/// Takes the rest of a quoted value, the quote before it being gone.
Expected<std::string> take_quoted(std::string_view& rest, char quote) {
  std::string value;
  while (!rest.empty() && rest.front() != quote) {
    char c = rest.front();
    rest.remove_prefix(1);
    if (c == '\\' && quote == '"') {
      constexpr std::string_view kNames = "nt\\\"";
      constexpr std::string_view kMeant = "\n\t\\\"";
      const std::size_t i = rest.empty() ? kNames.npos : kNames.find(rest.front());
      if (i == kNames.npos) return fail(Fault::bad_request, R"(wanted \n, \t, \\ or \" after \)");
      c = kMeant[i];
      rest.remove_prefix(1);
    }
    value += c;
  }
  if (rest.empty()) return fail(Fault::bad_request, std::string("wanted a closing ") + quote);
  rest.remove_prefix(1);
  return value;
}

/// Takes one value; a bare one ends before any of `ends`.
Expected<std::string> take_value(std::string_view& rest, std::string_view ends) {
  skip_space(rest);
  if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
    const char quote = rest.front();
    rest.remove_prefix(1);
    MR_TRY(std::string value, take_quoted(rest, quote));
    skip_space(rest);
    return value;
  }
  const std::string_view bare = rest.substr(0, rest.find_first_of(ends));
  rest.remove_prefix(bare.size());
  const std::string_view value = trimmed(bare);
  if (value.empty()) return fail(Fault::bad_request, "wanted a value");
  return std::string(value);
}

/// Takes the rest of a list, the [ before it being gone.
Expected<std::vector<std::string>> take_list(std::string_view& rest) {
  std::vector<std::string> values;
  skip_space(rest);
  while (!rest.starts_with(']')) {
    MR_TRY(values.emplace_back(), take_value(rest, ",]"));
    if (rest.empty()) return fail(Fault::bad_request, "wanted , or ] in a list");
    if (rest.front() == ']') break;
    if (rest.front() != ',') return fail(Fault::bad_request, "wanted , or ] in a list");
    rest.remove_prefix(1);
    skip_space(rest);
  }
  rest.remove_prefix(1);
  skip_space(rest);
  return values;
}

Expected<std::vector<std::string>> parse_values(std::string_view rest) {
  std::vector<std::string> values;
  skip_space(rest);
  if (rest.starts_with('[')) {
    rest.remove_prefix(1);
    MR_TRY(values, take_list(rest));
  } else {
    MR_TRY(values.emplace_back(), take_value(rest, "#;"));
  }
  if (ends_value(rest)) return values;
  return fail(Fault::bad_request, "wanted the end of the line, found " + quote(rest));
}

/// A name of a section or flag: letters, digits, - and _.
Expected<std::string> name_of(std::string_view text) {
  std::string name(trimmed(text));
  std::ranges::replace(name, '_', '-');
  const bool lawful = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
  if (lawful && !name.empty()) return name;
  return fail(Fault::bad_request, "wanted FLAG = VALUE or [COMMAND], found " + quote(text));
}

/// Takes in one line: a section, a setting, or nothing.
Expected<void> parse_line(std::string_view line, std::string& section, std::vector<Setting>& to) {
  line = trimmed(line);
  if (ends_value(line)) return {};
  if (line.front() == '[') {
    const std::size_t end = line.find(']');
    if (end == line.npos || !ends_value(trimmed(line.substr(end + 1)))) {
      return fail(Fault::bad_request, "wanted [COMMAND], found " + quote(line));
    }
    MR_TRY(section, name_of(line.substr(1, end - 1)));
    return {};
  }
  const std::size_t equal = line.find('=');
  Setting setting{.section = section, .key = {}, .values = {"true"}, .where = {}};
  MR_TRY(setting.key, name_of(line.substr(0, std::min(equal, line.find_first_of("#;")))));
  if (equal != line.npos) {
    MR_TRY(setting.values, parse_values(line.substr(equal + 1)));
  }
  to.push_back(std::move(setting));
  return {};
}

std::string default_path() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value != nullptr ? value : "");
  };
  const std::string xdg = variable("XDG_CONFIG_HOME");
  const std::string folder = xdg.empty() ? variable("HOME") + "/.config" : xdg;
  for (const char* name : {"/millrace/config.toml", "/millrace/config.ini"}) {
    std::error_code error;
    if (std::filesystem::exists(folder + name, error)) return folder + name;
  }
  return "";
}

}  // namespace

Expected<std::vector<Setting>> parse_config(std::string_view text, const std::string& name) {
  std::vector<Setting> settings;
  std::string section;
  for (int number = 1; !text.empty(); ++number) {
    const std::string where = name + ":" + std::to_string(number);
    const std::size_t before = settings.size();
    auto parsed = parse_line(sys::take_line(text), section, settings);
    if (!parsed) return fail_at(where, std::move(parsed.error()));
    if (settings.size() > before) settings.back().where = where;
  }
  return settings;
}

Expected<std::vector<Setting>> read_config(const std::string& path) {
  const std::string file = path.empty() ? default_path() : path;
  if (file.empty()) return std::vector<Setting>{};
  auto text = sys::read_text(file);
  if (!text) return fail(Fault::bad_request, std::move(text.error().message));
  return parse_config(*text, file);
}

}  // namespace mr::app
