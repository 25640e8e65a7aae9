#include "text/byte_level.h"

#include <array>
#include <cstdint>

#include "text/unicode.h"

namespace mr::text {
namespace {

constexpr std::size_t kCharacters = 0x144;

/// The byte of each character of GPT-2's alphabet, or -1.
constexpr std::array<std::int16_t, kCharacters> make_bytes() {
  std::array<std::int16_t, kCharacters> bytes{};
  bytes.fill(-1);
  std::size_t next = 256;
  for (std::int16_t b = 0; b < 256; ++b) {
    const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    bytes[printable ? static_cast<std::size_t>(b) : next++] = b;
  }
  return bytes;
}

constexpr auto kBytes = make_bytes();

}  // namespace

bool append_unmapped(std::string& out, std::string_view piece) {
  const std::size_t before = out.size();
  const char* const end = piece.data() + piece.size();
  for (const char* p = piece.data(); p < end;) {
    const CodePoint c = decode(p, end);
    if (c.value >= kCharacters || kBytes[c.value] < 0) {
      out.resize(before);
      return false;
    }
    out += static_cast<char>(kBytes[c.value]);
    p += c.bytes;
  }
  return true;
}

}  // namespace mr::text
