#pragma once
#include <string>
#include <string_view>

namespace mr::text {

/// The text with U+FFFD for every byte that is part of no character: what JSON and terminals take.
std::string valid_utf8(std::string_view text);

}  // namespace mr::text
