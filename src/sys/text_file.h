#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"

namespace mr::sys {

/// The text of a small file, of /proc too, whose files have no size before they are read.
/// Errors: failed, naming the file: not readable, or more than `most_bytes`.
Expected<std::string> read_text(const std::string& path, std::size_t most_bytes = 1 << 20);

/// Takes the first line off `text` and returns it without its end: `while (!text.empty())`.
std::string_view take_line(std::string_view& text);

}  // namespace mr::sys
