#pragma once
#include <string>
#include <string_view>

namespace mr {

/// A piece of text that a file or a client sent, fit for an error message: in quotes, on one line,
/// printable ASCII only (the rest as \xHH), and cut after 96 bytes.
inline std::string quote(std::string_view text) {
  constexpr std::size_t kShown = 96;
  constexpr const char* kHex = "0123456789abcdef";
  std::string out = "'";
  for (const char c : text.substr(0, kShown)) {
    if (c >= ' ' && c <= '~' && c != '\\' && c != '\'') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15U]};
    }
  }
  out += text.size() > kShown ? "...'" : "'";
  return out;
}

}  // namespace mr
