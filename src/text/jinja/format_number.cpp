#include <algorithm>
#include <charconv>
#include <cmath>

#include "text/jinja/format.h"
#include "text/jinja/print.h"
#include "text/jinja/unicode.h"

namespace mr::text::jinja {
namespace {

constexpr std::int64_t kMaxPrecision = 1000;

std::string in_base(std::uint64_t number, int base) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, base);
  return {buffer, end.ptr};
}

void to_upper(std::string& text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
}

std::string real_digits(double number, std::chars_format format, std::int64_t precision) {
  char buffer[1400];  // 309 digits, the point and kMaxPrecision more
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, number, format, static_cast<int>(precision));
  return {buffer, end.ptr};
}

/// Digits with the separator every three (four in other bases than ten).
std::string group(std::string_view digits, char separator, std::size_t every) {
  const std::size_t n_whole =
      std::min(digits.find_first_not_of("0123456789abcdefABCDEF"), digits.size());
  std::string out;
  for (std::size_t i = 0; i < n_whole; ++i) {
    if (i > 0 && (n_whole - i) % every == 0) out += separator;
    out += digits[i];
  }
  return out + std::string(digits.substr(n_whole));
}

std::string format_integer(const FormatSpec& spec, std::uint64_t magnitude) {
  const char kind = static_cast<char>(spec.type | 0x20);
  const int base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
  std::string digits = in_base(magnitude, base);
  if (spec.grouping != 0) digits = group(digits, spec.grouping, base == 10 ? 3 : 4);
  if (spec.alternate && base != 10) digits = std::string("0") + kind + digits;
  if (spec.type == 'X') to_upper(digits);
  return digits;
}

std::string format_real(const FormatSpec& spec, double magnitude) {
  if (std::isnan(magnitude)) return "nan";
  if (std::isinf(magnitude)) return "inf";
  const std::int64_t precision = spec.precision < 0 ? 6 : spec.precision;
  const std::int64_t significant = std::max<std::int64_t>(precision, 1);
  switch (spec.type | 0x20) {
    case 'f':
      return real_digits(magnitude, std::chars_format::fixed, precision);
    case 'e':
      return real_digits(magnitude, std::chars_format::scientific, precision);
    case '%':
      return real_digits(magnitude * 100, std::chars_format::fixed, precision) + "%";
    case 'g':
    case 'n':
      return real_digits(magnitude, std::chars_format::general, significant);
    default:
      break;
  }
  if (spec.precision < 0) return real_text(magnitude);
  // No type but a precision: like g, but a whole number keeps one digit behind the point.
  std::string digits = real_digits(magnitude, std::chars_format::general, significant);
  if (digits.find_first_of(".e") != std::string::npos) return digits;
  if (static_cast<std::int64_t>(digits.size()) < significant) return digits + ".0";
  return real_digits(magnitude, std::chars_format::scientific, significant - 1);
}

}  // namespace

Expected<std::string> format_number(const FormatSpec& spec, Value value) {
  if (spec.precision > kMaxPrecision) return fail_run("precision too big");
  const bool is_real = value.kind == Kind::real ||
                       std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
  const bool negative =
      is_real ? std::signbit(to_real(value)) && !std::isnan(to_real(value)) : to_integer(value) < 0;
  std::string digits;
  if (is_real &&
      (spec.type == 0 || std::string_view("eEfFgGn%").find(spec.type) != std::string_view::npos)) {
    digits = format_real(spec, std::abs(to_real(value)));
    if (spec.grouping != 0) digits = group(digits, spec.grouping, 3);
    if (spec.type == 'E' || spec.type == 'F' || spec.type == 'G') to_upper(digits);
  } else if (!is_real && (spec.type == 0 ||
                          std::string_view("bodxXn").find(spec.type) != std::string_view::npos)) {
    const auto bits = static_cast<std::uint64_t>(to_integer(value));
    digits = format_integer(spec, negative ? 0 - bits : bits);
  } else {
    return std::string();
  }
  if (negative) return '-' + digits;
  return spec.sign == '+' || spec.sign == ' ' ? spec.sign + digits : digits;
}

void append_padded(Marked& out, const FormatSpec& spec, char align, const Str& text) {
  const auto n = static_cast<std::int64_t>(n_chars(text.text));
  const std::int64_t n_pad = std::max<std::int64_t>(0, spec.width - n);
  if (static_cast<std::uint64_t>(n_pad) > out.max_bytes) {
    out.too_long = true;
    return;
  }
  if (spec.align != 0) align = spec.align;
  std::string fill;
  put_char(fill, spec.fill);
  const auto pad = [&](std::int64_t times) {
    for (std::int64_t i = 0; i < times && !out.too_long; ++i) append(out, fill, false);
  };
  const std::int64_t n_left = align == '<' ? 0 : align == '^' ? n_pad / 2 : n_pad;
  if (align == '=') {  // between the sign (and base) and the digits
    std::size_t n_head =
        !text.text.empty() && std::string_view("+- ").find(text.text[0]) != std::string_view::npos;
    if (spec.alternate && text.text.substr(n_head).starts_with('0') &&
        text.text.size() > n_head + 1 && text.text[n_head + 1] > '9') {
      n_head += 2;
    }
    append(out, text, 0, n_head);
    pad(n_pad);
    append(out, text, n_head, text.text.size());
    return;
  }
  pad(n_left);
  append(out, text);
  pad(n_pad - n_left);
}

}  // namespace mr::text::jinja
