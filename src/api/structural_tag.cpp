#include "api/structural_tag.h"

#include <boost/json.hpp>

#include "base/quote.h"
#include "text/grammar/pattern.h"
#include "text/grammar/schema.h"

namespace mr::api {
namespace grammar = text::grammar;
namespace json = boost::json;
namespace {

using grammar::Network;
using grammar::RuleId;
using grammar::State;

std::string_view text_of(const json::string& text) {
  return {text.data(), text.size()};
}

tl::unexpected<Error> wrong(std::string_view path, const std::string& what) {
  return fail(Fault::bad_request, std::string(path) + ": " + what);
}

Expected<std::string> string_at(const json::object& object, std::string_view key,
                                const std::string& path) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) {
    return wrong(path + "." + std::string(key), "wanted a string");
  }
  return std::string(text_of(value->get_string()));
}

Expected<const json::array*> list_at(const json::object& object, std::string_view key,
                                     const std::string& path) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_array() || value->get_array().empty()) {
    return wrong(path + "." + std::string(key), "wanted a list that is not empty");
  }
  return &value->get_array();
}

bool flag_at(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && *value == json::value(true);
}

/// Text in which none of some words stands.
Expected<State> add_text_without(Network& net, State from, const std::vector<std::string>& words) {
  grammar::Automaton texts = grammar::any_text();
  if (!words.empty()) {
    std::string pattern;
    for (const std::string& word : words) {
      pattern += (pattern.empty() ? "" : "|") + grammar::quoted_pattern(word);
    }
    MR_TRY(texts, grammar::own_pattern("[\\s\\S]*(?:" + pattern + ")[\\s\\S]*", *net.meter));
    texts = grammar::opposite(texts, *net.meter);
  }
  const State to = grammar::add_state(net);
  if (!grammar::is_empty(texts)) {
    grammar::add_texts(net, from, to, texts, grammar::Writing::plain);
  }
  return to;
}

Expected<State> add_schema_at(Network& net, State from, const json::value* schema,
                              const std::string& path) {
  if (schema == nullptr) return wrong(path, "wanted a schema");
  auto rule = grammar::add_schema(net, *schema);
  if (!rule) return fail_at(path, rule.error());
  const State to = grammar::add_state(net);
  grammar::add_call(net, from, to, *rule);
  return to;
}

Expected<State> add_format(Network& net, State from, const json::value* value,
                           const std::string& path);

/// {begin, content, end}; `end` may be a list.
Expected<State> add_tag(Network& net, State from, const json::value& value,
                        const std::string& path) {
  const json::object* tag = value.if_object();
  if (tag == nullptr) return wrong(path, "wanted an object");
  MR_TRY(const std::string begin, string_at(*tag, "begin", path));
  const State inside = grammar::add_text(net, from, begin);
  const json::value* end = tag->if_contains("end");
  std::vector<std::string> ends;
  if (end != nullptr && end->is_array()) {
    for (const json::value& one : end->get_array()) {
      if (one.is_string()) ends.emplace_back(text_of(one.get_string()));
    }
  } else {
    MR_TRY(std::string one, string_at(*tag, "end", path));
    ends.push_back(std::move(one));
  }
  State content = inside;
  const json::value* format = tag->if_contains("content");
  const json::object* inner = format != nullptr ? format->if_object() : nullptr;
  const bool any = inner != nullptr && inner->if_contains("type") != nullptr &&
                   inner->at("type") == json::value("any_text");
  if (any) {
    MR_TRY(content, add_text_without(net, inside, ends));
  } else if (format != nullptr) {
    MR_TRY(content, add_format(net, inside, format, path + ".content"));
  } else {
    MR_TRY(content, add_schema_at(net, inside, tag->if_contains("schema"), path + ".schema"));
  }
  const State to = grammar::add_state(net);
  for (const std::string& one : ends) {
    grammar::add_free(net, grammar::add_text(net, content, one), to);
  }
  return to;
}

Expected<State> add_tags(Network& net, State from, const json::array& tags,
                         const std::string& path) {
  const State to = grammar::add_state(net);
  for (std::size_t i = 0; i < tags.size(); ++i) {
    MR_TRY(const State end, add_tag(net, from, tags[i], path + "[" + std::to_string(i) + "]"));
    grammar::add_free(net, end, to);
  }
  return to;
}

/// Text, and tags behind their triggers.
Expected<State> add_triggered(Network& net, State from, const json::object& format,
                              const std::string& path, std::string_view key) {
  MR_TRY(const json::array* triggers, list_at(format, "triggers", path));
  MR_TRY(const json::array* tags, list_at(format, key, path));
  std::vector<std::string> words;
  for (const json::value& one : *triggers) {
    if (!one.is_string() || one.get_string().empty()) {
      return wrong(path + ".triggers", "wanted strings that are not empty");
    }
    words.emplace_back(text_of(one.get_string()));
  }
  for (const json::value& one : *tags) {
    const json::value* begin = one.is_object() ? one.get_object().if_contains("begin") : nullptr;
    if (begin == nullptr || !begin->is_string()) continue;
    const std::string_view spelled = text_of(begin->get_string());
    bool triggered = false;
    for (const std::string& word : words) triggered = triggered || spelled.starts_with(word);
    if (!triggered) return wrong(path, quote(spelled) + " begins with none of the triggers");
  }
  const State begin = grammar::add_state(net);
  grammar::add_free(net, from, begin);
  MR_TRY(const State text, add_text_without(net, begin, words));
  const std::string where = path + "." + std::string(key);
  MR_TRY(const State behind, add_tags(net, text, *tags, where));
  const State to = grammar::add_state(net);
  if (!flag_at(format, "at_least_one")) grammar::add_free(net, text, to);
  if (flag_at(format, "stop_after_first")) {
    grammar::add_free(net, behind, to);
    return to;
  }
  MR_TRY(const State more, add_text_without(net, behind, words));
  grammar::add_free(net, more, to);
  MR_TRY(const State again, add_tags(net, more, *tags, where));
  grammar::add_free(net, again, behind);
  return to;
}

Expected<State> add_separated(Network& net, State from, const json::object& format,
                              const std::string& path) {
  MR_TRY(const json::array* tags, list_at(format, "tags", path));
  MR_TRY(const std::string separator, string_at(format, "separator", path));
  MR_TRY(const State behind, add_tags(net, from, *tags, path + ".tags"));
  const State to = grammar::add_state(net);
  grammar::add_free(net, behind, to);
  if (!flag_at(format, "at_least_one")) grammar::add_free(net, from, to);
  if (flag_at(format, "stop_after_first")) return to;
  const State next = grammar::add_text(net, behind, separator);
  MR_TRY(const State again, add_tags(net, next, *tags, path + ".tags"));
  grammar::add_free(net, again, behind);
  return to;
}

Expected<State> add_elements(Network& net, State from, const json::object& format,
                             const std::string& path, bool all) {
  MR_TRY(const json::array* elements, list_at(format, "elements", path));
  const State to = grammar::add_state(net);
  State at = from;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    MR_TRY(const State end, add_format(net, all ? at : from, &(*elements)[i],
                                       path + ".elements[" + std::to_string(i) + "]"));
    if (!all) grammar::add_free(net, end, to);
    at = end;
  }
  if (all) grammar::add_free(net, at, to);
  return to;
}

Expected<State> add_format(Network& net, State from, const json::value* value,
                           const std::string& path) {
  const json::object* format = value != nullptr ? value->if_object() : nullptr;
  if (format == nullptr) return wrong(path, "wanted an object");
  MR_TRY(const std::string type, string_at(*format, "type", path));
  if (type == "const_string") {
    MR_TRY(const std::string text, string_at(*format, "value", path));
    return grammar::add_text(net, from, text);
  }
  if (type == "json_schema") {
    return add_schema_at(net, from, format->if_contains("json_schema"), path + ".json_schema");
  }
  if (type == "any_text") return add_text_without(net, from, {});
  if (type == "regex") {
    MR_TRY(const std::string pattern, string_at(*format, "pattern", path));
    auto texts = grammar::read_pattern(pattern, grammar::Find::whole, *net.meter);
    if (!texts) return fail_at(path, texts.error());
    const State to = grammar::add_state(net);
    grammar::add_texts(net, from, to, *texts, grammar::Writing::plain);
    return to;
  }
  if (type == "sequence") return add_elements(net, from, *format, path, true);
  if (type == "or") return add_elements(net, from, *format, path, false);
  if (type == "tag") return add_tag(net, from, *value, path);
  if (type == "triggered_tags") return add_triggered(net, from, *format, path, "tags");
  if (type == "tags_with_separator") return add_separated(net, from, *format, path);
  return wrong(path + ".type", quote(type) + " cannot be enforced");
}

}  // namespace

Expected<RuleId> add_structural_tag(Network& net, const json::value& tag) {
  const json::object* object = tag.if_object();
  if (object == nullptr) return wrong("$", "wanted an object");
  const RuleId rule = grammar::add_rule(net);
  const auto [enter, leave] = net.rules[rule];
  State end = enter;
  if (object->contains("structures")) {
    MR_TRY(end, add_triggered(net, enter, *object, "$", "structures"));
  } else {
    MR_TRY(end, add_format(net, enter, object->if_contains("format"), "$.format"));
  }
  grammar::add_free(net, end, leave);
  return rule;
}

}  // namespace mr::api
