#include "text/grammar/schema.h"

#include <algorithm>

#include "base/quote.h"
#include "text/grammar/json_text.h"
#include "text/grammar/pattern.h"
#include "text/grammar/program.h"
#include "text/grammar/schema_writer.h"

namespace mr::text::grammar {
namespace json = boost::json;
namespace {

void add_word(Network& net, State from, State to, std::string_view word) {
  add_free(net, add_text(net, from, word), to);
}

void add_quoted(Network& net, State from, State to, const Automaton& strings) {
  if (is_empty(strings)) return;
  const State end = add_state(net);
  add_texts(net, add_text(net, from, "\""), end, strings, Writing::json);
  add_bytes(net, end, to, '"', '"');
}

/// One value as it is, with white space where any value may have it.
Expected<State> add_literal(Network& net, State from, const json::value& value) {
  if (const auto* object = value.if_object()) {
    from = add_blank(net, add_text(net, from, "{"));
    for (bool first = true; const auto& [key, inner] : *object) {
      if (!std::exchange(first, false)) from = add_comma(net, from);
      const State end = add_state(net);
      add_texts(net, add_text(net, from, "\""), end,
                one_of({std::string(key.data(), key.size())}, *net.meter), Writing::json);
      MR_TRY(from, add_literal(net, add_key_end(net, end), inner));
    }
    return add_text(net, add_blank(net, from), "}");
  }
  if (const auto* list = value.if_array()) {
    from = add_blank(net, add_text(net, from, "["));
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (i > 0) from = add_comma(net, from);
      MR_TRY(from, add_literal(net, from, (*list)[i]));
    }
    return add_text(net, add_blank(net, from), "]");
  }
  const State to = add_state(net);
  if (const auto* text = value.if_string()) {
    add_quoted(net, from, to, one_of({std::string(text_of(*text))}, *net.meter));
  } else if (const auto number = decimal_of(value)) {
    MR_TRY(const Automaton own, own_pattern(numeral_pattern(*number), *net.meter));
    add_texts(net, from, to, own, Writing::plain);
  } else {
    add_word(net, from, to, json::serialize(value));
  }
  return to;
}

bool is_among(const std::vector<const json::value*>& values, const json::value& value) {
  return std::ranges::any_of(values, [&](const json::value* one) { return same(*one, value); });
}

/// Whether null, true or false is left.
bool allows(const Shape& shape, const json::value& value) {
  return (shape.kinds & kind_of(value)) != 0 && !is_among(shape.not_values, value) &&
         (!shape.values || is_among(*shape.values, value));
}

/// Arrays and objects of an enum.
Expected<void> add_whole_values(Writer& w, State from, State to, const Shape& shape) {
  for (const json::value* value : *shape.values) {
    if (!value->is_array() && !value->is_object()) continue;
    if ((shape.kinds & kind_of(*value)) == 0) continue;
    if (looks_inside(shape)) {
      return fail(Fault::bad_request,
                  path_of(w.text, value) +
                      ": lists and objects of an enum beside other keywords cannot be enforced");
    }
    MR_TRY(const State end, add_literal(w.net, from, *value));
    add_free(w.net, end, to);
  }
  return {};
}

Expected<void> add_shape(Writer& w, State from, State to, const Shape& shape) {
  for (const json::value& word : {json::value(nullptr), json::value(true), json::value(false)}) {
    if (allows(shape, word)) add_word(w.net, from, to, json::serialize(word));
  }
  if ((shape.kinds & types::kNumber) != 0) {
    MR_TRY(const Automaton numbers, numerals_of(w, shape));
    if (!is_empty(numbers)) add_texts(w.net, from, to, numbers, Writing::plain);
  }
  if ((shape.kinds & types::kString) != 0) {
    MR_TRY(const Automaton strings, strings_of(w, shape));
    add_quoted(w.net, from, to, strings);
  }
  if (shape.values) return add_whole_values(w, from, to, shape);
  if ((shape.kinds & types::kArray) != 0) MR_TRY_VOID(add_array(w, from, to, shape));
  if ((shape.kinds & types::kObject) != 0) MR_TRY_VOID(add_object(w, from, to, shape));
  return {};
}

Schemas branches_of(const Term& choice) {
  const char* key = choice.part == Term::Part::any_of ? "anyOf" : "oneOf";
  Schemas branches;
  for (const json::value& branch : choice.schema->at(key).get_array()) branches.push_back(&branch);
  return branches;
}

/// Exactly one of the branches: any of them, where no two hold for one value.
Expected<void> check_one_of(const Writer& w, const Term& choice, const Schemas& branches) {
  for (std::size_t i = 0; i < branches.size(); ++i) {
    for (std::size_t k = i + 1; k < branches.size(); ++k) {
      MR_TRY(const bool apart, exclude_each_other(w, {branches[i]}, {branches[k]}));
      if (apart) continue;
      return refuse_keyword(w.text, *choice.schema, "oneOf",
                            "that no value holds for both " + std::to_string(i) + " and " +
                                std::to_string(k) + " cannot be enforced; use anyOf");
    }
  }
  return {};
}

RuleId nothing(Writer& w) {
  if (w.nothing == kNothing) w.nothing = add_rule(w.net);
  return w.nothing;
}

/// The rule of terms, to be filled when its turn comes.
RuleId rule_of_terms(Writer& w, std::vector<Term> terms) {
  const auto found = w.rules.find(terms);
  if (found != w.rules.end()) return found->second;
  if (!take(*w.net.meter, terms.size() * sizeof(Term) * 2 + 128)) return nothing(w);
  const RuleId rule = add_rule(w.net);
  w.rules.emplace(terms, rule);
  w.queue.emplace_back(std::move(terms), rule);
  return rule;
}

/// The terms with those of one branch in the place of a choice.
Expected<RuleId> rule_with(Writer& w, const std::vector<Term>& terms, const Term& choice,
                           const json::value* branch) {
  MR_TRY(const Terms more, terms_of(w.text, {branch}, w.net.meter->limits));
  if (more.never) return nothing(w);
  std::vector<Term> all;
  const auto add = [&](const Term& term) {
    if (std::ranges::find(all, term) == all.end()) all.push_back(term);
  };
  for (const Term& term : terms) {
    if (term != choice) {
      add(term);
    } else {
      std::ranges::for_each(more.list, add);
    }
  }
  return all.empty() ? any_value(w.net) : rule_of_terms(w, std::move(all));
}

Expected<void> fill(Writer& w, const std::vector<Term>& terms, RuleId rule) {
  const auto [enter, leave] = w.net.rules[rule];
  const auto choice =
      std::ranges::find_if(terms, [](const Term& term) { return term.part != Term::Part::own; });
  if (choice == terms.end()) {
    MR_TRY(const Shape shape, shape_of(w.text, terms));
    return add_shape(w, enter, leave, shape);
  }
  const Schemas branches = branches_of(*choice);
  if (choice->part == Term::Part::one_of) MR_TRY_VOID(check_one_of(w, *choice, branches));
  for (const json::value* branch : branches) {
    MR_TRY(const RuleId one, rule_with(w, terms, *choice, branch));
    add_call(w.net, enter, leave, one);
  }
  return {};
}

}  // namespace

Expected<RuleId> rule_of(Writer& w, const Schemas& schemas) {
  MR_TRY(Terms terms, terms_of(w.text, schemas, w.net.meter->limits));
  if (terms.never) return nothing(w);
  if (terms.list.empty()) return any_value(w.net);
  return rule_of_terms(w, std::move(terms.list));
}

Expected<Automaton> strings_of(const Writer& w, const Shape& shape) {
  Meter& meter = *w.net.meter;
  Automaton out = any_text();
  if (shape.values) {
    std::vector<std::string> texts;
    for (const json::value* value : *shape.values) {
      if (value->is_string()) texts.emplace_back(text_of(value->get_string()));
    }
    out = one_of(texts, meter);
  }
  const auto narrow = [&](const Automaton& more) { out = both(out, more, meter); };
  if (shape.least_length > 0 || shape.most_length >= 0) {
    narrow(of_length(shape.least_length, shape.most_length, meter));
  }
  for (const std::string& pattern : shape.patterns) {
    auto more = read_pattern(pattern, Find::anywhere, meter);
    if (!more) return fail_at(path_of(w.text, shape.schemas.front()), more.error());
    narrow(*more);
  }
  for (const std::string& pattern : shape.whole_patterns) {
    MR_TRY(const Automaton more, own_pattern(pattern, meter));
    narrow(more);
  }
  std::vector<std::string> never;
  for (const json::value* value : shape.not_values) {
    if (value->is_string()) never.emplace_back(text_of(value->get_string()));
  }
  if (!never.empty()) narrow(opposite(one_of(never, meter), meter));
  return out;
}

Expected<Automaton> numerals_of(const Writer& w, const Shape& shape) {
  Meter& meter = *w.net.meter;
  NumberRules rules = shape.numbers;
  Automaton out;
  for (std::size_t i = 0; i == 0 || i < shape.divisors.size(); ++i) {
    if (i < shape.divisors.size()) rules.multiple_of = shape.divisors[i];
    auto own = numerals(rules, meter);
    if (!own) return fail_at(path_of(w.text, shape.schemas.front()), own.error());
    out = i == 0 ? std::move(*own) : both(out, *own, meter);
  }
  const auto pattern_of = [](const std::vector<const json::value*>& values) {
    std::string pattern;
    for (const json::value* value : values) {
      if (const auto number = decimal_of(*value)) {
        pattern += (pattern.empty() ? "" : "|") + numeral_pattern(*number);
      }
    }
    return pattern;
  };
  if (shape.values) {
    const std::string pattern = pattern_of(*shape.values);
    if (pattern.empty()) return one_of({}, meter);
    MR_TRY(const Automaton own, own_pattern(pattern, meter));
    out = both(out, own, meter);
  }
  const std::string never = pattern_of(shape.not_values);
  if (!never.empty()) {
    MR_TRY(const Automaton own, own_pattern(never, meter));
    out = both(out, opposite(own, meter), meter);
  }
  return out;
}

Expected<RuleId> add_schema(Network& net, const json::value& schema) {
  MR_TRY(SchemaText text, look_over(schema, net.meter->limits));
  Writer w{.net = net, .text = text};
  MR_TRY(const RuleId root, rule_of(w, {&schema}));
  while (!w.queue.empty()) {
    if (is_over(*net.meter)) return tl::unexpected<Error>(over_limit(*net.meter));
    const auto [terms, rule] = std::move(w.queue.front());
    w.queue.pop_front();
    MR_TRY_VOID(fill(w, terms, rule));
  }
  return root;
}

}  // namespace mr::text::grammar
