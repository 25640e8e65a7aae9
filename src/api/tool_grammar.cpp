#include "api/tool_grammar.h"

#include <algorithm>

#include "text/grammar/json_text.h"
#include "text/grammar/pattern.h"
#include "text/grammar/program.h"
#include "text/grammar/schema.h"
#include "text/grammar/vocabulary.h"

namespace mr::api {
namespace grammar = text::grammar;
namespace json = boost::json;
namespace {

using grammar::Network;
using grammar::RuleId;
using grammar::State;

struct Writer {
  Network& net;
  const text::Tokenizer& tok;
  const ToolRules& rules;
  std::vector<RuleId> arguments = {};  ///< by tool
};

/// A mark, as the token that it is or as text.
State add_mark(Writer& w, State from, std::string_view mark) {
  const std::int32_t token = grammar::control_token(w.tok, mark);
  if (token < 0) return grammar::add_text(w.net, from, mark);
  const State to = grammar::add_state(w.net);
  grammar::add_token(w.net, from, to, token);
  return to;
}

/// Text in which a mark does not stand.
Expected<State> add_free_text(Writer& w, State from, std::string_view mark) {
  grammar::Automaton texts = grammar::any_text();
  if (!mark.empty() && grammar::control_token(w.tok, mark) < 0) {
    MR_TRY(texts, grammar::own_pattern("[\\s\\S]*" + grammar::quoted_pattern(mark) + "[\\s\\S]*",
                                       *w.net.meter));
    texts = grammar::opposite(texts, *w.net.meter);
  }
  const State to = grammar::add_state(w.net);
  grammar::add_texts(w.net, from, to, texts, grammar::Writing::plain);
  return to;
}

State add_name(Writer& w, State from, const std::string& name, grammar::Writing writing) {
  const State to = grammar::add_state(w.net);
  grammar::add_texts(w.net, from, to, grammar::one_of({name}, *w.net.meter), writing);
  return to;
}

State add_arguments(Writer& w, State from, std::size_t tool) {
  const State to = grammar::add_state(w.net);
  grammar::add_call(w.net, from, to, w.arguments[tool]);
  return to;
}

/// {"name": "...", KEY: {...}} of any of the tools.
State add_objects(Writer& w, State from, std::string_view key) {
  const State to = grammar::add_state(w.net);
  for (std::size_t i = 0; i < w.rules.tools.size(); ++i) {
    State at = grammar::add_text(w.net, from, "{\"name\": \"");
    at = add_name(w, at, w.rules.tools[i].name, grammar::Writing::json);
    at = grammar::add_text(w.net, at, "\", \"" + std::string(key) + "\": ");
    at = grammar::add_text(w.net, add_arguments(w, at, i), "}");
    grammar::add_free(w.net, at, to);
  }
  return to;
}

/// Something again and again with a text between; gives the state behind each.
template <typename Add>
State add_row(Writer& w, State from, std::string_view between, const Add& add) {
  const State to = add(from);
  if (w.rules.parallel) {
    grammar::add_free(w.net, add(grammar::add_text(w.net, to, between)), to);
  }
  return to;
}

/// One block of calls with the marks around it.
State add_block(Writer& w, State from) {
  Network& net = w.net;
  switch (w.rules.format) {
    case ToolFormat::hermes:
      from = grammar::add_text(net, add_mark(w, from, marks::kHermesOpen), "\n");
      from = grammar::add_text(net, add_objects(w, from, "arguments"), "\n");
      return add_mark(w, from, marks::kHermesClose);
    case ToolFormat::mistral:
      if (grammar::control_token(w.tok, marks::kMistralArguments) < 0) {
        from = grammar::add_text(net, add_mark(w, from, marks::kMistral), "[");
        from = add_row(w, from, ", ", [&](State at) { return add_objects(w, at, "arguments"); });
        return grammar::add_text(net, from, "]");
      }
      break;
    case ToolFormat::llama3:
      return add_row(w, from, "; ", [&](State at) { return add_objects(w, at, "parameters"); });
    case ToolFormat::deepseek:
    case ToolFormat::harmony:
      break;
  }
  const State to = grammar::add_state(net);
  for (std::size_t i = 0; i < w.rules.tools.size(); ++i) {
    const std::string& name = w.rules.tools[i].name;
    const bool mistral = w.rules.format == ToolFormat::mistral;
    State at = add_mark(w, from, mistral ? marks::kMistral : marks::kDeepseekCall);
    if (w.rules.with_fence) {
      at = add_mark(w, grammar::add_text(net, at, "function"), marks::kDeepseekName);
      at = grammar::add_text(net, add_name(w, at, name, grammar::Writing::plain), "\n```json\n");
      at = grammar::add_text(net, add_arguments(w, at, i), "\n```");
    } else {
      at = add_name(w, at, name, grammar::Writing::plain);
      at = add_mark(w, at, mistral ? marks::kMistralArguments : marks::kDeepseekName);
      at = add_arguments(w, at, i);
    }
    if (!mistral) at = add_mark(w, at, marks::kDeepseekCallEnd);
    grammar::add_free(net, at, to);
  }
  return to;
}

/// All calls of an answer.
State add_calls(Writer& w, State from) {
  const auto block = [&](State at) { return add_block(w, at); };
  if (w.rules.format == ToolFormat::deepseek) {
    from = add_mark(w, from, marks::kDeepseekOpen);
    from = add_row(w, from, "\n", block);
    return add_mark(w, from, marks::kDeepseekClose);
  }
  const bool list = w.rules.format == ToolFormat::llama3 ||
                    (w.rules.format == ToolFormat::mistral &&
                     grammar::control_token(w.tok, marks::kMistralArguments) < 0);
  if (list) return block(from);
  return add_row(w, from, w.rules.format == ToolFormat::hermes ? "\n" : "", block);
}

std::string_view first_mark(const ToolRules& rules) {
  if (rules.format == ToolFormat::mistral) return marks::kMistral;
  return rules.format == ToolFormat::deepseek ? marks::kDeepseekOpen : marks::kHermesOpen;
}

Expected<void> add_answer(Writer& w, State from, State to, RuleId plain) {
  Network& net = w.net;
  if (w.rules.choice == ToolChoice::required) {
    grammar::add_free(net, add_calls(w, from), to);
    return {};
  }
  if (plain != grammar::kNothing) {
    grammar::add_call(net, from, to, plain);
    grammar::add_free(net, add_calls(w, from), to);
    return {};
  }
  if (w.rules.format == ToolFormat::llama3) {
    // What begins as a call is one as a whole.
    MR_TRY(const grammar::Automaton texts,
           grammar::own_pattern("\\s*(?:[^{<\\s][\\s\\S]*)?", *net.meter));
    grammar::add_texts(net, from, to, texts, grammar::Writing::plain);
    grammar::add_free(net, add_calls(w, from), to);
    grammar::add_free(net, add_calls(w, add_mark(w, from, marks::kPython)), to);
    return {};
  }
  MR_TRY(const State text, add_free_text(w, from, first_mark(w.rules)));
  grammar::add_free(net, text, to);
  const State behind = add_calls(w, text);
  grammar::add_free(net, behind, to);
  if (w.rules.format != ToolFormat::hermes || !w.rules.parallel) return {};
  MR_TRY(const State more, add_free_text(w, behind, first_mark(w.rules)));
  grammar::add_free(net, more, text);
  return {};
}

/// Channels: thoughts and remarks, then the answer or a call.
Expected<void> add_channels(Writer& w, State from, State to, RuleId plain) {
  Network& net = w.net;
  const State begin = grammar::add_state(net);
  grammar::add_free(net, from, begin);
  const State channel = add_mark(w, begin, marks::kChannel);
  for (const std::string_view name : {"analysis", "commentary"}) {
    const State message = add_mark(w, grammar::add_text(net, channel, name), marks::kMessage);
    MR_TRY(const State text, add_free_text(w, message, marks::kEnd));
    const State next = add_mark(w, add_mark(w, text, marks::kEnd), marks::kStart);
    grammar::add_free(net, grammar::add_text(net, next, "assistant"), begin);
  }
  if (w.rules.choice != ToolChoice::required) {
    const State message = add_mark(w, grammar::add_text(net, channel, "final"), marks::kMessage);
    if (plain != grammar::kNothing) {
      grammar::add_call(net, message, to, plain);
    } else {
      MR_TRY(const State text, add_free_text(w, message, marks::kEnd));
      grammar::add_free(net, text, to);
    }
  }
  for (std::size_t i = 0; i < w.rules.tools.size(); ++i) {
    State at = grammar::add_text(net, channel, "commentary to=functions.");
    at = grammar::add_text(net, add_name(w, at, w.rules.tools[i].name, grammar::Writing::plain),
                           " ");
    at = grammar::add_text(net, add_mark(w, at, marks::kConstrain), "json");
    at = add_arguments(w, add_mark(w, at, marks::kMessage), i);
    grammar::add_free(net, at, to);
  }
  return {};
}

/// Whether a schema can be enforced; what finding out costs is counted.
bool is_enforceable(const Network& net, const json::value& schema) {
  Network trial{.meter = net.meter};
  const auto root = grammar::add_schema(trial, schema);
  if (!root) return false;
  trial.root = *root;
  return grammar::finish(std::move(trial)).has_value();
}

Expected<void> add_schemas(Writer& w) {
  for (const Tool& tool : w.rules.tools) {
    json::value schema = tool.schema;
    if (auto* object = schema.if_object()) object->emplace("type", "object");
    const bool held = tool.strict || w.rules.choice == ToolChoice::required;
    if (schema.is_null() || (!held && !is_enforceable(w.net, schema))) {
      w.arguments.push_back(grammar::any_object(w.net));
      continue;
    }
    auto rule = grammar::add_schema(w.net, schema);
    if (!rule) return fail_at(tool.where, rule.error());
    w.arguments.push_back(*rule);
  }
  return {};
}

}  // namespace

Expected<RuleId> add_tools(Network& net, const ToolRules& rules, RuleId plain,
                           const text::Tokenizer& tok) {
  Writer w{.net = net, .tok = tok, .rules = rules};
  MR_TRY_VOID(add_schemas(w));
  const RuleId root = grammar::add_rule(net);
  const auto [enter, leave] = net.rules[root];
  if (rules.format == ToolFormat::harmony) {
    MR_TRY_VOID(add_channels(w, enter, leave, plain));
  } else {
    MR_TRY_VOID(add_answer(w, enter, leave, plain));
  }
  return root;
}

}  // namespace mr::api
