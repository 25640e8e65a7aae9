#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mr::app {

/// One line of a config file.
struct Setting {
  std::string section;  ///< the command that it is for; empty: all that have such a flag
  std::string key;      ///< a flag without its dashes, "_" as "-"
  std::vector<std::string> values;
  std::string where;  ///< "FILE:LINE"
};

/// The settings of a text in the common part of INI and TOML: `[command]`, `flag = value`,
/// `flag = ["one", "two"]`, a bare `flag`, and comments after # or ;. Values may stand in quotes,
/// of which the double ones know \n, \t, \\ and \".
/// Errors: bad_request naming `name` and the line.
Expected<std::vector<Setting>> parse_config(std::string_view text, const std::string& name);

/// The settings of the file; without a name those of config.toml or config.ini in
/// $XDG_CONFIG_HOME/millrace (~/.config/millrace), or none where there is no such file.
/// Errors: bad_request, naming the file.
Expected<std::vector<Setting>> read_config(const std::string& path);

}  // namespace mr::app
