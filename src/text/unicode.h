#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Code points, their classes and their normal forms (Unicode 15, from utf8proc).
namespace mr::text {

constexpr std::uint32_t kInvalidCodePoint = 0xFFFFFFFFU;

/// One decoded character. A byte that starts no valid sequence is a character of its own, with
/// the code point `kInvalidCodePoint`, so that every text can be walked and nothing is lost.
struct CodePoint {
  std::uint32_t value = kInvalidCodePoint;
  std::uint32_t bytes = 1;
};

/// The character at `p`, p < end.
CodePoint decode_multibyte(const char* p, const char* end);
inline CodePoint decode(const char* p, const char* end) {
  const auto byte = static_cast<unsigned char>(*p);
  if (byte < 0x80) return {byte, 1};
  return decode_multibyte(p, end);
}

/// Appends the UTF-8 form of a valid code point.
void append_utf8(std::string& out, std::uint32_t code_point);

/// Classes as bits, so that one test covers a set of them.
using Classes = std::uint16_t;
constexpr Classes kUpper = 1;         // Lu
constexpr Classes kTitle = 2;         // Lt
constexpr Classes kLower = 4;         // Ll
constexpr Classes kModifier = 8;      // Lm
constexpr Classes kOtherLetter = 16;  // Lo
constexpr Classes kMark = 32;         // Mn Mc Me
constexpr Classes kNumber = 64;       // Nd Nl No
constexpr Classes kPunct = 128;       // P*
constexpr Classes kSymbol = 256;      // S*
constexpr Classes kSpace = 512;       // White_Space, without the two below
constexpr Classes kNewline = 1024;    // \r \n
constexpr Classes kHan = 2048;        // Script=Han, beside its general category
constexpr Classes kLetter = kUpper | kTitle | kLower | kModifier | kOtherLetter;
constexpr Classes kAnySpace = kSpace | kNewline;

extern const std::array<Classes, 128> kAsciiClasses;
Classes classify_wide(std::uint32_t code_point);

/// The classes of a code point; 0 for what is in none of them (controls, unassigned, invalid).
inline Classes classify(std::uint32_t code_point) {
  return code_point < 128 ? kAsciiClasses[code_point] : classify_wide(code_point);
}

/// What Rust's \w takes: alphabetic characters, marks, digits, connectors and joiners.
bool is_word_character(std::uint32_t code_point);

enum class NormalForm : std::uint8_t { nfc, nfd, nfkc, nfkd };

/// Appends `text` in a normal form; invalid bytes pass unchanged.
/// Cost: linear but for a sort of each run of combining marks.
void normalize(std::string& out, std::string_view text, NormalForm form);

/// Appends `text` in lower case (full mapping of single characters, no context).
void lower(std::string& out, std::string_view text);

}  // namespace mr::text
