#include "api/tool_stream.h"

#include <gtest/gtest.h>

namespace mr::api {
namespace {

struct Seen {
  std::string text;
  std::string reasoning;
  std::vector<std::string> calls;
};

/// The text in pieces of `n` bytes.
Seen run(std::string_view text, std::size_t n, ToolFormat format = ToolFormat::hermes) {
  ToolStream stream{.format = format};
  Seen seen;
  const auto add = [&](const ToolDelta& delta) {
    seen.text += delta.text;
    seen.reasoning += delta.reasoning;
    for (const ToolCall& call : delta.calls) seen.calls.push_back(call.name + call.arguments);
  };
  for (std::size_t at = 0; at < text.size(); at += n) add(push(stream, text.substr(at, n)));
  add(finish(stream));
  return seen;
}

TEST(ToolStream, FindsCallsHoweverTheTextIsCut) {
  const std::string_view text =
      "Let me look.<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": 1}}\n</tool_call>\n"
      "<tool_call>{\"name\": \"g\"}</tool_call>";
  for (std::size_t n = 1; n <= text.size(); ++n) {
    const Seen seen = run(text, n);
    EXPECT_EQ("Let me look.", seen.text) << n;
    EXPECT_EQ((std::vector<std::string>{"f{\"a\":1}", "g{}"}), seen.calls) << n;
  }
}

TEST(ToolStream, WhatIsNoCallStaysText) {
  for (const std::string_view text :
       {"a < b <tool", "<tool_call>not json</tool_call>", "<tool_call>{\"name\": 1}</tool_call>x",
        "<tool_call>{\"name\": \"f\", \"arguments\": []}</tool_call>", "</tool_call>"}) {
    for (const std::size_t n : {std::size_t{1}, std::size_t{3}, text.size()}) {
      EXPECT_EQ(text, run(text, n).text);
      EXPECT_TRUE(run(text, n).calls.empty());
    }
  }
}

TEST(ToolStream, ACallThatLacksItsLastMarkCounts) {
  EXPECT_EQ(1U, run("<tool_call>{\"name\": \"f\"}", 5).calls.size());
  EXPECT_EQ("<tool_call>{\"name\": \"f\"", run("<tool_call>{\"name\": \"f\"", 5).text);
}

TEST(ToolStream, FormatsOfOthers) {
  struct Case {
    ToolFormat format;
    std::string_view text;
    std::string_view shown;
    std::vector<std::string> calls;
    std::string_view reasoning = "";
  };
  const Case cases[]{
      {ToolFormat::llama3,
       R"({"name": "f", "parameters": {"a": ";"}}; {"name": "g"})",
       "",
       {R"(f{"a":";"})", "g{}"}},
      {ToolFormat::llama3, R"(<|python_tag|>{"name": "f", "parameters": {}})", "", {"f{}"}},
      {ToolFormat::llama3, R"({"a": 1})", R"({"a": 1})", {}},
      {ToolFormat::llama3, "No call {", "No call {", {}},
      {ToolFormat::mistral,
       R"(Well.[TOOL_CALLS][{"name": "f", "arguments": {"a": 1}}, {"name": "g"}])",
       "Well.",
       {R"(f{"a":1})", "g{}"}},
      {ToolFormat::mistral,
       R"([TOOL_CALLS]f[ARGS]{"a": 1}[TOOL_CALLS]g{})",
       "",
       {R"(f{"a":1})", "g{}"}},
      {ToolFormat::mistral, "[TOOL_CALLS]oops", "[TOOL_CALLS]oops", {}},
      {ToolFormat::deepseek,
       "Hm<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>f\n```json\n{\"a\": "
       "1}\n```"
       "<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>g\n```json\n{}\n```"
       "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       "Hm",
       {R"(f{"a":1})", "g{}"}},
      {ToolFormat::deepseek,
       "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{}<｜tool▁call▁end｜>"
       "<｜tool▁calls▁end｜>",
       "",
       {"f{}"}},
      {ToolFormat::harmony,
       "<|channel|>analysis<|message|>Think <b>.<|end|><|start|>assistant<|channel|>commentary "
       "to=functions.f <|constrain|>json<|message|>{\"a\": 1}<|call|>",
       "",
       {R"(f{"a":1})"},
       "Think <b>."},
      {ToolFormat::harmony,
       "<|channel|>analysis<|message|>Think.<|end|><|start|>assistant<|channel|>final<|message|>"
       "Yes <|.",
       "Yes <|.",
       {},
       "Think."}};
  for (const Case& one : cases) {
    for (std::size_t n = 1; n <= one.text.size(); ++n) {
      const Seen seen = run(one.text, n, one.format);
      EXPECT_EQ(one.shown, seen.text) << one.text << " " << n;
      EXPECT_EQ(one.reasoning, seen.reasoning) << one.text << " " << n;
      EXPECT_EQ(one.calls, seen.calls) << one.text << " " << n;
    }
  }
}

}  // namespace
}  // namespace mr::api
