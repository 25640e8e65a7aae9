#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "text/jinja/access.h"
#include "text/jinja/arguments.h"
#include "text/jinja/filters.h"
#include "text/jinja/ops.h"
#include "text/jinja/text_ops.h"

namespace mr::text::jinja {
namespace {

Expected<Value> absolute(Run& run, Value value, const Args& args) {
  MR_TRY_VOID(bind("abs", args, {}));
  if (is_undefined(value)) return fail_undefined(value);
  if (value.kind == Kind::real) return real(std::abs(value.real), value.input);
  if (!is_integral(value)) {
    return fail_run("bad operand type for abs(): '" + std::string(type_name(value)) + "'");
  }
  return to_integer(value) < 0 ? negate(run, value) : unary_plus(run, value);
}

Expected<Value> attr(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("attr", args, {"name"}, 1));
  MR_TRY(const Str* name, to_text(p[0]));
  if (is_undefined(value)) return get_attribute(run, value, name->text);
  const Value own = own_attribute(run, value, name->text);
  if (own.kind != Kind::missing) return own;
  return undefined(run.heap, "'" + std::string(type_name(value)) + " object' has no attribute '" +
                                 std::string(name->text) + "'");
}

Expected<Value> fallback(Run&, Value value, const Args& args) {
  MR_TRY(const auto p, bind("default", args, {"default_value", "boolean"}));
  if (!is_undefined(value) && (!is_true(p[1]) || is_true(value))) return value;
  if (p[0].kind != Kind::missing) return p[0];
  static constexpr Str kEmpty{"", {}};
  return from(&kEmpty);
}

/// A number's text without the blanks around it and the underscores between its digits.
std::optional<std::string> bare_number(Run& run, const Str& str) {
  const auto stripped = strip(run, str, nullptr, true, true);
  if (!stripped) return std::nullopt;
  const std::string_view text = stripped->str->text;
  std::string bare;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto is_alnum = [&](std::size_t k) {
      return k < text.size() && std::isalnum(static_cast<unsigned char>(text[k])) != 0;
    };
    if (text[i] != '_') {
      bare += text[i];
    } else if (i == 0 || !is_alnum(i - 1) || !is_alnum(i + 1)) {
      return std::nullopt;
    }
  }
  return bare;
}

/// What int(text, base) reads, if it can. Errors: more than 64 bits, which Python has and we not.
Expected<std::optional<std::int64_t>> read_integer(std::string_view text, std::int64_t base) {
  bool negative = false;
  if (text.starts_with('+') || text.starts_with('-')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  const char prefix = text.size() > 2 && text[0] == '0' ? static_cast<char>(text[1] | 0x20) : ' ';
  const std::int64_t prefix_base = prefix == 'x' ? 16 : prefix == 'o' ? 8 : prefix == 'b' ? 2 : 0;
  if (prefix_base != 0 && (base == 0 || base == prefix_base)) {
    text.remove_prefix(2);
    base = prefix_base;
  }
  if (base == 0) base = 10;
  const std::optional<std::int64_t> nothing;
  if (base < 2 || base > 36 || text.empty() || text[0] == '-') return nothing;
  std::uint64_t magnitude = 0;
  const auto read =
      std::from_chars(text.data(), text.data() + text.size(), magnitude, static_cast<int>(base));
  if (read.ptr != text.data() + text.size() || read.ec == std::errc::invalid_argument) {
    return nothing;
  }
  const std::uint64_t limit = static_cast<std::uint64_t>(INT64_MAX) + (negative ? 1 : 0);
  if (read.ec != std::errc() || magnitude > limit) return fail_run("integer does not fit 64 bits");
  return std::optional(static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude));
}

/// What float(text) reads, if it can.
std::optional<double> read_real(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text[0] == '+' || text.find('(') != std::string_view::npos) {
    return std::nullopt;
  }
  double number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ptr != text.data() + text.size()) return std::nullopt;
  if (read.ec == std::errc::result_out_of_range) {
    const std::size_t exponent = text.find_first_of("eE");
    const bool tiny =
        exponent != std::string_view::npos && text.substr(exponent + 1).starts_with('-');
    return tiny ? 0.0 : text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
  }
  return read.ec == std::errc() ? std::optional<double>(number) : std::nullopt;
}

Expected<Value> whole_part(double number, bool input) {
  if (!(std::abs(number) < 0x1p63)) {
    return fail_run("cannot convert float infinity or too large to integer");
  }
  return integer(static_cast<std::int64_t>(number), input);
}

Expected<Value> to_int(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("int", args, {"default", "base"}));
  MR_TRY(const std::int64_t base, to_integer_or(p[1], 10));
  const Value otherwise = p[0].kind == Kind::missing ? integer(0) : p[0];
  if (is_undefined(value)) return fail_undefined(value);
  if (is_integral(value)) return integer(to_integer(value), value.input);
  if (value.kind == Kind::real) {
    return std::isnan(value.real) ? Expected<Value>(otherwise)
                                  : whole_part(value.real, value.input);
  }
  if (!is_string(value)) return otherwise;
  const auto bare = bare_number(run, *value.str);
  if (!bare) return otherwise;
  MR_TRY(const auto whole, read_integer(*bare, base));
  if (whole) return integer(*whole, has_input(value));
  const auto number = read_real(*bare);
  if (!number || !std::isfinite(*number)) return otherwise;
  return whole_part(*number, has_input(value));
}

Expected<Value> to_float(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("float", args, {"default"}));
  if (is_undefined(value)) return fail_undefined(value);
  if (is_number(value)) return real(to_real(value), value.input);
  if (is_string(value)) {
    const auto bare = bare_number(run, *value.str);
    const auto number = bare ? read_real(*bare) : std::nullopt;
    if (number) return real(*number, has_input(value));
  }
  return p[0].kind == Kind::missing ? real(0.0) : p[0];
}

/// Rounds to a number of digits behind (or before) the point, exactly, halves to even.
double round_real(double number, std::int64_t precision) {
  if (!std::isfinite(number) || precision > 323) return number;
  if (precision < -308) return std::copysign(0.0, number);
  if (precision < 0) {
    const double unit = std::pow(10.0, static_cast<double>(-precision));
    return std::nearbyint(number / unit) * unit;
  }
  char digits[700];
  const auto end = std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed,
                                 static_cast<int>(precision));
  double rounded = number;
  std::from_chars(digits, end.ptr, rounded);
  return rounded;
}

Expected<Value> round_integer(Value value, std::int64_t precision) {
  const std::int64_t number = to_integer(value);
  if (precision >= 0) return integer(number, value.input);
  if (precision < -18) return integer(0, value.input);
  std::int64_t unit = 1;
  for (std::int64_t i = precision; i < 0; ++i) unit *= 10;
  std::int64_t rest = number % unit;
  if (rest < 0) rest += unit;
  const std::int64_t half = unit / 2;
  const bool odd = ((number / unit - (number % unit < 0 ? 1 : 0)) & 1) != 0;
  std::int64_t rounded = 0;
  const bool up = rest > half || (rest == half && odd);
  if (__builtin_sub_overflow(number, up ? rest - unit : rest, &rounded)) {
    return fail_run("integer overflow in round");
  }
  return integer(rounded, value.input);
}

Expected<Value> round_filter(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("round", args, {"precision", "method"}));
  std::string_view method = "common";
  if (p[1].kind != Kind::missing) {
    MR_TRY(const Str* text, to_text(p[1]));
    method = text->text;
  }
  if (method != "common" && method != "ceil" && method != "floor") {
    return fail_run("method must be common, ceil or floor");
  }
  if (is_undefined(value)) return fail_undefined(value);
  if (!is_number(value)) {
    return fail_run("type " + std::string(type_name(value)) + " doesn't define __round__ method");
  }
  MR_TRY(const std::int64_t precision, to_integer_or(p[0], 0));
  if (method == "common") {
    return is_integral(value)
               ? round_integer(value, precision)
               : Expected<Value>(real(round_real(value.real, precision), value.input));
  }
  MR_TRY(const Value scale, arithmetic(run, Op::pow, integer(10), integer(precision)));
  MR_TRY(const Value scaled, arithmetic(run, Op::mul, value, scale));
  if (is_integral(scaled)) return arithmetic(run, Op::div, scaled, scale);
  if (!std::isfinite(scaled.real)) return fail_run("cannot convert float to integer");
  const double whole = method == "ceil" ? std::ceil(scaled.real) : std::floor(scaled.real);
  return arithmetic(run, Op::div, real(whole + 0.0, value.input), scale);  // Python's 0 is not -0
}

/// What Python's float() makes of a value. Errors: what it makes nothing of.
Expected<double> to_double(Run& run, Value value) {
  if (is_undefined(value)) return fail_undefined(value);
  if (is_number(value)) return to_real(value);
  if (!is_string(value)) {
    return fail_run("float() argument must be a string or a real number, not '" +
                    std::string(type_name(value)) + "'");
  }
  const auto bare = bare_number(run, *value.str);
  const auto number = bare ? read_real(*bare) : std::nullopt;
  return number ? Expected<double>(*number) : fail_run("could not convert string to float");
}

std::string fixed_text(double number, int n_digits) {
  if (std::isnan(number)) return "nan";
  char digits[330];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, number, std::chars_format::fixed, n_digits);
  return {digits, end.ptr};
}

Expected<Value> file_size(Run& run, Value value, const Args& args) {
  MR_TRY(const auto p, bind("filesizeformat", args, {"binary"}));
  MR_TRY(const double size, to_double(run, value));
  const bool binary = is_true(p[0]);
  const double base = binary ? 1024 : 1000;
  std::string text;
  if (size == 1) {
    text = "1 Byte";
  } else if (size < base) {
    if (std::isinf(size)) return fail_run("cannot convert float infinity to integer");
    text = fixed_text(std::trunc(size) + 0.0, 0) + " Bytes";
  } else {
    constexpr std::string_view kPrefixes = "kMGTPEZY";
    // Python compares with whole numbers: long double holds all of 1000^9, double does not.
    long double unit = static_cast<long double>(base) * base;
    std::size_t i = 0;
    while (i + 1 < kPrefixes.size() && !(size < unit)) {
      unit *= base;
      ++i;
    }
    const char prefix = binary && kPrefixes[i] == 'k' ? 'K' : kPrefixes[i];
    text = fixed_text(base * size / static_cast<double>(unit), 1) + ' ' + prefix +
           (binary ? "iB" : "B");
  }
  Marked out = marked(run);
  append(out, text, has_input(value));
  return finish(run, out);
}

constexpr Filter kValueFilters[] = {
    {"abs", absolute},
    {"attr", attr},
    {"d", fallback},
    {"default", fallback},
    {"filesizeformat", file_size},
    {"float", to_float},
    {"int", to_int},
    {"round", round_filter},
};

}  // namespace

std::span<const Filter> value_filters() {
  return kValueFilters;
}

}  // namespace mr::text::jinja
