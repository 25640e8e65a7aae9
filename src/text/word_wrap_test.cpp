#include "text/word_wrap.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace mr::text {
namespace {

/// The text in pieces of `n` bytes; more where a character has more.
std::string wrapped(std::string_view text, std::size_t width, std::size_t n) {
  WordWrap lines{.width = width};
  std::string out;
  while (!text.empty()) {
    std::size_t end = std::min(n, text.size());
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) ++end;
    out += wrap(lines, text.substr(0, end));
    text.remove_prefix(end);
  }
  return out + finish(lines);
}

TEST(WordWrap, BreaksBetweenWords) {
  // Python's textwrap.wrap of the same text at 20, but for the last line end.
  const std::string text =
      "The quick brown fox jumped over the lazy dog, and nobody saw it happen.\n";
  const std::string wanted =
      "The quick brown fox\njumped over the lazy\ndog, and nobody saw\nit happen.\n";
  for (const std::size_t n : {1UL, 2UL, 5UL, 100UL}) EXPECT_EQ(wanted, wrapped(text, 20, n)) << n;
}

TEST(WordWrap, KeepsLinesThatFitAsTheyAre) {
  const std::string text = "a  b\n\n    indented\n\ttab\nend ";
  for (const std::size_t n : {1UL, 3UL, 100UL}) {
    EXPECT_EQ("a  b\n\n    indented\n\ttab\nend", wrapped(text, 20, n)) << n;
  }
  EXPECT_EQ(text, wrapped(text, 0, 3));
}

TEST(WordWrap, BreaksWhatIsLongerThanALine) {
  for (const std::size_t n : {1UL, 4UL, 100UL}) {
    EXPECT_EQ("ab\nabcdefg\nhijk l", wrapped("ab abcdefghijk l", 7, n)) << n;
  }
}

TEST(WordWrap, CountsColumnsAndNotBytes) {
  EXPECT_EQ(4U, columns_of("gr\u00fc\u00df"));
  EXPECT_EQ(4U, columns_of("\u6f22\u5b57"));
  EXPECT_EQ(1U, columns_of("e\u0301"));
  EXPECT_EQ("\u00fc\u00fc \u00fc\u00fc\n\u00fc\u00fc",
            wrapped("\u00fc\u00fc \u00fc\u00fc \u00fc\u00fc", 5, 1));
  EXPECT_EQ("\u6f22\u5b57\n\u6f22\u5b57", wrapped("\u6f22\u5b57\u6f22\u5b57", 5, 1));
}

}  // namespace
}  // namespace mr::text
