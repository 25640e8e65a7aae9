#include "text/word_wrap.h"

#include <utf8proc.h>

#include <algorithm>

#include "base/utf8.h"

namespace mr::text {
namespace {

constexpr std::size_t kTab = 8;

/// Shows the word, on the next line where this one has no room for it.
void place_word(WordWrap& lines, std::string& out) {
  if (lines.word.empty()) return;
  const std::size_t n_word = columns_of(lines.word);
  std::size_t column = lines.column;
  for (const char c : lines.blank) column = c == '\t' ? (column / kTab + 1) * kTab : column + 1;
  if (lines.column > 0 && column + n_word > lines.width) {
    out += '\n';
    column = 0;
  } else {
    out += lines.blank;
  }
  out += lines.word;
  lines.column = column + n_word;
  lines.blank.clear();
  lines.word.clear();
}

}  // namespace

std::size_t columns_of(std::string_view text) {
  std::size_t n = 0;
  while (!text.empty()) {
    const std::size_t n_bytes = std::max<std::size_t>(utf8_sequence(text), 1);
    utf8proc_int32_t code = 0;
    utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                     static_cast<utf8proc_ssize_t>(n_bytes), &code);
    n += code < 0 ? 1 : static_cast<std::size_t>(std::max(utf8proc_charwidth(code), 0));
    text.remove_prefix(n_bytes);
  }
  return n;
}

std::string wrap(WordWrap& lines, std::string_view piece) {
  if (lines.width == 0) return std::string(piece);
  std::string out;
  while (!piece.empty()) {
    const std::size_t n_bytes = std::max<std::size_t>(utf8_sequence(piece), 1);
    const std::string_view character = piece.substr(0, n_bytes);
    piece.remove_prefix(n_bytes);
    if (character == "\n") {
      place_word(lines, out);
      out += lines.blank + '\n';
      lines.blank.clear();
      lines.column = 0;
    } else if (character == " " || character == "\t") {
      place_word(lines, out);
      lines.blank += character;
    } else {
      if (columns_of(lines.word) + columns_of(character) > lines.width) place_word(lines, out);
      lines.word += character;
    }
  }
  return out;
}

std::string finish(WordWrap& lines) {
  std::string out;
  place_word(lines, out);
  lines = {.width = lines.width};
  return out;
}

}  // namespace mr::text
