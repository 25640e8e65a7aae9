#pragma once
#include <string>
#include <string_view>

namespace mr::text {

/// Appends the bytes that a piece of a byte-level vocabulary stands for; GPT-2 writes every byte
/// as a printable character. False where a character stands for none: then `out` is as before.
bool append_unmapped(std::string& out, std::string_view piece);

}  // namespace mr::text
