#include "api/answer_grammar.h"

#include <algorithm>

#include "base/quote.h"
#include "text/grammar/program.h"
#include "text/grammar/vocabulary.h"

namespace mr::api {
namespace grammar = text::grammar;
namespace json = boost::json;
namespace {

std::string key_of(const ToolRules& rules) {
  if (rules.tools.empty()) return {};
  std::string key = "tools" + std::to_string(static_cast<int>(rules.format)) +
                    std::to_string(static_cast<int>(rules.choice)) + (rules.parallel ? "p" : "-");
  for (const Tool& tool : rules.tools) {
    key += std::to_string(tool.name.size()) + ":" + tool.name + (tool.strict ? "s" : "-") +
           json::serialize(tool.schema);
  }
  return key;
}

/// The whole grammar of an answer.
Expected<grammar::Program> compile(const Structure& structure, const ToolRules& rules,
                                   const text::Tokenizer& tokenizer,
                                   const grammar::Limits& limits) {
  grammar::Meter meter{.limits = limits};
  grammar::Network net{.meter = &meter};
  grammar::RuleId plain = grammar::kNothing;
  if (structure.kind != Structure::Kind::any) {
    const std::size_t n_bytes = json::serialize(structure.value).size();
    if (n_bytes > meter.limits.source_bytes) {
      return fail(Fault::bad_request, structure.where + ": wanted at most " +
                                          std::to_string(meter.limits.source_bytes) +
                                          " bytes, found " + std::to_string(n_bytes));
    }
    auto rule = add_structure(net, structure, tokenizer);
    if (!rule) return fail_at(structure.where, rule.error());
    plain = *rule;
  }
  net.root = plain;
  if (!rules.tools.empty() || rules.format == ToolFormat::harmony) {
    MR_TRY(net.root, add_tools(net, rules, plain, tokenizer));
  }
  auto program = grammar::finish(std::move(net));
  if (!program) {
    return fail_at(plain != grammar::kNothing ? structure.where : "tools", program.error());
  }
  return program;
}

/// Whether the prompt has opened and closed a thought just before the answer, as templates do
/// where none is wanted.
bool ends_behind_thought(const text::ThinkMarks& marks, std::span<const std::int32_t> prompt) {
  constexpr std::size_t kLook = 8;
  const auto tail = prompt.last(std::min(prompt.size(), kLook));
  return std::ranges::find(tail, static_cast<std::int32_t>(marks.close)) != tail.end();
}

/// The matcher of an answer, compiled or kept from before; null, with a problem.
std::shared_ptr<grammar::Matcher> matcher_of(Fields& fields, const Served& served,
                                             const Shared& shared, const ToolRules& rules) {
  GrammarCache& cache = *served.grammars;
  const std::size_t room = served.limits.grammar.cache_bytes;
  const std::string key = std::to_string(shared.salt) + key_of(shared.structure) + key_of(rules);
  auto matcher = find(cache, key, room);
  if (matcher) return matcher;
  auto program = compile(shared.structure, rules, *served.tokenizer, served.limits.grammar);
  if (!program) {
    const std::string& message = program.error().message;
    join(fields, Problem{.message = message, .param = message.substr(0, message.find(": "))});
    return nullptr;
  }
  matcher = grammar::make_matcher(std::make_shared<const grammar::Program>(std::move(*program)),
                                  served.vocabulary, served.limits.grammar.compile_bytes);
  keep(cache, key, matcher, room);
  return matcher;
}

}  // namespace

ToolRules tool_rules(Fields& fields, const Served& served, const Chat& chat) {
  ToolRules rules{.format = served.tool_format,
                  .choice = chat.tools.empty() ? ToolChoice::none : chat.choice,
                  .parallel = chat.parallel,
                  .with_fence = served.chat_source.find("```json") != std::string::npos};
  for (std::size_t i = 0; i < chat.tools.size(); ++i) {
    const json::object& function = chat.tools[i].get_object().at("function").get_object();
    const std::string name(as_text(function.at("name").get_string()));
    if (!chat.allowed.empty() && std::ranges::count(chat.allowed, name) == 0) continue;
    const json::value* parameters = function.if_contains("parameters");
    const json::value* strict = function.if_contains("strict");
    rules.tools.push_back({.name = name,
                           .schema = parameters != nullptr
                                         ? json::value(*parameters, json::storage_ptr())
                                         : json::value(),
                           .strict = strict != nullptr && *strict == json::value(true),
                           .where = "tools[" + std::to_string(i) + "].function.parameters"});
  }
  for (const std::string& name : chat.allowed) {
    if (std::ranges::count(rules.tools, name, &Tool::name) == 0) {
      complain(fields, "tool_choice", "there is no tool " + quote(name));
    }
  }
  if (rules.choice == ToolChoice::none) rules.tools.clear();
  return rules;
}

Expected<grammar::Program> compile_structure(const Structure& structure,
                                             const text::Tokenizer& tokenizer,
                                             const grammar::Limits& limits) {
  return compile(structure, {}, tokenizer, limits);
}

sample::GrammarRule grammar_rule(grammar::Matcher* matcher,
                                 const std::optional<text::ThinkMarks>& marks, bool begun,
                                 std::span<const std::int32_t> prompt) {
  sample::GrammarRule rule{.matcher = matcher};
  if (!marks) return rule;
  rule.close = static_cast<std::int32_t>(marks->close);
  rule.begun = begun;
  if (!ends_behind_thought(*marks, prompt)) rule.open = static_cast<std::int32_t>(marks->open);
  return rule;
}

bool set_grammar(Fields& fields, const Served& served, Shared& shared, const ToolRules& rules,
                 std::span<const std::int32_t> prompt) {
  if (fields.problem) return false;
  const bool harmony = rules.format == ToolFormat::harmony;
  shared.ask.tool_format = rules.format;
  shared.ask.tool_calls = harmony || !rules.tools.empty();
  shared.ask.parallel_calls = rules.parallel;
  if (shared.ask.tool_calls && has_control_marks(rules.format, *served.tokenizer)) {
    shared.ask.reading.show_special = true;
  }
  if (harmony) {
    const std::int32_t call = grammar::control_token(*served.tokenizer, marks::kCall);
    if (call >= 0) shared.stop_tokens.push_back(call);
  }
  if (shared.structure.kind == Structure::Kind::any && rules.tools.empty()) return true;
  const json::value* no_end = fields.object.if_contains("ignore_eos");
  if (no_end != nullptr && *no_end == json::value(true)) {
    complain(fields, "ignore_eos", "not together with a grammar");
    return false;
  }
  shared.ask.grammar = matcher_of(fields, served, shared, rules);
  if (!shared.ask.grammar) return false;
  const auto& reading = shared.ask.reading;
  shared.sample.grammar =
      grammar_rule(shared.ask.grammar.get(), reading.marks, reading.begins_in_thought, prompt);
  return true;
}

}  // namespace mr::api
