#pragma once
#include <span>
#include <string>
#include <string_view>

namespace mr::io {

bool starts_with(std::span<const std::byte> bytes, std::string_view magic);

/// What a file that is no model most likely is, by its first bytes: "a PNG image", "a zip archive
/// (a PyTorch checkpoint, which can run code, is not read)".
std::string describe_foreign(std::span<const std::byte> bytes);

}  // namespace mr::io
