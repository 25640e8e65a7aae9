#include "text/base64.h"

#include <array>
#include <cstdint>

namespace mr::text {
namespace {

constexpr std::array<std::int8_t, 256> make_digits() {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::int8_t, 256> digits{};
  digits.fill(-1);
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    digits[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
  }
  return digits;
}

constexpr auto kDigitOf = make_digits();

}  // namespace

bool append_base64(std::string& out, std::string_view text) {
  const std::size_t before = out.size();
  if (text.size() % 4 != 0) return false;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  text.remove_suffix(padding);
  std::uint32_t bits = 0;
  int n_bits = 0;
  for (const char c : text) {
    const int digit = kDigitOf[static_cast<unsigned char>(c)];
    if (digit < 0) {
      out.resize(before);
      return false;
    }
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    n_bits += 6;
    if (n_bits >= 8) {
      n_bits -= 8;
      out += static_cast<char>(bits >> n_bits);
    }
  }
  return true;
}

}  // namespace mr::text
