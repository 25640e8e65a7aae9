#include <algorithm>
#include <array>
#include <span>

#include "base/quote.h"
#include "text/grammar/schema_terms.h"

namespace mr::text::grammar {
namespace json = boost::json;
namespace {

/// Keywords that would matter and are not enforced.
Expected<void> refuse_others(const SchemaText& text, const json::object& schema) {
  const bool early = text.dialect == Dialect::draft4 || text.dialect == Dialect::draft6;
  for (const char* key :
       {"dependencies", "dependentRequired", "dependentSchemas", "contains", "unevaluatedItems",
        "unevaluatedProperties", "extends", "disallow", "divisibleBy"}) {
    if (schema.contains(key)) return refuse_keyword(text, schema, key);
  }
  if (schema.contains("if") && (schema.contains("then") || schema.contains("else"))) {
    return refuse_keyword(text, schema, "if");
  }
  if (const json::value* unique = schema.if_contains("uniqueItems")) {
    if (*unique != json::value(false)) return refuse_keyword(text, schema, "uniqueItems");
  }
  if (early && schema.contains("prefixItems")) {
    return refuse_keyword(text, schema, "prefixItems", "not a keyword of this draft");
  }
  const bool late = text.dialect == Dialect::draft2019 || text.dialect == Dialect::draft2020;
  for (const char* key : {"contentMediaType", "contentEncoding"}) {
    if (!late && schema.contains(key)) return refuse_keyword(text, schema, key);
  }
  for (const char* key : {"const", "propertyNames"}) {
    if (text.dialect == Dialect::draft4 && schema.contains(key)) {
      return refuse_keyword(text, schema, key, "not a keyword of this draft");
    }
  }
  return {};
}

Expected<std::uint8_t> kind_named(const SchemaText& text, const json::object& schema,
                                  const json::value& name, bool& fractions) {
  constexpr std::array<std::pair<std::string_view, std::uint8_t>, 7> kNames{
      {{"null", types::kNull},
       {"boolean", types::kBoolean},
       {"number", types::kNumber},
       {"integer", types::kNumber},
       {"string", types::kString},
       {"array", types::kArray},
       {"object", types::kObject}}};
  const std::string_view wanted = name.is_string() ? text_of(name.get_string()) : "";
  if (wanted == "number") fractions = true;
  for (const auto& [own, kind] : kNames) {
    if (own == wanted) return kind;
  }
  return refuse_keyword(text, schema, "type", "no type " + quote(wanted));
}

Expected<void> read_type(const SchemaText& text, const json::object& schema, Shape& shape) {
  const json::value* type = schema.if_contains("type");
  if (type == nullptr) return {};
  bool fractions = false;
  std::uint8_t kinds = 0;
  if (const auto* list = type->if_array()) {
    for (const json::value& one : *list) {
      MR_TRY(const std::uint8_t kind, kind_named(text, schema, one, fractions));
      kinds |= kind;
    }
  } else {
    MR_TRY(kinds, kind_named(text, schema, *type, fractions));
  }
  shape.kinds &= kinds;
  shape.numbers.whole = shape.numbers.whole || ((kinds & types::kNumber) != 0 && !fractions);
  return {};
}

bool less(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) return a.negative;
  const auto smaller = [](const Decimal& x, const Decimal& y) {
    if (x.whole.size() != y.whole.size()) return x.whole.size() < y.whole.size();
    return x.whole != y.whole ? x.whole < y.whole : x.fraction < y.fraction;
  };
  return a.negative ? smaller(b, a) : smaller(a, b);
}

/// A number that a limit names. Nothing for one of so many digits that it may not be the one that
/// was written: numbers that are no 64-bit integers are read to about 16 digits.
std::optional<Decimal> limit_of(const json::value& value) {
  constexpr std::size_t kDigits = 16;
  auto number = decimal_of(value);
  if (!number || !value.is_double()) return number;
  std::string digits = number->whole == "0" ? number->fraction : number->whole + number->fraction;
  digits.erase(0, digits.find_first_not_of('0'));
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.size() >= kDigits) return {};
  return number;
}

/// Takes a limit into account where it is the tighter one.
void tighten(std::optional<Decimal>& limit, bool& strict, const Decimal& number, bool own_strict,
             bool lower) {
  const bool tighter = !limit || (lower ? less(*limit, number) : less(number, *limit));
  const bool equal = limit && !less(*limit, number) && !less(number, *limit);
  if (tighter) strict = own_strict;
  if (equal) strict = strict || own_strict;
  if (tighter) limit = number;
}

Expected<void> read_limit(const SchemaText& text, const json::object& schema, Shape& shape,
                          bool lower) {
  const char* key = lower ? "minimum" : "maximum";
  const char* beyond = lower ? "exclusiveMinimum" : "exclusiveMaximum";
  auto& limit = lower ? shape.numbers.least : shape.numbers.most;
  bool& strict = lower ? shape.numbers.above_least : shape.numbers.below_most;
  const json::value* own = schema.if_contains(key);
  const json::value* other = schema.if_contains(beyond);
  bool own_strict = false;
  if (other != nullptr && other->is_bool() && text.dialect != Dialect::draft4 &&
      text.dialect != Dialect::unknown) {
    return refuse_keyword(text, schema, beyond, "wanted a number in this draft");
  }
  if (other != nullptr && other->is_bool()) {
    own_strict = other->get_bool();
  } else if (other != nullptr) {
    const auto number = limit_of(*other);
    if (!number || text.dialect == Dialect::draft4) {
      return refuse_keyword(text, schema, beyond, "no limit of this draft, or of too many digits");
    }
    tighten(limit, strict, *number, true, lower);
  }
  if (own == nullptr) return {};
  const auto number = limit_of(*own);
  if (!number) {
    return refuse_keyword(text, schema, key, "wanted a number of at most 15 digits, or an integer");
  }
  tighten(limit, strict, *number, own_strict, lower);
  return {};
}

Expected<void> read_numbers(const SchemaText& text, const json::object& schema, Shape& shape) {
  MR_TRY_VOID(read_limit(text, schema, shape, true));
  MR_TRY_VOID(read_limit(text, schema, shape, false));
  if (const json::value* divisor = schema.if_contains("multipleOf")) {
    const auto number = decimal_of(*divisor);
    if (!number || number->negative || is_zero(*number)) {
      return refuse_keyword(text, schema, "multipleOf", "wanted a number above 0");
    }
    shape.divisors.push_back(*number);
  }
  return {};
}

Expected<void> read_format(const SchemaText& text, const json::object& schema, Shape& shape) {
  const json::value* format = schema.if_contains("format");
  if (format == nullptr || !format->is_string()) return {};
  const std::string_view name = text_of(format->get_string());
  if (!is_format(name)) return {};
  if (text.dialect == Dialect::draft2019 || text.dialect == Dialect::draft2020) {
    return refuse_keyword(text, schema, "format",
                          "a remark in this draft, which is not enforced; leave out $schema to "
                          "have it enforced");
  }
  const auto pattern = format_pattern(name);
  if (!pattern) return refuse_keyword(text, schema, "format", quote(name) + " cannot be enforced");
  shape.whole_patterns.push_back(*pattern);
  constexpr std::int64_t kMostHostname = 253;
  if (name == "hostname") {
    shape.most_length =
        shape.most_length < 0 ? kMostHostname : std::min(shape.most_length, kMostHostname);
  }
  return {};
}

Expected<void> read_strings(const SchemaText& text, const json::object& schema, Shape& shape) {
  MR_TRY(const auto least, count_of(text, schema, "minLength"));
  MR_TRY(const auto most, count_of(text, schema, "maxLength"));
  if (least) shape.least_length = std::max(shape.least_length, *least);
  if (most) {
    shape.most_length = shape.most_length < 0 ? *most : std::min(shape.most_length, *most);
  }
  if (const json::value* pattern = schema.if_contains("pattern")) {
    if (!pattern->is_string()) return refuse_keyword(text, schema, "pattern", "wanted a string");
    shape.patterns.emplace_back(text_of(pattern->get_string()));
  }
  return read_format(text, schema, shape);
}

Expected<void> read_values(const SchemaText& text, const json::object& schema, Shape& shape) {
  std::vector<const json::value*> values;
  const json::value* list = schema.if_contains("enum");
  const json::value* one = schema.if_contains("const");
  if (list == nullptr && one == nullptr) return {};
  if (list != nullptr && !list->is_array()) {
    return refuse_keyword(text, schema, "enum", "wanted a list");
  }
  const auto narrow = [&](const auto& wanted) {
    if (!shape.values) {
      shape.values.emplace();
      for (const json::value& value : wanted) shape.values->push_back(&value);
      return;
    }
    std::erase_if(*shape.values, [&](const json::value* value) {
      return std::ranges::none_of(wanted,
                                  [&](const json::value& own) { return same(own, *value); });
    });
  };
  if (list != nullptr) narrow(list->get_array());
  if (one != nullptr) narrow(std::span<const json::value>(one, 1));
  return {};
}

/// What a schema that must not hold leaves, where it is simple enough.
Expected<void> read_not(const SchemaText& text, const json::object& owner, const json::value& no,
                        Shape& shape) {
  const json::object* schema = no.if_object();
  if (no.is_bool() || (schema != nullptr && schema->empty())) {
    if (!no.is_bool() || no.get_bool()) shape.kinds = 0;
    return {};
  }
  if (schema == nullptr || schema->size() != 1) return refuse_keyword(text, owner, "not");
  const std::string_view key(schema->begin()->key().data(), schema->begin()->key().size());
  const json::value& value = schema->begin()->value();
  if (key == "anyOf" && value.is_array()) {
    for (const json::value& one : value.get_array()) {
      MR_TRY_VOID(read_not(text, owner, one, shape));
    }
    return {};
  }
  if (key == "type") {
    Shape own;
    MR_TRY_VOID(read_type(text, *schema, own));
    if (own.numbers.whole) return refuse_keyword(text, owner, "not");
    shape.kinds &= static_cast<std::uint8_t>(~own.kinds);
    return {};
  }
  if (key == "required" && value.is_array() && value.get_array().size() == 1 &&
      value.get_array()[0].is_string()) {
    shape.not_keys.emplace_back(text_of(value.get_array()[0].get_string()));
    return {};
  }
  if (key != "const" && (key != "enum" || !value.is_array())) {
    return refuse_keyword(text, owner, "not");
  }
  std::span<const json::value> values(&value, 1);
  if (key == "enum") values = {value.get_array().data(), value.get_array().size()};
  for (const json::value& one : values) {
    if (one.is_array() || one.is_object()) return refuse_keyword(text, owner, "not");
    shape.not_values.push_back(&one);
  }
  return {};
}

}  // namespace

Expected<Shape> shape_of(const SchemaText& text, const std::vector<Term>& terms) {
  Shape shape;
  shape.numbers.plain_whole = text.dialect == Dialect::draft4;
  for (const Term& term : terms) {
    const json::object& schema = *term.schema;
    MR_TRY_VOID(refuse_others(text, schema));
    MR_TRY_VOID(read_type(text, schema, shape));
    MR_TRY_VOID(read_numbers(text, schema, shape));
    MR_TRY_VOID(read_strings(text, schema, shape));
    MR_TRY_VOID(read_values(text, schema, shape));
    if (const json::value* no = schema.if_contains("not")) {
      MR_TRY_VOID(read_not(text, schema, *no, shape));
    }
    shape.schemas.push_back(&schema);
  }
  return shape;
}

}  // namespace mr::text::grammar
