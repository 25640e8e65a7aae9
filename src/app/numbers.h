#pragma once
#include <cstdint>
#include <functional>
#include <string>

/// Checks of the texts that flags are given: each returns what is wrong, or nothing.
namespace mr::app {

/// Of a type as CLI11 names them: INT, UINT, FLOAT; any text does for others.
std::string check_number(const std::string& type, const std::string& text);

/// The check for integers from `least` to `most`.
std::function<std::string(const std::string&)> integers(std::int64_t least, std::int64_t most);

}  // namespace mr::app
