#include "text/grammar/numerals.h"

#include <array>
#include <charconv>

#include "text/grammar/pattern.h"

namespace mr::text::grammar {
namespace {

constexpr std::string_view kAny = "(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?";  // no sign
constexpr std::string_view kZero = "0(?:\\.0+)?";
// Whole numbers that programs write with an exponent: at most 15 digits behind the first.
constexpr std::string_view kLarge =
    "-?[1-9](?:\\.\\d{1,15})?e\\+(?:1[6-9]|[2-9]\\d|[12]\\d\\d|30[0-8])";
constexpr std::size_t kMostDigits = 31;             // before the point, between limits
constexpr std::size_t kMostExponent = 3;            // digits of an exponent
constexpr std::size_t kMostMultipleStates = 20000;  // of a multiple

enum class Side : std::uint8_t { above, below };

std::string digits(std::size_t least, std::size_t most) {
  return "\\d{" + std::to_string(least) + "," + std::to_string(most) + "}";
}

/// A class of the digits beyond one of them; nothing where there are none.
std::string beyond(char digit, Side side, char lowest = '0') {
  const char first = side == Side::above ? static_cast<char>(digit + 1) : lowest;
  const char last = side == Side::above ? '9' : static_cast<char>(digit - 1);
  return first > last ? std::string() : std::string("[") + first + '-' + last + ']';
}

void add(std::string& alternatives, std::string_view one) {
  if (!alternatives.empty()) alternatives += '|';
  alternatives += one;
}

/// Whole numbers beyond another, of at most so many digits; nothing where there are none.
std::string whole_beyond(std::string_view number, Side side, std::size_t most) {
  const std::size_t n = number.size();
  std::string out;
  if (side == Side::above && n < most) add(out, "[1-9]" + digits(n, most - 1));
  if (side == Side::below && n > 1) add(out, "0|[1-9]" + digits(0, n - 2));
  for (std::size_t i = 0; i < n; ++i) {
    const std::string digit = beyond(number[i], side, i == 0 && n > 1 ? '1' : '0');
    if (digit.empty()) continue;
    add(out, std::string(number.substr(0, i)) + digit + digits(n - i - 1, n - i - 1));
  }
  return out;
}

/// Fractions with their points, or none at all, beyond another.
std::string fraction_beyond(std::string_view number, Side side, bool strict) {
  std::string out;
  for (std::size_t i = 0; i < number.size(); ++i) {
    const std::string before(number.substr(0, i));
    if (side == Side::below && i > 0) add(out, before);
    const std::string digit = beyond(number[i], side);
    if (!digit.empty()) add(out, before + digit + "\\d*");
  }
  if (side == Side::above) {
    add(out, std::string(number) + (strict ? "\\d*[1-9]\\d*" : "\\d*"));
    return number.empty() && !strict ? "(?:\\.\\d+)?" : "\\.(?:" + out + ")";
  }
  if (number.empty()) return strict ? std::string() : "(?:\\.0+)?";
  if (!strict) add(out, std::string(number) + "0*");
  return "(?:\\.(?:" + out + "))?";
}

std::string exponent_is(int exponent) {
  if (exponent == 0) return "[+-]?0{1,2}";
  return (exponent < 0 ? "-0?" : "\\+?0?") + std::to_string(std::abs(exponent));
}

std::string exponent_beyond(int exponent, Side side) {
  const std::string size = std::to_string(std::abs(exponent));
  const bool outward = (exponent >= 0) == (side == Side::above) || exponent == 0;
  const Side away = outward ? Side::above : Side::below;
  const std::string own = whole_beyond(size, away, kMostExponent);
  const bool negative = exponent < 0 || (exponent == 0 && side == Side::below);
  std::string out;
  if (!own.empty()) add(out, (negative ? "-0?(?:" : "\\+?0?(?:") + own + ")");
  if (!outward) add(out, (negative ? "\\+?" : "-") + digits(1, kMostExponent));
  return out;
}

struct Scientific {
  std::string mantissa;  ///< its digits, the first not 0
  int exponent;
};

Scientific scientific(const Decimal& number) {
  if (number.whole != "0") {
    std::string mantissa = number.whole + number.fraction;
    mantissa.erase(mantissa.find_last_not_of('0') + 1);
    return {mantissa, static_cast<int>(number.whole.size()) - 1};
  }
  const std::size_t zeros = number.fraction.find_first_not_of('0');
  return {number.fraction.substr(zeros), -static_cast<int>(zeros) - 1};
}

/// Numerals without a sign of numbers beyond another, or equal to it where not strict.
std::string size_beyond(const Decimal& number, Side side, bool strict) {
  std::string out;
  const std::string whole = whole_beyond(number.whole, side, kMostDigits);
  if (!whole.empty()) add(out, "(?:" + whole + ")(?:\\.\\d+)?");
  const std::string fraction = fraction_beyond(number.fraction, side, strict);
  const bool none = side == Side::below && strict && number.fraction.empty();
  if (!none) add(out, number.whole + fraction);
  if (is_zero(number)) {
    if (side == Side::above) add(out, "[1-9](?:\\.\\d+)?[eE][+-]?\\d{1,3}");
    return out;
  }
  const auto [mantissa, exponent] = scientific(number);
  const std::string exponents = exponent_beyond(exponent, side);
  if (!exponents.empty()) add(out, "[1-9](?:\\.\\d+)?[eE](?:" + exponents + ")");
  std::string same;
  const std::string first = beyond(mantissa[0], side, '1');
  if (!first.empty()) add(same, first + "(?:\\.\\d+)?");
  const std::string rest = mantissa.substr(1);
  const bool no_rest = side == Side::below && strict && rest.empty();
  if (!no_rest) add(same, mantissa.substr(0, 1) + fraction_beyond(rest, side, strict));
  if (!same.empty()) add(out, "(?:" + same + ")[eE](?:" + exponent_is(exponent) + ")");
  return out;
}

/// Numerals of numbers on one side of a limit.
std::string limit_pattern(const Decimal& limit, Side side, bool strict) {
  const bool with_sign = side == Side::below;  // numbers far on this side are negative
  std::string out;
  if (is_zero(limit)) {
    const std::string size = size_beyond(limit, Side::above, strict);
    add(out, (with_sign ? "-(?:" : "(?:") + size + ")");
    if (!strict) add(out, with_sign ? std::string(kZero) : std::string("-0\\.0+"));
  } else if (limit.negative == with_sign) {
    add(out, (with_sign ? "-(?:" : "(?:") + size_beyond(limit, Side::above, strict) + ")");
  } else {
    add(out, (with_sign ? "-(?:" : "(?:") + size_beyond({}, Side::above, false) + ")");
    const std::string size = size_beyond(limit, Side::below, strict);
    add(out, (with_sign ? "(?:" : "-(?:") + size + ")");
  }
  return out;
}

/// The numerals without exponents of multiples of a number, which is unit / 10^scale.
Expected<Automaton> multiples(const Decimal& number, Meter& meter) {
  const std::string joined = number.whole + number.fraction;
  const std::size_t scale = number.fraction.size();
  std::uint64_t unit = 0;
  const bool small = joined.size() <= 18;
  if (small) std::from_chars(joined.data(), joined.data() + joined.size(), unit);
  if (!small || unit == 0 || unit * (scale + 2) > kMostMultipleStates) {
    return fail(Fault::bad_request, "a divisor with too many digits");
  }
  // State 0 is the beginning, 1 is behind a sign; then the remainders before the point, and those
  // behind so many digits after it.
  Automaton out;
  const auto state = [&](std::size_t place, std::uint64_t rest) {
    return static_cast<std::uint32_t>(2 + place * unit + rest);
  };
  const auto add_digits = [&](std::uint64_t rest, std::size_t to_place) {
    auto& edges = out.edges.emplace_back();
    for (std::uint32_t digit = 0; digit < 10; ++digit) {
      edges.push_back({{'0' + digit, '0' + digit}, state(to_place, (rest * 10 + digit) % unit)});
    }
    return take(meter, 10 * sizeof(Automaton::Edge));
  };
  add_digits(0, 0);
  out.edges[0].insert(out.edges[0].begin(), {{'-', '-'}, 1});
  add_digits(0, 0);
  out.accepts = {0, 0};
  for (std::size_t place = 0; place <= scale + 1 && !is_over(meter); ++place) {
    for (std::uint64_t rest = 0; rest < unit; ++rest) {
      std::uint64_t whole = rest;  // with zeros for the digits that are not there
      for (std::size_t i = place == 0 ? 0 : place - 1; i < scale; ++i) whole = whole * 10 % unit;
      out.accepts.push_back(whole == 0 ? 1 : 0);
      if (place == 0) {
        add_digits(rest, 0);
        out.edges.back().insert(out.edges.back().begin(), {{'.', '.'}, state(1, rest)});
      } else if (place <= scale) {
        add_digits(rest, place + 1);
      } else {
        out.edges.push_back({{{'0', '0'}, state(place, rest)}});
      }
    }
  }
  return out;
}

std::string base_pattern(const NumberRules& rules) {
  const std::string digits = "-?(?:0|[1-9]\\d*)";
  if (!rules.whole) return "-?(?:" + std::string(kAny) + ")";
  return rules.plain_whole ? digits : digits + "(?:\\.0)?|" + std::string(kLarge);
}

/// Whether every whole number is a multiple: 1 / number is whole.
bool divides_all_whole(const Decimal& number) {
  const std::string joined = number.whole + number.fraction;
  std::uint64_t unit = 0;
  std::uint64_t one = 1;
  if (joined.size() > 18) return false;
  std::from_chars(joined.data(), joined.data() + joined.size(), unit);
  for (std::size_t i = 0; i < number.fraction.size(); ++i) one *= 10;
  return unit > 0 && one % unit == 0;
}

/// A number without an exponent: the digits that tell it from all others, and zeros.
std::string plain_digits(double number) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number,
                                 std::chars_format::scientific);
  std::string text(buffer.data(), end.ptr);
  const std::size_t mark = text.find('e');
  if (mark == std::string::npos) return {};  // no number
  int exponent = 0;
  const char* first = text.data() + mark + (text[mark + 1] == '+' ? 2 : 1);
  std::from_chars(first, text.data() + text.size(), exponent);
  const std::string sign = text.front() == '-' ? "-" : "";
  std::string digits = text.substr(sign.size(), mark - sign.size());
  std::erase(digits, '.');
  if (exponent < 0) {
    return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() < whole) digits.append(whole - digits.size(), '0');
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace

std::optional<Decimal> decimal_of(const boost::json::value& value) {
  std::string text;
  if (const auto* number = value.if_int64()) {
    text = std::to_string(*number);
  } else if (const auto* large = value.if_uint64()) {
    text = std::to_string(*large);
  } else if (const auto* real = value.if_double()) {
    text = plain_digits(*real);
  }
  if (text.empty()) return {};
  Decimal out{.negative = text.front() == '-'};
  if (out.negative) text.erase(0, 1);
  const std::size_t point = text.find('.');
  out.whole = text.substr(0, point);
  if (point != std::string::npos) out.fraction = text.substr(point + 1);
  out.fraction.erase(out.fraction.find_last_not_of('0') + 1);
  if (is_zero(out)) out.negative = false;
  return out;
}

bool is_zero(const Decimal& number) {
  return number.whole == "0" && number.fraction.empty();
}

bool is_whole(const Decimal& number) {
  return number.fraction.empty();
}

std::string numeral_pattern(const Decimal& number) {
  const std::string sign = number.negative ? "-" : "";
  if (is_zero(number)) return "-?" + std::string(kZero);
  std::string out = number.whole;
  out += number.fraction.empty() ? "(?:\\.0+)?" : "\\." + number.fraction + "0*";
  const auto [mantissa, exponent] = scientific(number);
  out += "|" + mantissa.substr(0, 1);
  if (mantissa.size() > 1) out += "\\." + mantissa.substr(1);
  return sign + "(?:" + out + "[eE](?:" + exponent_is(exponent) + "))";
}

Expected<Automaton> numerals(const NumberRules& rules, Meter& meter) {
  MR_TRY(Automaton out, own_pattern(base_pattern(rules), meter));
  const auto limit = [&](const std::optional<Decimal>& number, Side side,
                         bool strict) -> Expected<void> {
    if (!number) return {};
    MR_TRY(const Automaton one, own_pattern(limit_pattern(*number, side, strict), meter));
    out = both(out, one, meter);
    return {};
  };
  MR_TRY_VOID(limit(rules.least, Side::above, rules.above_least));
  MR_TRY_VOID(limit(rules.most, Side::below, rules.below_most));
  if (rules.multiple_of) {
    MR_TRY(Automaton one, multiples(*rules.multiple_of, meter));
    if (divides_all_whole(*rules.multiple_of)) {
      MR_TRY(const Automaton large, own_pattern(kLarge, meter));
      one = opposite(both(opposite(one, meter), opposite(large, meter), meter), meter);
    }
    out = both(out, one, meter);
  }
  return out;
}

}  // namespace mr::text::grammar
