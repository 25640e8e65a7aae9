#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "text/grammar/numerals.h"

/// What a schema says, taken apart: references followed, and what must hold together side by side.
namespace mr::text::grammar {

/// The drafts of JSON Schema as far as they tell keywords apart.
enum class Dialect : std::uint8_t { unknown, draft4, draft6, draft2019, draft2020 };

/// A whole schema and what is known about it.
struct SchemaText {
  const boost::json::value* root;
  Dialect dialect = Dialect::unknown;
  bool has_refs = false;
};

/// A part of a schema that must hold: its own keywords, or one of the schemas of a list of it.
struct Term {
  enum class Part : std::uint8_t { own, any_of, one_of };
  const boost::json::object* schema = nullptr;
  Part part = Part::own;

  auto operator<=>(const Term&) const = default;
};

/// What must hold together, without references and allOf, as it stands in the schema, each once.
struct Terms {
  std::vector<Term> list = {};
  bool never = false;  ///< the schema `false` is among it
};

using Schemas = std::vector<const boost::json::value*>;

namespace types {
inline constexpr std::uint8_t kNull = 1;
inline constexpr std::uint8_t kBoolean = 2;
inline constexpr std::uint8_t kNumber = 4;
inline constexpr std::uint8_t kString = 8;
inline constexpr std::uint8_t kArray = 16;
inline constexpr std::uint8_t kObject = 32;
inline constexpr std::uint8_t kAll = 63;
}  // namespace types

/// What the own keywords of some schemas leave of the values, by kind; arrays and objects are left
/// to those who look at the schemas themselves.
struct Shape {
  std::uint8_t kinds = types::kAll;
  NumberRules numbers = {};
  std::vector<Decimal> divisors = {};
  std::int64_t least_length = 0;
  std::int64_t most_length = -1;
  std::vector<std::string> patterns = {};                             ///< found anywhere
  std::vector<std::string> whole_patterns = {};                       ///< of formats
  std::optional<std::vector<const boost::json::value*>> values = {};  ///< of enum and const
  std::vector<const boost::json::value*> not_values = {};
  std::vector<std::string> not_keys = {};
  std::vector<const boost::json::object*> schemas = {};  ///< those that this was made of
};

/// Looks at the whole schema: its size, its draft, and what no part of it may be.
Expected<SchemaText> look_over(const boost::json::value& schema, const Limits& limits);

Expected<Terms> terms_of(const SchemaText& text, const Schemas& schemas, const Limits& limits);

/// The shape of terms that are all `own`.
Expected<Shape> shape_of(const SchemaText& text, const std::vector<Term>& terms);

/// Where in the schema an object or a value of it stands, such as `$.properties.a`.
std::string path_of(const SchemaText& text, const void* part);

/// The error for a keyword of a schema: `$.properties.a.not: cannot be enforced`.
tl::unexpected<Error> refuse_keyword(const SchemaText& text, const boost::json::object& schema,
                                     std::string_view key, std::string_view why = "");

inline std::string_view text_of(const boost::json::string& text) {
  return {text.data(), text.size()};
}

/// A keyword, or null.
inline const boost::json::value* keyword(const boost::json::object& schema, std::string_view key) {
  return schema.if_contains(key);
}

/// A limit such as minItems. Errors: bad_request where it is no whole number, or negative.
Expected<std::optional<std::int64_t>> count_of(const SchemaText& text,
                                               const boost::json::object& schema,
                                               std::string_view key);

/// Whether two values are the same to JSON Schema: 1 and 1.0 are.
bool same(const boost::json::value& a, const boost::json::value& b);

std::uint8_t kind_of(const boost::json::value& value);

/// A pattern of the strings of a format; none where it is not enforced.
std::optional<std::string> format_pattern(std::string_view format);

/// Whether a format is one of JSON Schema's own.
bool is_format(std::string_view format);

}  // namespace mr::text::grammar
