#pragma once
#include <CLI/App.hpp>
#include <string>

namespace mr::app {

/// One line that says what is wrong with a command line: what was wanted, what was found, and the
/// command or flag that was probably meant.
std::string usage_error(const CLI::App& program, const CLI::ParseError& error);

}  // namespace mr::app
