#pragma once
#include <span>
#include <string>

#include "app/manual.h"

namespace mr::app {

/// `millrace --help`: the commands, in at most 24 lines of 80 columns.
std::string program_help(const CLI::App& program);

/// `millrace COMMAND --help`: the flags that most use, in at most 24 lines of 80 columns; with
/// `all` the rest too, by groups, with their other names, defaults and environment variables.
std::string command_help(const CommandManual& command, bool all);

/// The flags of all commands as tables of Markdown.
std::string flag_tables(std::span<const CommandManual> commands);

}  // namespace mr::app
