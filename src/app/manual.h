#pragma once
#include <CLI/App.hpp>
#include <span>
#include <string>
#include <vector>

/// What the command line is, read from the declarations of its commands and flags; the help, the
/// completion scripts and the tables of the documentation are made from it.
namespace mr::app {

struct FlagManual {
  std::vector<std::string> names;    ///< "-m", "--model"; empty for what has only a place
  std::string place;                 ///< name of the positional argument, or empty
  std::string value;                 ///< what the flag takes, such as "FILE"; empty: nothing
  std::vector<std::string> choices;  ///< all that it may be, where that is a list
  std::string text;
  std::string default_value;
  std::string variable;  ///< the environment variable
  std::string group;     ///< empty: shown by --help
  bool required = false;
};

struct CommandManual {
  std::string name;
  std::string text;
  std::string examples;  ///< lines
  std::vector<FlagManual> flags;
};

/// MILLRACE_ and the first long name; empty where there is none, or that takes none.
std::string variable_of(const CLI::Option& option);

CommandManual manual_of(const CLI::App& command);

std::string joined(std::span<const std::string> words, const char* between = " ");

/// Of all commands, in their order.
std::vector<CommandManual> manuals_of(const CLI::App& program);

}  // namespace mr::app
