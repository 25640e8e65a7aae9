#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Sets of characters.
namespace mr::text::grammar {

inline constexpr std::uint32_t kLastCode = 0x10FFFF;

struct CodeRange {
  std::uint32_t first;
  std::uint32_t last;  ///< in it

  bool operator==(const CodeRange&) const = default;
};

/// Rising, no two touching, none of them surrogates.
using CodeSet = std::vector<CodeRange>;

/// Puts ranges, which may overlap, in order, and takes the surrogates out.
CodeSet in_order(std::vector<CodeRange> ranges);

CodeSet complement(const CodeSet& set);

bool contains(const CodeSet& set, std::uint32_t code);

/// Every character.
CodeSet all_codes();

/// Takes the first character off a text: U+FFFD and one byte where it is no UTF-8.
std::uint32_t take_code(std::string_view& text);

void append_utf8(std::string& out, std::uint32_t code);

}  // namespace mr::text::grammar
