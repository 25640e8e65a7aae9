#pragma once
#include <string>
#include <string_view>

namespace mr::text {

/// Bytes in base64 (RFC 4648, with padding).
std::string to_base64(std::string_view bytes);

/// Appends what a text in base64 (RFC 4648, with padding) stands for; false where it is none: then
/// `out` is as before.
bool append_base64(std::string& out, std::string_view text);

}  // namespace mr::text
