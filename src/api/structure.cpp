#include "api/structure.h"

#include "api/structural_tag.h"
#include "base/quote.h"
#include "io/json.h"
#include "text/grammar/gbnf.h"
#include "text/grammar/json_text.h"
#include "text/grammar/pattern.h"
#include "text/grammar/schema.h"

namespace mr::api {
namespace grammar = text::grammar;
namespace json = boost::json;
namespace {

using Kind = Structure::Kind;

constexpr std::size_t kChoices = 1024;
constexpr std::size_t kChoiceBytes = 4096;

std::string place(const Fields& fields, std::string_view key) {
  return fields.where + std::string(key);
}

/// A schema: an object, true or false, or JSON of one in a string.
Structure read_schema(Fields& fields, std::string_view key, Kind kind = Kind::schema) {
  Structure out{.kind = kind, .where = place(fields, key)};
  const json::value* value = get(fields, key);
  if (value == nullptr) return {};
  if (const auto* text = value->if_string()) {
    const auto document = mr::json::parse(as_text(*text));
    if (!document) return complain(fields, key, document.error().message), out;
    out.value = json::value(document->root, json::storage_ptr());
  } else {
    out.value = json::value(*value, json::storage_ptr());
  }
  if (!out.value.is_object() && !out.value.is_bool()) {
    complain(fields, key, "wanted a schema, found " + std::string(kind_of(out.value)));
  }
  return out;
}

Structure read_text(Fields& fields, std::string_view key, Kind kind) {
  const auto text = get_text(fields, key);
  if (!text || (text->empty() && kind == Kind::grammar)) return {};
  return {.kind = kind, .text = std::string(*text), .where = place(fields, key)};
}

Structure read_choices(Fields& fields, std::string_view key) {
  Structure out{.where = place(fields, key)};
  out.choices = get_texts(fields, key, kChoices, kChoiceBytes);
  if (!out.choices.empty()) out.kind = Kind::choice;
  return out;
}

/// The object of a response_format.
Structure read_format(Fields& own) {
  const auto type = get_text(own, "type");
  for (const char* key : {"name", "strict", "description"}) get(own, key);
  if (type && *type == "text") return {};
  if (type && *type == "json_object") {
    Structure schema = read_schema(own, "schema");
    if (schema.kind == Kind::any) schema = {.kind = Kind::object, .where = own.where + "type"};
    return schema;
  }
  if (type && *type == "json_schema") {
    if (own.object.if_contains("json_schema") == nullptr) {
      Structure flat = read_schema(own, "schema");
      if (flat.kind == Kind::any) complain(own, "json_schema", "wanted an object");
      return flat;
    }
    const json::object* named = get_object(own, "json_schema");
    if (named == nullptr) return complain(own, "json_schema", "wanted an object"), Structure{};
    Fields inner{.object = *named, .where = own.where + "json_schema."};
    for (const char* key : {"name", "strict", "description"}) get(inner, key);
    Structure schema = read_schema(inner, "schema");
    if (schema.kind == Kind::any) complain(inner, "schema", "wanted a schema");
    join(own, std::move(inner.problem));
    return schema;
  }
  if (type && *type == "structural_tag") {
    return {.kind = Kind::tag,
            .value = json::value(own.object, json::storage_ptr()),
            .where = own.where.substr(0, own.where.size() - 1)};
  }
  if (type && *type == "regex") return read_text(own, "pattern", Kind::pattern);
  if (type && *type == "grammar") return read_text(own, "grammar", Kind::grammar);
  complain(own, "type",
           "wanted text, json_object, json_schema or structural_tag" +
               (type ? ", found " + quote(*type) : std::string()));
  return {};
}

/// vLLM's structured_outputs: one of its fields.
void read_outputs(Fields& fields, std::vector<Structure>& found) {
  const json::object* object = get_object(fields, "structured_outputs");
  if (object == nullptr) return;
  Fields own{.object = *object, .where = place(fields, "structured_outputs.")};
  found.push_back(read_schema(own, "json"));
  found.push_back(read_text(own, "regex", Kind::pattern));
  found.push_back(read_choices(own, "choice"));
  found.push_back(read_text(own, "grammar", Kind::grammar));
  if (get_flag(own, "json_object").value_or(false)) {
    found.push_back({.kind = Kind::object, .where = own.where + "json_object"});
  }
  found.push_back(read_schema(own, "structural_tag", Kind::tag));
  if (!unread(own).empty()) {
    for (const char* key : {"disable_fallback", "disable_any_whitespace",
                            "disable_additional_properties", "whitespace_pattern"}) {
      refuse_unsupported(own, key);
    }
  }
  join(fields, std::move(own.problem));
}

}  // namespace

Structure get_structure(Fields& fields) {
  std::vector<Structure> found;
  found.push_back(get_format(fields, "response_format"));
  read_outputs(fields, found);
  found.push_back(read_schema(fields, "guided_json"));
  found.push_back(read_text(fields, "guided_regex", Kind::pattern));
  found.push_back(read_choices(fields, "guided_choice"));
  found.push_back(read_text(fields, "guided_grammar", Kind::grammar));
  found.push_back(read_text(fields, "grammar", Kind::grammar));
  found.push_back(read_schema(fields, "json_schema"));
  Structure out;
  for (Structure& one : found) {
    if (one.kind == Kind::any) continue;
    if (out.kind != Kind::any) {
      complain(fields, one.where, "not together with " + out.where);
    }
    out = std::move(one);
  }
  return out;
}

Structure get_format(Fields& fields, std::string_view key) {
  const json::object* object = get_object(fields, key);
  if (object == nullptr) return {};
  Fields own{.object = *object, .where = place(fields, key) + "."};
  Structure structure = read_format(own);
  join(fields, std::move(own.problem));
  return structure;
}

Expected<grammar::RuleId> add_structure(grammar::Network& net, const Structure& structure,
                                        const text::Tokenizer& tok) {
  switch (structure.kind) {
    case Kind::object:
      return grammar::any_object(net);
    case Kind::schema:
      return grammar::add_schema(net, structure.value);
    case Kind::grammar:
      return grammar::add_gbnf(net, structure.text, tok);
    case Kind::tag:
      return add_structural_tag(net, structure.value);
    case Kind::any:
    case Kind::pattern:
    case Kind::choice:
      break;
  }
  grammar::Automaton texts = grammar::any_text();
  if (structure.kind == Kind::choice) {
    texts = grammar::one_of(structure.choices, *net.meter);
  } else if (structure.kind == Kind::pattern) {
    MR_TRY(texts, grammar::read_pattern(structure.text, grammar::Find::whole, *net.meter));
  }
  const grammar::RuleId rule = grammar::add_rule(net);
  const auto [enter, leave] = net.rules[rule];
  if (!grammar::is_empty(texts)) {
    grammar::add_texts(net, enter, leave, texts, grammar::Writing::plain);
  }
  return rule;
}

std::string key_of(const Structure& structure) {
  std::string key = std::to_string(static_cast<int>(structure.kind)) + structure.text;
  for (const std::string& choice : structure.choices) {
    key += std::to_string(choice.size()) + ":" + choice;
  }
  return key + json::serialize(structure.value);
}

}  // namespace mr::api
