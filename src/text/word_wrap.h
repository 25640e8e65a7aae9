#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace mr::text {

/// Breaks the lines of a text that comes in pieces, between its words.
struct WordWrap {
  std::size_t width = 0;   ///< columns of a line; 0: lines stay as they are
  std::size_t column = 0;  ///< of the line under way
  std::string blank = {};  ///< white space behind it that no word has followed yet
  std::string word = {};   ///< that has not ended
};

/// The columns that a UTF-8 text takes on a terminal, line ends and tabs not counted.
std::size_t columns_of(std::string_view text);

/// Takes in a piece of UTF-8, whole characters, and gives what can be shown of the text so far: a
/// word once it has ended. One that is longer than a line is broken where the line ends.
std::string wrap(WordWrap& lines, std::string_view piece);

/// What was held back. The next piece begins a line.
std::string finish(WordWrap& lines);

}  // namespace mr::text
