#include "api/tool_stream.h"

#include <gtest/gtest.h>

namespace mr::api {
namespace {

struct Seen {
  std::string text;
  std::vector<std::string> calls;
};

/// The text in pieces of `n` bytes.
Seen run(std::string_view text, std::size_t n) {
  ToolStream stream;
  Seen seen;
  const auto add = [&](const ToolDelta& delta) {
    seen.text += delta.text;
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

}  // namespace
}  // namespace mr::api
