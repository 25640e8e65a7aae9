#pragma once
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/grammar/automaton.h"

/// The numerals of JSON that a schema leaves of numbers.
namespace mr::text::grammar {

/// A number as its decimal digits: no zero before the first but for that of 0, none at the end of
/// the fraction.
struct Decimal {
  bool negative = false;
  std::string whole = "0";
  std::string fraction = {};
};

/// Nothing for values that are no numbers.
std::optional<Decimal> decimal_of(const boost::json::value& value);

bool is_zero(const Decimal& number);
bool is_whole(const Decimal& number);

struct NumberRules {
  bool whole = false;        ///< numbers without a fraction: 3 and 3.0 ...
  bool plain_whole = false;  ///< ... but for 3.0, as draft 4 has it
  std::optional<Decimal> least = {};
  std::optional<Decimal> most = {};
  bool above_least = false;  ///< `least` itself does not do
  bool below_most = false;
  std::optional<Decimal> multiple_of = {};
};

/// The numerals of the numbers that do. Between limits exponents have one digit before the point,
/// and numbers at most 31 before it; multiples have no exponents.
/// Errors: bad_request for a multiple_of of too many digits, and what a meter says.
Expected<Automaton> numerals(const NumberRules& rules, Meter& meter);

/// A pattern of the numerals of one number.
std::string numeral_pattern(const Decimal& number);

}  // namespace mr::text::grammar
