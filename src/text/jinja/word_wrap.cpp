#include "text/jinja/word_wrap.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "text/jinja/escape.h"
#include "text/jinja/text_ops.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

using Line = std::u32string_view;

std::u32string to_chars(std::string_view text) {
  std::u32string chars;
  for (std::size_t at = 0; at < text.size();) chars += next_char(text, at);
  return chars;
}

/// The whitespace that separates words; characters of other alphabets do not.
bool separates(char32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_letter(Line line, std::size_t i) {
  return i < line.size() && is_word(line[i]) && !is_decimal(line[i]);
}

bool is_dash(Line line, std::size_t i) {
  return i < line.size() && line[i] == '-';
}

/// Whether a dash of several dashes, with a word on either side, is at `i`; where it ends, or 0.
std::size_t end_of_dash(Line line, std::size_t i) {
  if (i == 0 || !is_dash(line, i) || !is_dash(line, i + 1)) return 0;
  const char32_t before = line[i - 1];
  const bool punctuated =
      before < 0x80 &&
      std::string_view("!\"'&.,?").find(static_cast<char>(before)) != std::string_view::npos;
  if (!is_word(before) && !punctuated) return 0;
  while (is_dash(line, i)) ++i;
  return i < line.size() && is_word(line[i]) ? i : 0;
}

/// Whether a word can be cut behind the hyphen at `i`: two letters on either side of it, one of
/// them behind another hyphen perhaps.
bool cuts_word(Line line, std::size_t i) {
  if (!is_dash(line, i) || i < 2 || !is_letter(line, i - 1)) return false;
  const bool before =
      is_letter(line, i - 2) || (i >= 3 && is_dash(line, i - 2) && is_letter(line, i - 3));
  const bool behind = is_letter(line, i + 2) || (is_dash(line, i + 2) && is_letter(line, i + 3));
  return before && is_letter(line, i + 1) && behind;
}

/// Where the piece that starts at `begin` ends: a run of whitespace, a dash, a word or a part of
/// one.
std::size_t end_of_piece(Line line, std::size_t begin, bool split_hyphens) {
  const std::size_t n = line.size();
  std::size_t at = begin;
  if (separates(line[begin])) {
    while (at < n && separates(line[at])) ++at;
    return at;
  }
  const std::size_t dash = split_hyphens ? end_of_dash(line, begin) : 0;
  if (dash != 0) return dash;
  for (++at; at < n && !separates(line[at]); ++at) {
    if (!split_hyphens) continue;
    if (cuts_word(line, at)) return at + 1;
    if (end_of_dash(line, at) != 0) return at;
  }
  return at;
}

/// Where to cut a piece that is longer than the `room` left for it.
std::size_t cut(Line line, Range piece, std::size_t room, const WrapStyle& style) {
  const std::size_t end = piece.begin + room;
  if (!style.prefer_hyphens) return end;
  std::size_t hyphen = end;
  while (hyphen > piece.begin && !is_dash(line, hyphen - 1)) --hyphen;
  for (std::size_t i = piece.begin; i + 1 < hyphen; ++i) {
    if (!is_dash(line, i)) return hyphen;
  }
  return end;
}

/// A line being cut into rows.
struct Wrapping {
  Line line;
  const WrapStyle& style;
  Range piece = {};       ///< the next one; what a cut leaves of it is one as well
  std::size_t solid = 0;  ///< no character from the piece on to this one is anything but whitespace
  bool first = true;      ///< there is no row yet
};

void move_on(Wrapping& wrapping) {
  Range& piece = wrapping.piece;
  piece.begin = piece.end;
  if (piece.begin == wrapping.line.size()) return;
  piece.end = end_of_piece(wrapping.line, piece.begin, wrapping.style.split_hyphens);
}

/// Whether the piece has nothing but whitespace before `end`.
bool is_blank(Wrapping& wrapping, std::size_t end) {
  std::size_t& solid = wrapping.solid;
  solid = std::max(solid, wrapping.piece.begin);
  while (solid < end && is_space(wrapping.line[solid])) ++solid;
  return solid >= end;
}

/// The characters of the next row, or none where nothing is left for one.
Range next_row(Wrapping& wrapping) {
  const std::size_t n = wrapping.line.size();
  const auto width = static_cast<std::size_t>(wrapping.style.width);
  Range& piece = wrapping.piece;
  if (!wrapping.first && is_blank(wrapping, piece.end)) move_on(wrapping);
  Range row{piece.begin, piece.begin};
  std::size_t solid_end = row.begin;  // without a last piece of whitespace
  while (piece.begin < n && piece.end - row.begin <= width) {
    row.end = piece.end;
    solid_end = is_blank(wrapping, piece.end) ? piece.begin : piece.end;
    move_on(wrapping);
  }
  if (piece.begin < n && piece.end - piece.begin > width) {
    if (wrapping.style.break_words) {
      row.end = cut(wrapping.line, piece, width - (row.end - row.begin), wrapping.style);
      solid_end = is_blank(wrapping, row.end) ? piece.begin : row.end;
      piece.begin = row.end;
    } else if (row.begin == row.end) {
      row.end = piece.end;
      solid_end = is_blank(wrapping, piece.end) ? piece.begin : piece.end;
      move_on(wrapping);
    }
  }
  row.end = solid_end;
  wrapping.first = wrapping.first && row.begin == row.end;
  return row;
}

/// The rows of a line behind what is there, each but the very first behind a separator.
Expected<void> append_rows(Run& run, Marked& out, const Str& str, const WrapStyle& style,
                           bool separated) {
  const std::u32string chars = to_chars(str.text);
  Wrapping wrapping{chars, style};
  if (separated) append(out, *style.separator);
  std::size_t at = 0;  // characters of the line before `offset`, in bytes
  std::size_t offset = 0;
  for (move_on(wrapping); wrapping.piece.begin < chars.size() && !out.too_long;) {
    const bool first = wrapping.first;
    const Range row = next_row(wrapping);
    MR_TRY_VOID(charge_bytes(run, 16 + 16 * (row.end - row.begin)));
    if (row.begin == row.end) continue;
    if (!first) append(out, *style.separator);
    for (; at < row.begin; ++at) next_char(str.text, offset);
    const std::size_t begin = offset;
    for (; at < row.end; ++at) next_char(str.text, offset);
    if (style.separator->markup) {
      append_escaped(out, *slice(run.heap, str, begin, offset).str);
    } else {
      append(out, str, begin, offset);
    }
  }
  return {};
}

}  // namespace

Expected<Value> wrap_words(Run& run, const Str& str, const WrapStyle& style) {
  MR_TRY(const auto lines, split_lines(run, str, false));
  if (!lines.empty() && style.width <= 0) {
    return fail_run("invalid width " + std::to_string(style.width) + " (must be > 0)");
  }
  Marked out = marked(run);
  for (std::size_t i = 0; i < lines.size() && !out.too_long; ++i) {
    MR_TRY_VOID(append_rows(run, out, *lines[i].str, style, i > 0));
  }
  return finish(run, out, style.separator->markup);
}

}  // namespace mr::text::jinja
