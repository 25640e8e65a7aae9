#include "text/jinja/html.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "text/jinja/html_entities_table.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

constexpr std::size_t kMaxName = 32;  // characters of a name, its semicolon aside
constexpr char32_t kReplacement = 0xFFFD;

Marked without_tags(const Run& run, const Str& str) {
  const std::string_view text = str.text;
  Marked out = marked(run);
  std::size_t at = 0;
  for (std::size_t tag = text.find('<'); tag != std::string_view::npos; tag = text.find('<', at)) {
    const bool comment = text.substr(tag).starts_with("<!--");
    const std::size_t end = comment ? text.find("-->", tag + 4) : text.find('>', tag);
    if (end == std::string_view::npos) break;
    append(out, str, at, tag);
    at = end + (comment ? 3 : 1);
  }
  append(out, str, at, text.size());
  return out;
}

Marked with_single_spaces(const Run& run, const Str& str) {
  Marked out = marked(run);
  std::size_t at = 0;
  while (true) {
    std::size_t begin = at;
    for (std::size_t next = at; next < str.text.size() && is_space(next_char(str.text, next));) {
      begin = next;
    }
    std::size_t end = begin;
    for (std::size_t next = begin;
         next < str.text.size() && !is_space(next_char(str.text, next));) {
      end = next;
    }
    if (begin == end) return out;
    if (!out.text.empty()) append(out, " ", false);
    append(out, str, begin, end);
    at = end;
  }
}

/// What a numbered reference stands for. The Standard reads 0x80 to 0x9F as Windows-1252 has them.
std::string numbered(char32_t code) {
  static constexpr char32_t kWindows[32] = {
      0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6,  0x2030, 0x160,
      0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E,  0x178};
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  const bool control =
      (code < 0x20 && code != '\t' && code != '\n' && code != '\f' && code != '\r' && code != 0) ||
      code == 0x7F;
  const bool no_character = (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFEU) == 0xFFFE;
  std::string text;
  if (code == 0 || surrogate || code > 0x10FFFF) {
    put_char(text, kReplacement);
  } else if (code >= 0x80 && code < 0xA0) {
    put_char(text, kWindows[code - 0x80]);
  } else if (!control && !no_character) {
    put_char(text, code);
  }
  return text;
}

struct Reference {
  std::size_t n_bytes = 0;  ///< behind the ampersand; 0: there is no reference
  std::string text = {};    ///< what they stand for
};

/// The reference that starts with the number sign at the start of `text`.
Reference read_number(std::string_view text) {
  const bool hex = text.size() > 1 && (text[1] == 'x' || text[1] == 'X');
  const std::size_t start = hex ? 2 : 1;
  std::size_t at = start;
  char32_t code = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    const char letter = static_cast<char>(c | 0x20);
    const bool is_decimal_digit = c >= '0' && c <= '9';
    if (!is_decimal_digit && !(hex && letter >= 'a' && letter <= 'f')) break;
    const auto digit = static_cast<char32_t>(is_decimal_digit ? c - '0' : letter - 'a' + 10);
    code = std::min<char32_t>(code * (hex ? 16 : 10) + digit, 0x110000);
  }
  if (at == start) return {};
  if (at < text.size() && text[at] == ';') ++at;
  return {at, numbered(code)};
}

const HtmlEntity* find_entity(std::string_view name) {
  const auto* entity =
      std::lower_bound(std::begin(kHtmlEntities), std::end(kHtmlEntities), name,
                       [](const HtmlEntity& a, std::string_view b) { return a.name < b; });
  return entity != std::end(kHtmlEntities) && entity->name == name ? entity : nullptr;
}

Reference put_entity(const HtmlEntity& entity, std::size_t n_bytes) {
  Reference reference{n_bytes};
  put_char(reference.text, entity.first);
  if (entity.second != 0) put_char(reference.text, entity.second);
  return reference;
}

/// The named reference at the start of `text`; without its semicolon it is the longest name that
/// starts there.
Reference read_name(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t n = 0; n < kMaxName && end < text.size(); ++n) {
    if (std::string_view("\t\n\f <&#;").find(text[end]) != std::string_view::npos) break;
    next_char(text, end);
  }
  const HtmlEntity* entity = find_entity(text.substr(0, end));
  if (entity != nullptr && end < text.size() && text[end] == ';')
    return put_entity(*entity, end + 1);
  for (; end > 1; --end) {
    entity = find_entity(text.substr(0, end));
    if (entity != nullptr && entity->bare) return put_entity(*entity, end);
  }
  return {};
}

/// Character references replaced by what they stand for; any byte of input makes that input.
Expected<Marked> with_references_read(Run& run, const Str& str) {
  const std::string_view text = str.text;
  Marked out = marked(run);
  MarkCursor cursor{str.input};
  std::size_t copied = 0;
  std::size_t at = text.find('&');
  for (; at != std::string_view::npos && !out.too_long;
       at = text.find('&', std::max(at + 1, copied))) {
    MR_TRY_VOID(charge_bytes(run, 32));
    const std::string_view rest = text.substr(at + 1);
    const Reference reference = rest.starts_with('#') ? read_number(rest) : read_name(rest);
    if (reference.n_bytes == 0) continue;
    const std::size_t end = at + 1 + reference.n_bytes;
    const bool input = is_input(cursor, at) ||
                       (cursor.next < str.input.size() && str.input[cursor.next].begin < end);
    append(out, str, copied, at);
    append(out, reference.text, input);
    copied = end;
  }
  append(out, str, copied, text.size());
  return out;
}

}  // namespace

Expected<Value> strip_tags(Run& run, const Str& str) {
  MR_TRY_VOID(charge_bytes(run, 8 * str.text.size()));
  const Marked bare = without_tags(run, str);
  const Marked spaced = with_single_spaces(run, Str{bare.text, bare.input});
  MR_TRY(const Marked read, with_references_read(run, Str{spaced.text, spaced.input}));
  return finish(run, read);
}

}  // namespace mr::text::jinja
