#include <algorithm>
#include <array>

#include "base/quote.h"
#include "text/grammar/json_text.h"
#include "text/grammar/pattern.h"
#include "text/grammar/schema_writer.h"

namespace mr::text::grammar {
namespace json = boost::json;
namespace {

constexpr std::size_t kMostPatterns = 6;  // of keys: each doubles the kinds of keys
constexpr std::size_t kMostUnnamed = 6;   // required keys without a property, likewise
constexpr std::size_t kMostStates = 200'000;

Expected<const json::object*> map_of(const SchemaText& text, const json::object& schema,
                                     std::string_view key) {
  const json::value* value = schema.if_contains(key);
  if (value == nullptr) return nullptr;
  if (!value->is_object()) return refuse_keyword(text, schema, key, "wanted an object");
  return &value->get_object();
}

/// A pattern of keys, and the schema of their values.
struct KeyPattern {
  const json::object* owner;
  Automaton keys;
  const json::value* schema;
};

Expected<std::vector<KeyPattern>> key_patterns(const Writer& w, const Shape& shape) {
  std::vector<KeyPattern> out;
  for (const json::object* schema : shape.schemas) {
    MR_TRY(const json::object* map, map_of(w.text, *schema, "patternProperties"));
    if (map == nullptr) continue;
    for (const auto& [pattern, value] : *map) {
      auto keys = read_pattern({pattern.data(), pattern.size()}, Find::anywhere, *w.net.meter);
      if (!keys) return fail_at(path_of(w.text, &value), keys.error());
      out.push_back({schema, std::move(*keys), &value});
    }
    if (out.size() > kMostPatterns) {
      return refuse_keyword(w.text, *schema, "patternProperties", "too many patterns");
    }
  }
  return out;
}

/// What the schemas say of a key, which matches some of the patterns.
template <typename Matches>
Expected<Schemas> schemas_of_matches(const Writer& w, const Shape& shape,
                                     const std::vector<KeyPattern>& patterns,
                                     const std::string* name, const Matches& matches) {
  Schemas out;
  for (const json::object* schema : shape.schemas) {
    bool known = false;
    MR_TRY(const json::object* named, map_of(w.text, *schema, "properties"));
    const json::value* own =
        named != nullptr && name != nullptr ? named->if_contains(*name) : nullptr;
    if (own != nullptr) out.push_back(own);
    known = own != nullptr;
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (patterns[i].owner != schema || !matches(i)) continue;
      out.push_back(patterns[i].schema);
      known = true;
    }
    const json::value* rest = schema->if_contains("additionalProperties");
    if (!known && rest != nullptr) out.push_back(rest);
  }
  return out;
}

/// The keys that propertyNames leaves; nothing where no schema has it.
Expected<std::optional<Automaton>> names_of(const Writer& w, const Shape& shape) {
  std::optional<Automaton> out;
  for (const json::object* schema : shape.schemas) {
    const json::value* names = schema->if_contains("propertyNames");
    if (names == nullptr) continue;
    MR_TRY(const Terms terms, terms_of(w.text, {names}, w.net.meter->limits));
    const bool choice = std::ranges::any_of(
        terms.list, [](const Term& term) { return term.part != Term::Part::own; });
    if (choice) return refuse_keyword(w.text, *schema, "propertyNames");
    Automaton own = one_of({}, *w.net.meter);
    if (!terms.never) {
      MR_TRY(const Shape inner, shape_of(w.text, terms.list));
      if ((inner.kinds & types::kString) != 0) {
        own = any_text();
        if (!inner.schemas.empty()) {
          MR_TRY(own, strings_of(w, inner));
        }
      }
    }
    out = out ? both(*out, own, *w.net.meter) : own;
  }
  return out;
}

/// An object's members as they may come.
struct Members {
  struct Named {
    RuleId rule;
    bool required;
  };
  std::vector<Named> named = {};     ///< in the order of the schema
  std::vector<RuleId> unnamed = {};  ///< required, but no property
  std::vector<RuleId> others = {};   ///< any number of times
  std::int64_t least = 0;
  std::int64_t most = -1;
};

/// The rule `"key": value`, without the first quote mark of the key.
Expected<RuleId> member_rule(Writer& w, const Automaton& keys, const Schemas& schemas) {
  MR_TRY(const RuleId value, rule_of(w, schemas));
  const RuleId rule = add_rule(w.net);
  const State end = add_state(w.net);
  add_texts(w.net, add_text(w.net, w.net.rules[rule].enter, "\""), end, keys, Writing::json);
  add_call(w.net, add_key_end(w.net, end), w.net.rules[rule].leave, value);
  return rule;
}

/// The members whose keys the schema does not name, by the patterns that they match.
Expected<void> add_others(Writer& w, const Shape& shape, const std::vector<KeyPattern>& patterns,
                          const Automaton& keys, Members& members) {
  Meter& meter = *w.net.meter;
  for (std::uint32_t set = 0; set < (1U << patterns.size()) && !is_over(meter); ++set) {
    Automaton own = keys;
    for (std::size_t i = 0; i < patterns.size() && !is_empty(own); ++i) {
      const bool matches = ((set >> i) & 1U) != 0;
      own = both(own, matches ? patterns[i].keys : opposite(patterns[i].keys, meter), meter);
    }
    if (is_empty(own)) continue;
    MR_TRY(const Schemas schemas,
           schemas_of_matches(w, shape, patterns, nullptr,
                              [&](std::size_t i) { return ((set >> i) & 1U) != 0; }));
    const bool never = std::ranges::any_of(
        schemas, [](const json::value* one) { return *one == json::value(false); });
    if (never) continue;
    MR_TRY(const RuleId rule, member_rule(w, own, schemas));
    members.others.push_back(rule);
  }
  return {};
}

/// Keys in the order in which the schemas name them.
Expected<std::vector<std::string>> named_keys(const Writer& w, const Shape& shape) {
  std::vector<std::string> names;
  std::set<std::string, std::less<>> seen;
  for (const json::object* schema : shape.schemas) {
    MR_TRY(const json::object* map, map_of(w.text, *schema, "properties"));
    if (map == nullptr) continue;
    for (const auto& [key, value] : *map) {
      std::string name(key.data(), key.size());
      if (seen.insert(name).second) names.push_back(std::move(name));
    }
  }
  return names;
}

Expected<void> read_counts(const Writer& w, const Shape& shape, Members& members) {
  const json::object* owner = nullptr;
  for (const json::object* schema : shape.schemas) {
    MR_TRY(const auto least, count_of(w.text, *schema, "minProperties"));
    MR_TRY(const auto most, count_of(w.text, *schema, "maxProperties"));
    if (least && *least > members.least) owner = schema;
    if (least) members.least = std::max(members.least, *least);
    if (most) members.most = members.most < 0 ? *most : std::min(members.most, *most);
  }
  const auto n_required = std::ranges::count_if(members.named, &Members::Named::required) +
                          static_cast<std::ptrdiff_t>(members.unnamed.size());
  // Two members of one key would count as one.
  if (!members.others.empty() && members.least > n_required + 1) {
    return refuse_keyword(w.text, *owner, "minProperties",
                          "cannot be enforced where keys are not named");
  }
  return {};
}

Expected<Members> members_of(Writer& w, const Shape& shape) {
  Members members;
  MR_TRY(const std::vector<KeyPattern> patterns, key_patterns(w, shape));
  MR_TRY(const std::optional<Automaton> allowed, names_of(w, shape));
  MR_TRY(std::vector<std::string> names, named_keys(w, shape));
  MR_TRY(const std::vector<std::string> required, required_keys(w, shape));
  const std::size_t n_named = names.size();
  for (const std::string& key : required) {
    if (std::ranges::find(names, key) == names.end()) names.push_back(key);
  }
  const bool ordered = names.size() - n_named > kMostUnnamed;
  for (std::size_t n = 0; n < names.size() && !is_over(*w.net.meter); ++n) {
    const std::string& name = names[n];
    const bool needed = std::ranges::find(required, name) != required.end();
    const bool forbidden = std::ranges::find(shape.not_keys, name) != shape.not_keys.end() ||
                           (allowed && !accepts(*allowed, name));
    MR_TRY(Schemas schemas, schemas_of_matches(w, shape, patterns, &name, [&](std::size_t i) {
             return accepts(patterns[i].keys, name);
           }));
    const json::value never(false);
    if (forbidden) schemas.push_back(&never);
    MR_TRY(const RuleId rule, member_rule(w, one_of({name}, *w.net.meter), schemas));
    if (n < n_named || ordered) {
      members.named.push_back({rule, needed});
    } else {
      members.unnamed.push_back(rule);
    }
  }
  names.insert(names.end(), shape.not_keys.begin(), shape.not_keys.end());
  Automaton keys = opposite(one_of(names, *w.net.meter), *w.net.meter);
  if (allowed) keys = both(keys, *allowed, *w.net.meter);
  MR_TRY_VOID(add_others(w, shape, patterns, keys, members));
  MR_TRY_VOID(read_counts(w, shape, members));
  return members;
}

/// The states between the members of an object: how many of the named ones have had their turn,
/// how many members there are (as far as it matters), and which of the unnamed are there.
struct Grid {
  Network& net;
  const Members& members;
  std::int64_t n_counts;  ///< the last stands for all above it
  std::map<std::array<std::int64_t, 3>, State> states = {};
};

State state_at(Grid& grid, std::int64_t turn, std::int64_t count, std::int64_t there) {
  const auto [at, made] = grid.states.try_emplace({turn, count, there}, 0);
  if (made) at->second = add_state(grid.net);
  return at->second;
}

/// A member, and where that leads; nothing where it would be one too many.
void add_member(Grid& grid, std::array<std::int64_t, 3> from, std::array<std::int64_t, 3> to,
                RuleId rule) {
  const std::int64_t most = grid.members.most;
  if (most >= 0 && from[1] >= most) return;
  Network& net = grid.net;
  const State at = state_at(grid, from[0], from[1], from[2]);
  const State behind = state_at(grid, to[0], std::min(from[1] + 1, grid.n_counts - 1), to[2]);
  add_call(net, from[1] == 0 ? at : add_comma(net, at), behind, rule);
}

void add_cell(Grid& grid, std::array<std::int64_t, 3> cell, State close) {
  const auto [turn, count, there] = cell;
  const Members& members = grid.members;
  const auto n_named = static_cast<std::int64_t>(members.named.size());
  if (turn < n_named) {
    const Members::Named& named = members.named[static_cast<std::size_t>(turn)];
    if (!named.required) {
      add_free(grid.net, state_at(grid, turn, count, there),
               state_at(grid, turn + 1, count, there));
    }
    return add_member(grid, cell, {turn + 1, 0, there}, named.rule);
  }
  for (std::size_t i = 0; i < members.unnamed.size(); ++i) {
    const std::int64_t bit = std::int64_t{1} << i;
    if ((there & bit) == 0) add_member(grid, cell, {turn, 0, there | bit}, members.unnamed[i]);
  }
  for (const RuleId rule : members.others) add_member(grid, cell, {turn, 0, there}, rule);
  const std::int64_t whole = (std::int64_t{1} << members.unnamed.size()) - 1;
  if (there != whole || count < members.least) return;
  const State at = state_at(grid, turn, count, there);
  add_free(grid.net, count == 0 ? at : add_blank(grid.net, at), close);
}

}  // namespace

bool looks_inside(const Shape& shape) {
  constexpr std::array<std::string_view, 14> kKeys{
      "items",         "prefixItems",          "additionalItems", "minItems",      "maxItems",
      "properties",    "patternProperties",    "required",        "minProperties", "maxProperties",
      "propertyNames", "additionalProperties", "uniqueItems",     "contains"};
  return !shape.not_keys.empty() ||
         std::ranges::any_of(shape.schemas, [&](const json::object* schema) {
           return std::ranges::any_of(kKeys,
                                      [&](std::string_view key) { return schema->contains(key); });
         });
}

Expected<Schemas> schemas_of_key(const Writer& w, const Shape& shape, std::string_view key) {
  MR_TRY(const std::vector<KeyPattern> patterns, key_patterns(w, shape));
  const std::string name(key);
  return schemas_of_matches(w, shape, patterns, &name,
                            [&](std::size_t i) { return accepts(patterns[i].keys, name); });
}

Expected<std::vector<std::string>> required_keys(const Writer& w, const Shape& shape) {
  std::vector<std::string> keys;
  for (const json::object* schema : shape.schemas) {
    const json::value* required = schema->if_contains("required");
    if (required == nullptr) continue;
    if (!required->is_array()) {
      return refuse_keyword(w.text, *schema, "required", "wanted a list of keys");
    }
    for (const json::value& key : required->get_array()) {
      if (!key.is_string()) return refuse_keyword(w.text, *schema, "required", "wanted strings");
      std::string name(text_of(key.get_string()));
      if (std::ranges::find(keys, name) == keys.end()) keys.push_back(std::move(name));
    }
  }
  return keys;
}

Expected<void> add_object(Writer& w, State from, State to, const Shape& shape) {
  MR_TRY(const Members members, members_of(w, shape));
  const std::int64_t n_counts = std::max({members.least, members.most, std::int64_t{1}}) + 1;
  const auto n_named = static_cast<std::int64_t>(members.named.size());
  const std::int64_t n_sets = std::int64_t{1} << members.unnamed.size();
  if (n_counts > std::int64_t{1} << 20 ||
      (n_named + n_sets) * n_counts > static_cast<std::int64_t>(kMostStates)) {
    return fail(Fault::bad_request, path_of(w.text, shape.schemas.front()) +
                                        ": too many numbers of properties to tell apart");
  }
  Grid grid{.net = w.net, .members = members, .n_counts = n_counts};
  const State close = add_state(w.net);
  add_free(w.net, add_text(w.net, close, "}"), to);
  add_free(w.net, add_blank(w.net, add_text(w.net, from, "{")), state_at(grid, 0, 0, 0));
  for (std::int64_t turn = 0; turn <= n_named; ++turn) {
    for (std::int64_t count = 0; count < n_counts && !is_over(*w.net.meter); ++count) {
      const std::int64_t n_here = turn == n_named ? n_sets : 1;
      for (std::int64_t there = 0; there < n_here; ++there) {
        add_cell(grid, {turn, count, there}, close);
      }
    }
  }
  return {};
}

}  // namespace mr::text::grammar
