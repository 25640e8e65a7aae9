#include "text/jinja/lexer.h"

#include <algorithm>
#include <array>

#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

struct Lexer {
  std::string_view source;
  std::size_t at = 0;
  std::uint32_t line = 1;
  std::vector<Token> tokens = {};
  std::string open_brackets = {};
};

bool starts_with(const Lexer& lexer, std::size_t position, std::string_view text) {
  return lexer.source.substr(std::min(position, lexer.source.size()), text.size()) == text;
}

std::size_t skip_spaces(std::string_view text, std::size_t position) {
  while (position < text.size()) {
    std::size_t next = position;
    if (!is_space(next_char(text, next))) break;
    position = next;
  }
  return position;
}

std::string_view strip_right(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0) {
    std::size_t before = end;
    if (!is_space(previous_char(text, before))) break;
    end = before;
  }
  return text.substr(0, end);
}

void advance(Lexer& lexer, std::size_t to) {
  const auto passed = lexer.source.substr(lexer.at, to - lexer.at);
  lexer.line += static_cast<std::uint32_t>(std::count(passed.begin(), passed.end(), '\n'));
  lexer.at = to;
}

void push(Lexer& lexer, TokenKind kind, std::size_t end) {
  lexer.tokens.push_back({kind, lexer.line, lexer.source.substr(lexer.at, end - lexer.at)});
  advance(lexer, end);
}

/// The text up to a tag at `tag`, less what the tag's sign or lstrip_blocks takes away.
void push_data(Lexer& lexer, std::size_t tag, char sign, bool is_variable) {
  std::string_view text = lexer.source.substr(lexer.at, tag - lexer.at);
  if (sign == '-') {
    text = strip_right(text);
  } else if (sign != '+' && !is_variable) {
    const std::size_t line_start = text.rfind('\n') + 1;  // 0 where there is none
    const bool line_starting = lexer.at == 0 || lexer.source[lexer.at - 1] == '\n';
    if ((line_start > 0 || line_starting) && skip_spaces(text, line_start) == text.size()) {
      text = text.substr(0, line_start);
    }
  }
  if (!text.empty()) lexer.tokens.push_back({TokenKind::data, lexer.line, text});
  advance(lexer, tag);
}

/// Where a tag's end at `position` ends, trimming included, or std::string_view::npos where none is
/// there.
std::size_t match_end(const Lexer& lexer, std::size_t position, std::string_view closer,
                      bool trim) {
  if (starts_with(lexer, position, "-") && starts_with(lexer, position + 1, closer)) {
    return skip_spaces(lexer.source, position + 1 + closer.size());
  }
  if (trim && starts_with(lexer, position, "+") && starts_with(lexer, position + 1, closer)) {
    return position + 1 + closer.size();
  }
  if (!starts_with(lexer, position, closer)) return std::string_view::npos;
  position += closer.size();
  return trim && starts_with(lexer, position, "\n") ? position + 1 : position;
}

char sign_at(const Lexer& lexer, std::size_t position) {
  return starts_with(lexer, position, "-") ? '-' : starts_with(lexer, position, "+") ? '+' : ' ';
}

/// Where a `raw` (or `endraw`) tag at `tag` has the end of its name, or std::string_view::npos.
std::size_t match_raw(const Lexer& lexer, std::size_t tag, std::string_view word) {
  std::size_t position = tag + 2;
  if (sign_at(lexer, position) != ' ') ++position;
  position = skip_spaces(lexer.source, position);
  if (!starts_with(lexer, position, word)) return std::string_view::npos;
  return skip_spaces(lexer.source, position + word.size());
}

Expected<void> lex_raw(Lexer& lexer, std::size_t body) {
  advance(lexer, body);
  for (std::size_t tag = lexer.source.find("{%", body); tag != std::string_view::npos;
       tag = lexer.source.find("{%", tag + 2)) {
    const std::size_t closer = match_raw(lexer, tag, "endraw");
    if (closer == std::string_view::npos) continue;
    const std::size_t end = match_end(lexer, closer, "%}", true);
    if (end == std::string_view::npos) continue;
    push_data(lexer, tag, sign_at(lexer, tag + 2), false);
    advance(lexer, end);
    return {};
  }
  return fail_line(lexer.line, "Missing end of raw directive");
}

Expected<void> lex_comment(Lexer& lexer) {
  std::size_t body = lexer.at + 2;
  if (sign_at(lexer, body) != ' ') ++body;
  const std::size_t closer = lexer.source.find("#}", body);
  if (closer == std::string_view::npos) return fail_line(lexer.line, "Missing end of comment tag");
  const bool is_signed = closer > body && sign_at(lexer, closer - 1) != ' ';
  advance(lexer, match_end(lexer, is_signed ? closer - 1 : closer, "#}", true));
  return {};
}

bool is_digit_of(char c, int base) {
  if (base == 16) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
  }
  return c >= '0' && c < '0' + base;
}

/// Digits of a base with single underscores between them: where they end.
std::size_t match_digits(std::string_view text, std::size_t position, int base) {
  std::size_t end = position;
  while (end < text.size()) {
    if (is_digit_of(text[end], base)) {
      ++end;
    } else if (text[end] == '_' && end > position && end + 1 < text.size() &&
               is_digit_of(text[end + 1], base)) {
      end += 2;
    } else {
      break;
    }
  }
  return end;
}

bool lex_real(Lexer& lexer) {
  const std::string_view s = lexer.source;
  if (lexer.at > 0 && s[lexer.at - 1] == '.') return false;
  const std::size_t whole = match_digits(s, lexer.at, 10);
  if (whole == lexer.at) return false;
  std::size_t end = whole;
  if (end < s.size() && s[end] == '.') {
    const std::size_t fraction = match_digits(s, end + 1, 10);
    if (fraction > end + 1) end = fraction;
  }
  if (end < s.size() && (s[end] == 'e' || s[end] == 'E')) {
    std::size_t digits = end + 1;
    if (digits < s.size() && (s[digits] == '+' || s[digits] == '-')) ++digits;
    const std::size_t exponent = match_digits(s, digits, 10);
    if (exponent > digits) end = exponent;
  }
  if (end == whole) return false;
  push(lexer, TokenKind::real, end);
  return true;
}

bool lex_integer(Lexer& lexer) {
  const std::string_view s = lexer.source;
  std::size_t end = lexer.at;
  if (s[end] == '0') {
    const char prefix = end + 1 < s.size() ? static_cast<char>(s[end + 1] | 0x20) : ' ';
    const int base = prefix == 'b' ? 2 : prefix == 'o' ? 8 : prefix == 'x' ? 16 : 0;
    std::size_t digits = end + 2;
    if (base != 0 && digits < s.size() && s[digits] == '_') ++digits;
    const std::size_t stop = base != 0 ? match_digits(s, digits, base) : digits;
    end = stop > digits ? stop : match_digits(s, end, 1);
  } else {
    end = match_digits(s, end, 10);
  }
  if (end == lexer.at) return false;
  push(lexer, TokenKind::integer, end);
  return true;
}

bool lex_name(Lexer& lexer) {
  std::size_t end = lexer.at;
  while (end < lexer.source.size()) {
    std::size_t next = end;
    if (!is_word(next_char(lexer.source, next))) break;
    end = next;
  }
  if (end == lexer.at) return false;
  push(lexer, TokenKind::name, end);
  return true;
}

/// A string token, its text without the quotes; false where none is complete.
bool lex_string(Lexer& lexer) {
  const std::string_view s = lexer.source;
  const char quote = s[lexer.at];
  if (quote != '\'' && quote != '"') return false;
  std::size_t end = lexer.at + 1;
  while (end < s.size() && s[end] != quote) end += s[end] == '\\' ? 2U : 1U;
  if (end >= s.size()) return false;
  const Token token{TokenKind::string, lexer.line, s.substr(lexer.at + 1, end - lexer.at - 1)};
  lexer.tokens.push_back(token);
  advance(lexer, end + 1);
  return true;
}

Expected<bool> lex_operator(Lexer& lexer) {
  static constexpr std::array<std::string_view, 6> kTwo = {"//", "**", "==", "!=", ">=", "<="};
  const std::string_view two = lexer.source.substr(lexer.at, 2);
  if (std::find(kTwo.begin(), kTwo.end(), two) != kTwo.end()) {
    push(lexer, TokenKind::op, lexer.at + 2);
    return true;
  }
  const char c = lexer.source[lexer.at];
  if (std::string_view("+-/*%~[](){}><=.:|,;").find(c) == std::string_view::npos) return false;
  if (c == '(') lexer.open_brackets += ')';
  if (c == '[') lexer.open_brackets += ']';
  if (c == '{') lexer.open_brackets += '}';
  if (c == ')' || c == ']' || c == '}') {
    if (lexer.open_brackets.empty()) {
      return fail_line(lexer.line, std::string("unexpected '") + c + "'");
    }
    if (lexer.open_brackets.back() != c) {
      return fail_line(lexer.line, std::string("unexpected '") + c + "', expected '" +
                                       lexer.open_brackets.back() + "'");
    }
    lexer.open_brackets.pop_back();
  }
  push(lexer, TokenKind::op, lexer.at + 1);
  return true;
}

/// What stands between a tag's begin and end, and its end.
Expected<void> lex_tag(Lexer& lexer, bool is_variable) {
  const auto closer = is_variable ? std::string_view("}}") : std::string_view("%}");
  while (lexer.at < lexer.source.size()) {
    if (lexer.open_brackets.empty()) {
      const std::size_t end = match_end(lexer, lexer.at, closer, !is_variable);
      if (end != std::string_view::npos) {
        push(lexer, is_variable ? TokenKind::variable_end : TokenKind::block_end, end);
        return {};
      }
    }
    const std::size_t behind = skip_spaces(lexer.source, lexer.at);
    if (behind > lexer.at) {
      advance(lexer, behind);
      continue;
    }
    if (lex_real(lexer) || lex_integer(lexer) || lex_name(lexer) || lex_string(lexer)) continue;
    MR_TRY(const bool found, lex_operator(lexer));
    if (!found) {
      std::size_t end = lexer.at;
      next_char(lexer.source, end);
      return fail_line(
          lexer.line,
          "unexpected char '" + std::string(lexer.source.substr(lexer.at, end - lexer.at)) + "'");
    }
  }
  return {};  // the parser misses the end and says so
}

}  // namespace

tl::unexpected<Error> fail_line(std::uint32_t line, std::string_view message, Fault fault) {
  return fail(fault, "template line " + std::to_string(line) + ": " + std::string(message));
}

std::string normalise_newlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
    } else if (i + 1 == source.size() || source[i + 1] != '\n') {
      out += '\n';
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

Expected<std::vector<Token>> tokenize(std::string_view source) {
  Lexer lexer{source};
  while (lexer.at < source.size()) {
    std::size_t tag = source.find('{', lexer.at);
    while (tag != std::string_view::npos &&
           (tag + 1 == source.size() ||
            std::string_view("%{#").find(source[tag + 1]) == std::string_view::npos)) {
      tag = source.find('{', tag + 1);
    }
    if (tag == std::string_view::npos) {
      push(lexer, TokenKind::data, source.size());
      break;
    }
    const char sign = sign_at(lexer, tag + 2);
    const bool is_variable = source[tag + 1] == '{';
    push_data(lexer, tag, sign, is_variable);
    if (source[tag + 1] == '#') {
      MR_TRY_VOID(lex_comment(lexer));
      continue;
    }
    const std::size_t raw = is_variable ? std::string_view::npos : match_raw(lexer, tag, "raw");
    const std::size_t raw_end =
        raw == std::string_view::npos ? std::string_view::npos : match_end(lexer, raw, "%}", false);
    if (raw_end != std::string_view::npos) {
      MR_TRY_VOID(lex_raw(lexer, raw_end));
      continue;
    }
    push(lexer, is_variable ? TokenKind::variable_begin : TokenKind::block_begin,
         tag + (sign == ' ' ? 2 : 3));
    MR_TRY_VOID(lex_tag(lexer, is_variable));
  }
  lexer.tokens.push_back({TokenKind::end, lexer.line, {}});
  return std::move(lexer.tokens);
}

namespace {

/// The number that `n_digits` hexadecimal (or up to three octal) digits write.
Expected<char32_t> escape_code(const Token& token, std::size_t& at, std::size_t n_digits) {
  char32_t code = 0;
  for (std::size_t i = 0; i < n_digits; ++i, ++at) {
    if (at >= token.text.size() || !is_digit_of(token.text[at], 16)) {
      return fail_line(token.line, "truncated escape in a string");
    }
    const char c = token.text[at];
    code = code * 16 + static_cast<char32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
    return fail_line(token.line, "escape of no character in a string");
  }
  return code;
}

/// Python reads `\` before a character above 127 as if that were written in its escape.
void put_escaped(std::string& out, char32_t c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const int n_digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
  out += n_digits == 2 ? "\\x" : n_digits == 4 ? "\\u" : "\\U";
  for (int i = n_digits - 1; i >= 0; --i) out += kDigits[(c >> (4 * i)) & 0xFU];
}

}  // namespace

Expected<std::string> unescape(const Token& token) {
  static constexpr std::string_view kFrom = "\\'\"abfnrtv";
  static constexpr std::string_view kTo = "\\'\"\a\b\f\n\r\t\v";
  const std::string_view text = token.text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '\\') {
      out += text[at++];
      continue;
    }
    std::size_t next = at + 1;  // there is one: the lexer saw the quote after it
    const char32_t c = next_char(text, next);
    at = next;
    const std::size_t simple = c < 0x80 ? kFrom.find(static_cast<char>(c)) : std::string_view::npos;
    if (simple != std::string_view::npos) {
      out += kTo[simple];
    } else if (c == '\n') {
      continue;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      MR_TRY(const char32_t code, escape_code(token, at, c == 'x' ? 2 : c == 'u' ? 4 : 8));
      put_char(out, code);
    } else if (c >= '0' && c <= '7') {
      char32_t code = c - '0';
      for (int i = 0; i < 2 && at < text.size() && text[at] >= '0' && text[at] <= '7'; ++i) {
        code = code * 8 + static_cast<char32_t>(text[at++] - '0');
      }
      put_char(out, code);
    } else if (c == 'N') {
      return fail_line(token.line, "\\N escapes are not supported");
    } else if (c >= 0x80) {
      put_escaped(out, c);
    } else {
      out += '\\';
      out += static_cast<char>(c);
    }
  }
  return out;
}

}  // namespace mr::text::jinja
