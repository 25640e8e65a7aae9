#pragma once
#include <string>
#include <string_view>

namespace mr::text {

/// A UTF-8 text that cannot steer a terminal: of the control characters only line ends and tabs are
/// left, the others become the pictures that Unicode has of them, or U+FFFD.
std::string terminal_text(std::string_view text);

}  // namespace mr::text
