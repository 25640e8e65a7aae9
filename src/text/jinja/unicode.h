#pragma once
#include <cstddef>
#include <string>
#include <string_view>

/// Characters as Python's str sees them.
namespace mr::text::jinja {

/// Whether text is UTF-8: shortest forms only, no surrogates.
bool is_utf8(std::string_view text);

/// The character at `position` of valid UTF-8, which moves behind it.
char32_t next_char(std::string_view text, std::size_t& position);
/// The character before `position`, which moves onto it.
char32_t previous_char(std::string_view text, std::size_t& position);
void put_char(std::string& text, char32_t c);

std::size_t n_chars(std::string_view text);
/// Where character `index` starts; the end where there is none.
std::size_t char_offset(std::string_view text, std::size_t index);

bool is_space(char32_t c);
bool is_line_break(char32_t c);
bool is_alpha(char32_t c);
bool is_decimal(char32_t c);
bool is_digit(char32_t c);
bool is_numeric(char32_t c);
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);
/// What repr() prints as it is.
bool is_printable(char32_t c);
inline bool is_word(char32_t c) {
  return c == '_' || is_alpha(c) || is_numeric(c);
}

enum class Case { upper, lower, title, fold };
/// Puts the character in another case, which may be several characters.
void put_in_case(std::string& out, char32_t c, Case to);

}  // namespace mr::text::jinja
