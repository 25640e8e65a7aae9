#include "text/grammar/schema_terms.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/quote.h"

namespace mr::text::grammar {
namespace json = boost::json;
namespace {

/// Keywords that say something about values; beside a reference they matter.
bool is_assertion(std::string_view key) {
  constexpr std::array<std::string_view, 40> kKeys{"type",
                                                   "enum",
                                                   "const",
                                                   "multipleOf",
                                                   "maximum",
                                                   "minimum",
                                                   "exclusiveMaximum",
                                                   "exclusiveMinimum",
                                                   "maxLength",
                                                   "minLength",
                                                   "pattern",
                                                   "format",
                                                   "items",
                                                   "prefixItems",
                                                   "additionalItems",
                                                   "maxItems",
                                                   "minItems",
                                                   "uniqueItems",
                                                   "contains",
                                                   "maxContains",
                                                   "minContains",
                                                   "properties",
                                                   "patternProperties",
                                                   "additionalProperties",
                                                   "maxProperties",
                                                   "minProperties",
                                                   "required",
                                                   "propertyNames",
                                                   "dependencies",
                                                   "dependentRequired",
                                                   "dependentSchemas",
                                                   "unevaluatedItems",
                                                   "unevaluatedProperties",
                                                   "allOf",
                                                   "anyOf",
                                                   "oneOf",
                                                   "not",
                                                   "if",
                                                   "then",
                                                   "else"};
  return std::ranges::find(kKeys, key) != kKeys.end();
}

enum class Holds : std::uint8_t { nothing, schema, list, map };

/// What a keyword's value is, as far as schemas are in it.
Holds holds(std::string_view key, const json::value& value) {
  constexpr std::array<std::string_view, 14> kOne{"items",
                                                  "additionalItems",
                                                  "contains",
                                                  "additionalProperties",
                                                  "propertyNames",
                                                  "not",
                                                  "if",
                                                  "then",
                                                  "else",
                                                  "unevaluatedItems",
                                                  "unevaluatedProperties",
                                                  "contentSchema",
                                                  "items",
                                                  "not"};
  constexpr std::array<std::string_view, 5> kLists{"allOf", "anyOf", "oneOf", "prefixItems",
                                                   "items"};
  constexpr std::array<std::string_view, 6> kMaps{"properties",       "patternProperties",
                                                  "definitions",      "$defs",
                                                  "dependentSchemas", "dependencies"};
  if (value.is_array() && std::ranges::find(kLists, key) != kLists.end()) return Holds::list;
  if (value.is_object() && std::ranges::find(kMaps, key) != kMaps.end()) return Holds::map;
  return std::ranges::find(kOne, key) != kOne.end() ? Holds::schema : Holds::nothing;
}

/// Looks at every schema in a schema.
template <typename Visit>
Expected<void> for_schemas(const json::value& schema, const Visit& visit) {
  std::vector<const json::value*> work{&schema};
  while (!work.empty()) {
    const json::value* value = work.back();
    work.pop_back();
    const json::object* object = value->if_object();
    if (object == nullptr) continue;
    MR_TRY_VOID(visit(*object));
    for (const auto& [key, inner] : *object) {
      switch (holds({key.data(), key.size()}, inner)) {
        case Holds::nothing:
          break;
        case Holds::schema:
          work.push_back(&inner);
          break;
        case Holds::list:
          for (const json::value& one : inner.get_array()) work.push_back(&one);
          break;
        case Holds::map:
          for (const auto& [name, one] : inner.get_object()) work.push_back(&one);
          break;
      }
    }
  }
  return {};
}

std::int32_t depth_of(const json::value& value) {
  std::int32_t inner = 0;
  if (const auto* object = value.if_object()) {
    for (const auto& [key, one] : *object) inner = std::max(inner, depth_of(one));
  } else if (const auto* list = value.if_array()) {
    for (const json::value& one : *list) inner = std::max(inner, depth_of(one));
  } else {
    return 0;
  }
  return inner + 1;
}

Expected<Dialect> dialect_of(const json::value& root) {
  const json::object* object = root.if_object();
  const json::value* named = object != nullptr ? object->if_contains("$schema") : nullptr;
  if (named == nullptr) return Dialect::unknown;
  const std::string_view name = named->is_string() ? text_of(named->get_string()) : "";
  const auto has = [&](std::string_view part) { return name.find(part) != std::string_view::npos; };
  if (!has("json-schema.org/")) {
    return fail(Fault::bad_request, "$.$schema: wanted a draft of json-schema.org, found " +
                                        (named->is_string() ? quote(name) : "no string"));
  }
  if (has("draft-03")) return fail(Fault::bad_request, "$.$schema: wanted draft 4 or later");
  if (has("draft-04")) return Dialect::draft4;
  if (has("draft-06") || has("draft-07")) return Dialect::draft6;
  if (has("2019-09")) return Dialect::draft2019;
  return has("2020-12") ? Dialect::draft2020 : Dialect::unknown;
}

/// Part of a reference as a key: ~1 is /, ~0 is ~, %XX a byte.
std::string key_of(std::string_view part) {
  std::string bytes;
  for (std::size_t i = 0; i < part.size(); ++i) {
    unsigned byte = 0;
    const char* hex = part.data() + i + 1;
    if (part[i] == '%' && i + 2 < part.size() &&
        std::from_chars(hex, hex + 2, byte, 16).ptr == hex + 2) {
      bytes += static_cast<char>(byte);
      i += 2;
    } else {
      bytes += part[i];
    }
  }
  std::string key;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '~' && i + 1 < bytes.size() && (bytes[i + 1] == '0' || bytes[i + 1] == '1')) {
      key += bytes[++i] == '0' ? '~' : '/';
    } else {
      key += bytes[i];
    }
  }
  return key;
}

const json::value* follow(const json::value& root, std::string_view pointer) {
  const json::value* at = &root;
  while (!pointer.empty() && at != nullptr) {
    pointer.remove_prefix(1);  // the /
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    const std::string key = key_of(pointer.substr(0, end));
    pointer.remove_prefix(end);
    const json::value* next = nullptr;
    if (const auto* object = at->if_object()) {
      next = object->if_contains(key);
    } else if (const auto* list = at->if_array()) {
      std::size_t index = list->size();
      std::from_chars(key.data(), key.data() + key.size(), index);
      next = index < list->size() ? &(*list)[index] : nullptr;
    }
    at = next;
  }
  return at;
}

/// The schema with a name of its own: $anchor, or $id in older drafts.
const json::value* anchored(const SchemaText& text, const std::string& name) {
  const json::value* found = nullptr;
  std::vector<const json::value*> work{text.root};
  while (!work.empty() && found == nullptr) {
    const json::value* value = work.back();
    work.pop_back();
    if (const auto* list = value->if_array()) {
      for (const json::value& one : *list) work.push_back(&one);
    } else if (const auto* object = value->if_object()) {
      for (const char* key : {"$anchor", "$id", "id"}) {
        const json::value* own = object->if_contains(key);
        if (own == nullptr || !own->is_string()) continue;
        const std::string_view spelled = text_of(own->get_string());
        if (spelled == name || spelled == "#" + name) found = value;
      }
      for (const auto& [key, one] : *object) {
        if (key != "enum" && key != "const") work.push_back(&one);
      }
    }
  }
  return found;
}

Expected<const json::value*> resolve(const SchemaText& text, const json::object& schema) {
  const json::value& ref = schema.at("$ref");
  if (!ref.is_string()) return refuse_keyword(text, schema, "$ref", "wanted a string");
  std::string_view target = text_of(ref.get_string());
  const json::object& root = text.root->get_object();
  for (const char* key : {"$id", "id"}) {
    const json::value* own = root.if_contains(key);
    if (own == nullptr || !own->is_string() || own->get_string().empty()) continue;
    std::string_view base = text_of(own->get_string());
    if (base.ends_with('#')) base.remove_suffix(1);
    if (target == base) target = "#";
    if (target.starts_with(base) && target.substr(base.size()).starts_with('#')) {
      target.remove_prefix(base.size());
    }
  }
  if (!target.starts_with('#')) {
    return refuse_keyword(text, schema, "$ref", "only references within the schema are followed");
  }
  target.remove_prefix(1);
  const json::value* found = target.empty() || target.starts_with('/')
                                 ? follow(*text.root, target)
                                 : anchored(text, key_of(target));
  if (found == nullptr || (!found->is_object() && !found->is_bool())) {
    return refuse_keyword(text, schema, "$ref", "there is no schema at " + quote(target));
  }
  return found;
}

/// Whether what stands beside a reference counts. Errors: where the draft is not known.
Expected<bool> counts_beside_ref(const SchemaText& text, const json::object& schema) {
  if (text.dialect == Dialect::draft4 || text.dialect == Dialect::draft6) return false;
  if (text.dialect != Dialect::unknown) return true;
  for (const auto& [key, value] : schema) {
    if (is_assertion({key.data(), key.size()})) {
      return refuse_keyword(text, schema, "$ref",
                            "whether " + quote(std::string_view(key.data(), key.size())) +
                                " counts beside it depends on the draft: name it in $schema");
    }
  }
  return false;
}

std::optional<std::string> find_path(const json::value& at, const void* part) {
  if (&at == part || at.if_object() == part || at.if_array() == part) return std::string();
  if (const auto* object = at.if_object()) {
    for (const auto& [key, value] : *object) {
      if (auto path = find_path(value, part)) {
        return "." + std::string(key.data(), key.size()) + *path;
      }
    }
  } else if (const auto* list = at.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (auto path = find_path((*list)[i], part)) return "[" + std::to_string(i) + "]" + *path;
    }
  }
  return {};
}

/// A list of schemas of a keyword.
Expected<const json::array*> list_of(const SchemaText& text, const json::object& schema,
                                     std::string_view key) {
  const json::value* value = schema.if_contains(key);
  if (value == nullptr) return nullptr;
  if (!value->is_array() || value->get_array().empty()) {
    return refuse_keyword(text, schema, key, "wanted a list of schemas");
  }
  return &value->get_array();
}

/// What is to be looked at next: a schema, or else a term.
struct Item {
  const json::value* schema = nullptr;
  Term term = {};
};

/// The parts of a schema that look at the same value, in the order in which they stand in it; its
/// own keywords where its properties are, or first.
Expected<std::vector<Item>> items_of(const SchemaText& text, const json::object& schema) {
  std::vector<Item> items;
  bool own = true;
  if (schema.contains("$ref")) {
    MR_TRY(own, counts_beside_ref(text, schema));
  }
  if (own && !schema.contains("properties")) items.push_back({.term = {.schema = &schema}});
  for (const auto& [name, value] : schema) {
    const std::string_view key(name.data(), name.size());
    if (key == "$ref") {
      MR_TRY(const json::value* target, resolve(text, schema));
      items.push_back({.schema = target});
    } else if (own && key == "properties") {
      items.push_back({.term = {.schema = &schema}});
    } else if (own && (key == "allOf" || key == "anyOf" || key == "oneOf")) {
      MR_TRY(const json::array* list, list_of(text, schema, key));
      const auto part = key == "anyOf" ? Term::Part::any_of : Term::Part::one_of;
      if (key != "allOf") items.push_back({.term = {.schema = &schema, .part = part}});
      for (const json::value& one : *list) {
        if (key == "allOf") items.push_back({.schema = &one});
      }
    }
  }
  return items;
}

}  // namespace

std::string path_of(const SchemaText& text, const void* part) {
  return "$" + find_path(*text.root, part).value_or("");
}

tl::unexpected<Error> refuse_keyword(const SchemaText& text, const json::object& schema,
                                     std::string_view key, std::string_view why) {
  return fail(Fault::bad_request, path_of(text, &schema) + "." + std::string(key) + ": " +
                                      std::string(why.empty() ? "cannot be enforced" : why));
}

Expected<SchemaText> look_over(const json::value& schema, const Limits& limits) {
  const std::int32_t depth = depth_of(schema);
  if (depth > limits.depth) {
    return fail(Fault::bad_request, "$: wanted a schema of at most " +
                                        std::to_string(limits.depth) + " levels, found " +
                                        std::to_string(depth));
  }
  SchemaText text{.root = &schema};
  MR_TRY(text.dialect, dialect_of(schema));
  const json::object* nested = nullptr;  // one with an identifier of its own
  MR_TRY_VOID(for_schemas(schema, [&](const json::object& one) -> Expected<void> {
    text.has_refs = text.has_refs || one.contains("$ref");
    for (const char* key : {"$id", "id"}) {
      const json::value* id = one.if_contains(key);
      const bool names = id != nullptr && id->is_string() && !id->get_string().starts_with("#");
      if (names && &one != schema.if_object()) nested = &one;
    }
    for (const char* key : {"$dynamicRef", "$recursiveRef"}) {
      if (one.contains(key)) return refuse_keyword(text, one, key);
    }
    const json::value* values = one.if_contains("enum");
    if (values != nullptr && values->is_array() && values->get_array().size() > limits.enums) {
      return refuse_keyword(text, one, "enum",
                            "wanted at most " + std::to_string(limits.enums) + " values, found " +
                                std::to_string(values->get_array().size()));
    }
    return {};
  }));
  if (text.has_refs && nested != nullptr) {
    return refuse_keyword(text, *nested, nested->contains("$id") ? "$id" : "id",
                          "references in a schema with more than one base cannot be followed");
  }
  return text;
}

Expected<Terms> terms_of(const SchemaText& text, const Schemas& schemas, const Limits& limits) {
  Terms terms;
  std::vector<Item> work;
  for (auto one = schemas.rbegin(); one != schemas.rend(); ++one) work.push_back({.schema = *one});
  std::vector<const json::object*> seen;
  std::int32_t n_hops = 0;
  while (!work.empty()) {
    const Item item = work.back();
    work.pop_back();
    if (item.schema == nullptr) {
      terms.list.push_back(item.term);
      continue;
    }
    if (item.schema->is_bool()) {
      terms.never = terms.never || !item.schema->get_bool();
      continue;
    }
    const json::object* schema = item.schema->if_object();
    if (schema == nullptr) {
      return fail(Fault::bad_request, path_of(text, item.schema) + ": wanted a schema");
    }
    if (std::ranges::find(seen, schema) != seen.end()) continue;
    seen.push_back(schema);
    if (schema->contains("$ref") && ++n_hops > limits.ref_hops) {
      return refuse_keyword(
          text, *schema, "$ref",
          "more than " + std::to_string(limits.ref_hops) + " references in a row");
    }
    MR_TRY(const std::vector<Item> items, items_of(text, *schema));
    work.insert(work.end(), items.rbegin(), items.rend());
  }
  return terms;
}

Expected<std::optional<std::int64_t>> count_of(const SchemaText& text, const json::object& schema,
                                               std::string_view key) {
  const json::value* value = schema.if_contains(key);
  if (value == nullptr) return std::nullopt;
  const auto number = decimal_of(*value);
  std::int64_t count = 0;
  const bool whole = number && is_whole(*number) && !number->negative && number->whole.size() < 18;
  if (!whole) return refuse_keyword(text, schema, key, "wanted a whole number, not negative");
  std::from_chars(number->whole.data(), number->whole.data() + number->whole.size(), count);
  return count;
}

bool same(const json::value& a, const json::value& b) {
  const auto x = decimal_of(a);
  const auto y = decimal_of(b);
  if (x || y) {
    return x && y && x->negative == y->negative && x->whole == y->whole &&
           x->fraction == y->fraction;
  }
  if (a.is_array() && b.is_array()) {
    return std::ranges::equal(a.get_array(), b.get_array(), same);
  }
  if (a.is_object() && b.is_object()) {
    const json::object& other = b.get_object();
    return a.get_object().size() == other.size() &&
           std::ranges::all_of(a.get_object(), [&](const auto& member) {
             const json::value* found = other.if_contains(member.key());
             return found != nullptr && same(member.value(), *found);
           });
  }
  return a == b;
}

std::uint8_t kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return types::kNull;
    case json::kind::bool_:
      return types::kBoolean;
    case json::kind::string:
      return types::kString;
    case json::kind::array:
      return types::kArray;
    case json::kind::object:
      return types::kObject;
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      break;
  }
  return types::kNumber;
}

}  // namespace mr::text::grammar
