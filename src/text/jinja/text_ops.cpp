#include "text/jinja/text_ops.h"

#include <algorithm>
#include <string>

#include "text/jinja/access.h"
#include "text/jinja/escape.h"
#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

constexpr char32_t kCapitalSigma = 0x3A3;
constexpr std::uint64_t kPieceBytes = 32;  // the work of a small piece of text, as bytes copied

bool is_cased(char32_t c) {
  return is_upper(c) || is_lower(c) || is_title(c);
}

/// Whether a capital sigma at `at` ends its word, so that its small form is the final one.
bool is_final_sigma(std::string_view text, std::size_t at) {
  const auto is_skipped = [](char32_t c) { return !is_cased(c) && !is_word(c) && !is_space(c); };
  std::size_t before = at;
  char32_t c = 0;
  while (before > 0) {
    c = previous_char(text, before);
    if (!is_skipped(c)) break;
  }
  if (c == 0 || !is_cased(c)) return false;
  next_char(text, at);
  while (at < text.size()) {
    c = next_char(text, at);
    if (!is_skipped(c)) return !is_cased(c);
  }
  return true;
}

Case case_of(CaseStyle style, char32_t c, bool first, bool after_cased) {
  switch (style) {
    case CaseStyle::upper:
      return Case::upper;
    case CaseStyle::lower:
      return Case::lower;
    case CaseStyle::title:
      return after_cased ? Case::lower : Case::title;
    case CaseStyle::capitalize:
      return first ? Case::title : Case::lower;
    case CaseStyle::swap:
      return is_upper(c) ? Case::lower : Case::upper;
    case CaseStyle::fold:
      return Case::fold;
  }
  return Case::lower;
}

bool is_in(const Str* chars, char32_t c) {
  if (chars == nullptr) return is_space(c);
  for (std::size_t at = 0; at < chars->text.size();) {
    if (next_char(chars->text, at) == c) return true;
  }
  return false;
}

/// Cuts of whitespace runs, from the left.
void split_spaces(Run& run, const Str& str, std::int64_t count, std::vector<Value>& parts) {
  const std::string_view text = str.text;
  std::size_t at = 0;
  while (true) {
    std::size_t begin = at;
    for (std::size_t next = at; next < text.size() && is_space(next_char(text, next));)
      begin = next;
    if (begin == text.size()) return;
    if (count >= 0 && static_cast<std::int64_t>(parts.size()) == count) {
      parts.push_back(slice(run.heap, str, begin, text.size()));
      return;
    }
    std::size_t end = begin;
    for (std::size_t next = begin; next < text.size() && !is_space(next_char(text, next));) {
      end = next;
    }
    parts.push_back(slice(run.heap, str, begin, end));
    at = end;
  }
}

void split_spaces_right(Run& run, const Str& str, std::int64_t count, std::vector<Value>& parts) {
  const std::string_view text = str.text;
  std::size_t at = text.size();
  while (true) {
    std::size_t end = at;
    for (std::size_t next = at; next > 0 && is_space(previous_char(text, next));) end = next;
    if (end == 0) return;
    if (count >= 0 && static_cast<std::int64_t>(parts.size()) == count) {
      parts.push_back(slice(run.heap, str, 0, end));
      return;
    }
    std::size_t begin = end;
    for (std::size_t next = end; next > 0 && !is_space(previous_char(text, next));) begin = next;
    parts.push_back(slice(run.heap, str, begin, end));
    at = begin;
  }
}

std::string reversed(std::string_view text) {
  return {text.rbegin(), text.rend()};
}

}  // namespace

Expected<Value> change_case(Run& run, const Str& str, CaseStyle style) {
  Marked out = marked(run);
  MarkCursor cursor{str.input};
  bool after_cased = false;
  std::string piece;
  for (std::size_t at = 0; at < str.text.size() && !out.too_long;) {
    MR_TRY_VOID(charge_bytes(run, kPieceBytes));
    const std::size_t begin = at;
    const char32_t c = next_char(str.text, at);
    const Case to = case_of(style, c, begin == 0, after_cased);
    piece.clear();
    if (c == kCapitalSigma && to == Case::lower && is_final_sigma(str.text, begin)) {
      put_char(piece, kCapitalSigma + 0x1F);
    } else {
      put_in_case(piece, c, to);
    }
    append(out, piece, is_input(cursor, begin));
    after_cased = is_cased(c);
  }
  return finish(run, out, str.markup);
}

Expected<Value> strip(Run& run, const Str& str, const Str* chars, bool left, bool right) {
  MR_TRY_VOID(charge_bytes(run, str.text.size()));
  std::size_t begin = 0;
  std::size_t end = str.text.size();
  while (left && begin < end) {
    MR_TRY_VOID(charge_bytes(run, chars == nullptr ? 1 : chars->text.size()));
    std::size_t next = begin;
    if (!is_in(chars, next_char(str.text, next))) break;
    begin = next;
  }
  while (right && end > begin) {
    MR_TRY_VOID(charge_bytes(run, chars == nullptr ? 1 : chars->text.size()));
    std::size_t next = end;
    if (!is_in(chars, previous_char(str.text, next))) break;
    end = next;
  }
  return slice(run.heap, str, begin, end);
}

Expected<Value> replace(Run& run, const Str& str, const Str& before, const Str& after,
                        std::int64_t count) {
  MR_TRY_VOID(charge_bytes(run, str.text.size()));
  Marked out = marked(run);
  std::size_t at = 0;
  for (std::int64_t n = 0; (count < 0 || n < count) && !out.too_long; ++n) {
    MR_TRY_VOID(charge_bytes(run, kPieceBytes));
    if (before.text.empty()) {  // between all characters
      append(out, after);
      if (at == str.text.size()) return finish(run, out, str.markup);
      std::size_t next = at;
      next_char(str.text, next);
      append(out, str, at, next);
      at = next;
      continue;
    }
    const std::size_t found = find_bytes(str.text, before.text, at);
    if (found == std::string_view::npos) break;
    append(out, str, at, found);
    append(out, after);
    at = found + before.text.size();
  }
  append(out, str, at, str.text.size());
  return finish(run, out, str.markup);
}

Expected<std::vector<Value>> split(Run& run, const Str& str, const Str* separator,
                                   std::int64_t count) {
  MR_TRY_VOID(charge_bytes(run, str.text.size()));
  std::vector<Value> parts;
  if (separator == nullptr) {
    split_spaces(run, str, count, parts);
    MR_TRY_VOID(charge(run, parts.size()));
    return parts;
  }
  if (separator->text.empty()) return fail_run("empty separator");
  std::size_t at = 0;
  while (count < 0 || static_cast<std::int64_t>(parts.size()) < count) {
    const std::size_t found = find_bytes(str.text, separator->text, at);
    if (found == std::string_view::npos) break;
    MR_TRY_VOID(charge(run));
    parts.push_back(slice(run.heap, str, at, found));
    at = found + separator->text.size();
  }
  parts.push_back(slice(run.heap, str, at, str.text.size()));
  return parts;
}

Expected<std::vector<Value>> split_right(Run& run, const Str& str, const Str* separator,
                                         std::int64_t count) {
  MR_TRY_VOID(charge_bytes(run, 4 * str.text.size()));
  std::vector<Value> parts;
  if (separator == nullptr) {
    split_spaces_right(run, str, count, parts);
    MR_TRY_VOID(charge(run, parts.size()));
  } else {
    if (separator->text.empty()) return fail_run("empty separator");
    const std::string text = reversed(str.text);
    const std::string needle = reversed(separator->text);
    std::size_t at = 0;
    while (count < 0 || static_cast<std::int64_t>(parts.size()) < count) {
      const std::size_t found = find_bytes(text, needle, at);
      if (found == std::string_view::npos) break;
      MR_TRY_VOID(charge(run));
      parts.push_back(slice(run.heap, str, text.size() - found, text.size() - at));
      at = found + needle.size();
    }
    parts.push_back(slice(run.heap, str, 0, text.size() - at));
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Expected<std::vector<Value>> split_lines(Run& run, const Str& str, bool keep_ends) {
  MR_TRY_VOID(charge_bytes(run, str.text.size()));
  std::vector<Value> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < str.text.size();) {
    const std::size_t end = at;
    const char32_t c = next_char(str.text, at);
    if (!is_line_break(c)) continue;
    if (c == '\r' && at < str.text.size() && str.text[at] == '\n') ++at;
    MR_TRY_VOID(charge(run));
    lines.push_back(slice(run.heap, str, begin, keep_ends ? at : end));
    begin = at;
  }
  if (begin < str.text.size()) lines.push_back(slice(run.heap, str, begin, str.text.size()));
  return lines;
}

std::size_t find_last(std::string_view text, std::string_view needle) {
  const std::size_t found = find_bytes(reversed(text), reversed(needle), 0);
  return found == std::string_view::npos ? std::string_view::npos
                                         : text.size() - found - needle.size();
}

Expected<Value> join(Run& run, const Str& separator, std::span<const Value> items) {
  Marked out = marked(run);
  for (std::size_t i = 0; i < items.size() && !out.too_long; ++i) {
    MR_TRY_VOID(charge(run));
    if (i > 0) append(out, separator);
    if (separator.markup) {
      MR_TRY(const Value text, escaped(run, items[i]));
      append(out, *text.str);
    } else {
      MR_TRY_VOID(append_str(run, out, items[i]));
    }
  }
  return finish(run, out, separator.markup);
}

}  // namespace mr::text::jinja
