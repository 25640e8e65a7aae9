#include "text/terminal_text.h"

#include <gtest/gtest.h>

namespace mr::text {
namespace {

TEST(TerminalText, ControlCharactersBecomePictures) {
  EXPECT_EQ("plain \xC3\xA4 \xF0\x9F\x8C\xB3\n\tnext",
            terminal_text("plain \xC3\xA4 \xF0\x9F\x8C\xB3\n\tnext"));
  EXPECT_EQ("\u241B[31mred\u241B]0;title\u2407", terminal_text("\x1B[31mred\x1B]0;title\a"));
  EXPECT_EQ("\u240D\u2400\u2421", terminal_text(std::string("\r\0\x7F", 3)));
  EXPECT_EQ("\uFFFD31m \u00A0", terminal_text("\xC2\x9B"
                                              "31m \xC2\xA0"));
}

TEST(TerminalText, NothingOfC0C1IsLeft) {
  for (unsigned code = 0; code < 0xA0; ++code) {
    if (code == '\n' || code == '\t' || (code >= ' ' && code < 0x7F)) continue;
    std::string text;
    if (code >= 0x80) text += '\xC2';
    text += static_cast<char>(code);
    const std::string shown = terminal_text(text);
    EXPECT_EQ(3U, shown.size()) << code;
    EXPECT_EQ('\xE2', shown[0] == '\xEF' ? '\xE2' : shown[0]) << code;
  }
}

}  // namespace
}  // namespace mr::text
