#pragma once
#include <CLI/App.hpp>
#include <vector>

#include "app/config_file.h"

namespace mr::app {

/// Gives the flags of a command that the command line left alone what the environment says of them
/// (MILLRACE_CTX_SIZE for --ctx-size), else the settings, those of the command's own section
/// before those of none; a flag that takes one value takes the last. Nothing is given to a flag
/// that excludes another one which was set.
/// Throws CLI::ValidationError naming the variable or the line for values that the flag refuses.
void apply_sources(CLI::App& command, const std::vector<Setting>& settings);

/// Throws CLI::ValidationError for sections that are no commands, and keys that are no flags of
/// their command (or, where they stand in no section, of any).
void check_settings(const CLI::App& program, const std::vector<Setting>& settings);

}  // namespace mr::app
