#include <algorithm>

#include "text/grammar/schema_writer.h"

namespace mr::text::grammar {
namespace json = boost::json;
namespace {

constexpr int kMostDepth = 3;            // of objects in objects that are looked into
constexpr std::size_t kMostShapes = 32;  // of one schema with choices

/// The shapes of which a value has one where the schemas hold; too many: none, and false.
Expected<bool> shapes_of(const Writer& w, std::vector<Term> terms, std::vector<Shape>& shapes) {
  const auto choice =
      std::ranges::find_if(terms, [](const Term& term) { return term.part != Term::Part::own; });
  if (choice == terms.end()) {
    if (shapes.size() == kMostShapes || !take(*w.net.meter, sizeof(Shape))) return false;
    MR_TRY(Shape shape, shape_of(w.text, terms));
    shapes.push_back(std::move(shape));
    return true;
  }
  const Term chosen = *choice;
  terms.erase(choice);
  const char* key = chosen.part == Term::Part::any_of ? "anyOf" : "oneOf";
  for (const json::value& branch : chosen.schema->at(key).get_array()) {
    MR_TRY(const Terms more, terms_of(w.text, {&branch}, w.net.meter->limits));
    if (more.never) continue;
    std::vector<Term> all = terms;
    for (const Term& term : more.list) {
      if (std::ranges::find(all, term) == all.end()) all.push_back(term);
    }
    // A schema that is one of its own branches would never end.
    if (std::ranges::find(all, chosen) != all.end()) return false;
    MR_TRY(const bool fits, shapes_of(w, std::move(all), shapes));
    if (!fits) return false;
  }
  return true;
}

Expected<bool> apart(const Writer& w, const Schemas& a, const Schemas& b, int depth);

/// Whether objects of both cannot be: one needs a key for which the other has no value in common.
Expected<bool> objects_apart(const Writer& w, const Shape& a, const Shape& b, int depth) {
  for (const auto& [x, y] : {std::pair{&a, &b}, {&b, &a}}) {
    MR_TRY(const std::vector<std::string> keys, required_keys(w, *x));
    for (const std::string& key : keys) {
      if (std::ranges::find(y->not_keys, key) != y->not_keys.end()) return true;
      MR_TRY(const Schemas left, schemas_of_key(w, *x, key));
      MR_TRY(const Schemas right, schemas_of_key(w, *y, key));
      MR_TRY(const bool no_value, apart(w, left, right, depth + 1));
      if (no_value) return true;
    }
  }
  return false;
}

bool share_word(const Shape& a, const Shape& b, std::uint8_t kind, const json::value& word) {
  const auto allows = [&](const Shape& shape) {
    const auto is_word = [&](const json::value* value) { return same(*value, word); };
    return (shape.kinds & kind) != 0 && std::ranges::none_of(shape.not_values, is_word) &&
           (!shape.values || std::ranges::any_of(*shape.values, is_word));
  };
  return allows(a) && allows(b);
}

/// Whether a shape can be an array or an object.
bool can_be(const Shape& shape, std::uint8_t kind) {
  return (shape.kinds & kind) != 0 &&
         (!shape.values || std::ranges::any_of(*shape.values, [&](const json::value* value) {
           return kind_of(*value) == kind;
         }));
}

Expected<bool> shapes_apart(const Writer& w, const Shape& a, const Shape& b, int depth) {
  for (const json::value& word : {json::value(nullptr), json::value(true), json::value(false)}) {
    if (share_word(a, b, kind_of(word), word)) return false;
  }
  const std::uint8_t kinds = a.kinds & b.kinds;
  if ((kinds & types::kNumber) != 0) {
    MR_TRY(const Automaton x, numerals_of(w, a));
    MR_TRY(const Automaton y, numerals_of(w, b));
    if (!is_empty(both(x, y, *w.net.meter))) return false;
  }
  if ((kinds & types::kString) != 0) {
    MR_TRY(const Automaton x, strings_of(w, a));
    MR_TRY(const Automaton y, strings_of(w, b));
    if (!is_empty(both(x, y, *w.net.meter))) return false;
  }
  if (can_be(a, types::kArray) && can_be(b, types::kArray)) return false;
  if (!can_be(a, types::kObject) || !can_be(b, types::kObject)) return true;
  return objects_apart(w, a, b, depth);
}

Expected<bool> apart(const Writer& w, const Schemas& a, const Schemas& b, int depth) {
  if (depth > kMostDepth) return false;
  MR_TRY(const Terms x, terms_of(w.text, a, w.net.meter->limits));
  MR_TRY(const Terms y, terms_of(w.text, b, w.net.meter->limits));
  if (x.never || y.never) return true;
  std::vector<Shape> left;
  std::vector<Shape> right;
  MR_TRY(const bool left_fits, shapes_of(w, x.list, left));
  MR_TRY(const bool right_fits, shapes_of(w, y.list, right));
  if (!left_fits || !right_fits) return false;
  for (const Shape& one : left) {
    for (const Shape& other : right) {
      MR_TRY(const bool none, shapes_apart(w, one, other, depth));
      if (!none) return false;
    }
  }
  return true;
}

}  // namespace

Expected<bool> exclude_each_other(const Writer& w, const Schemas& a, const Schemas& b) {
  return apart(w, a, b, 0);
}

}  // namespace mr::text::grammar
