#pragma once
#include <deque>
#include <set>

#include "text/grammar/automaton.h"
#include "text/grammar/schema_terms.h"

/// A schema on its way to rules: one rule for each set of terms that must hold together, made when
/// its turn comes, so that schemas may refer to themselves.
namespace mr::text::grammar {

struct Writer {
  Network& net;
  SchemaText text;
  std::map<std::vector<Term>, RuleId> rules = {};
  std::deque<std::pair<std::vector<Term>, RuleId>> queue = {};  ///< rules that are empty so far
  RuleId nothing = kNothing;  ///< a rule that nothing matches, once there is a use for it
};

/// The rule of values for which all of these schemas hold.
Expected<RuleId> rule_of(Writer& writer, const Schemas& schemas);

/// The strings, and the numerals, that a shape leaves.
Expected<Automaton> strings_of(const Writer& writer, const Shape& shape);
Expected<Automaton> numerals_of(const Writer& writer, const Shape& shape);

Expected<void> add_array(Writer& writer, State from, State to, const Shape& shape);
Expected<void> add_object(Writer& writer, State from, State to, const Shape& shape);

/// Whether a shape says anything about the inside of arrays and objects.
bool looks_inside(const Shape& shape);

/// What the schemas of a shape say about one key of an object.
Expected<Schemas> schemas_of_key(const Writer& writer, const Shape& shape, std::string_view key);

/// The keys that an object must have.
Expected<std::vector<std::string>> required_keys(const Writer& writer, const Shape& shape);

/// Whether no value can hold for both. False where that is not easily seen.
Expected<bool> exclude_each_other(const Writer& writer, const Schemas& a, const Schemas& b);

}  // namespace mr::text::grammar
