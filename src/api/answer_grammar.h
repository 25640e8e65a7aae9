#pragma once
#include "api/ask_fields.h"
#include "api/chat_messages.h"
#include "api/tool_grammar.h"

namespace mr::api {

/// The tools of a chat and what its choice of them says. A problem for one that names no tool.
ToolRules tool_rules(Fields& fields, const Served& served, const Chat& chat);

/// The whole grammar of an answer of this structure. Errors: bad_request with the place.
Expected<text::grammar::Program> compile_structure(const Structure& structure,
                                                   const text::Tokenizer& tokenizer,
                                                   const text::grammar::Limits& limits);

/// Holds the answer to `prompt` to a matcher, which outlives it; a thought before it is free.
/// `begun`: the prompt ends within one.
sample::GrammarRule grammar_rule(text::grammar::Matcher* matcher,
                                 const std::optional<text::ThinkMarks>& marks, bool begun,
                                 std::span<const std::int32_t> prompt);

/// Sets how calls are read, and holds the answer to what was asked: the request's structure, or
/// calls of tools. What is compiled is kept for later requests of the same scope.
/// False, with a problem, where it cannot be enforced.
bool set_grammar(Fields& fields, const Served& served, Shared& shared, const ToolRules& rules,
                 std::span<const std::int32_t> prompt);

}  // namespace mr::api
