#include "app/conversation.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

namespace mr::app {
namespace {

Conversation some() {
  return {.system = "Be \"brief\".",
          .messages = {{.role = "user", .content = "Hi\n\u00e4", .reasoning = ""},
                       {.role = "assistant", .content = "Yes?", .reasoning = "A greeting."}}};
}

std::string text_of(const Conversation& conversation) {
  return boost::json::serialize(to_json(conversation));
}

TEST(Conversation, IsWrittenAsMessages) {
  EXPECT_EQ(R"([{"role":"system","content":"Be \"brief\"."},{"role":"user","content":"Hi\nä"},)"
            R"({"role":"assistant","content":"Yes?","reasoning_content":"A greeting."}])",
            text_of(some()));
  EXPECT_EQ("[]", text_of({}));
}

TEST(Conversation, ComesBackFromAFile) {
  const std::string path = testing::TempDir() + "conversation.json";
  ASSERT_TRUE(save(some(), path));
  const auto loaded = load_conversation(path);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(text_of(some()), text_of(*loaded));
  std::filesystem::remove(path);
  EXPECT_EQ(Fault::failed, load_conversation(path).error().fault);
  EXPECT_EQ(Fault::failed, save(some(), "/no/such/folder/x").error().fault);
}

TEST(Conversation, WhatIsNoneIsRefusedInOneLine) {
  for (const char* text :
       {"", "[]", "{}", "nonsense", R"({"messages":{}})", R"({"messages":[1]})",
        R"({"messages":[{"role":"user"}]})", R"({"messages":[{"content":"x"}]})",
        R"({"messages":[{"role":"user","content":["x"]}]})",
        R"({"messages":[{"role":"tool","content":"x"}]})",
        R"({"messages":[{"role":"user","content":"x"},{"role":"system","content":"x"}]})"}) {
    const auto parsed = parse_conversation(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(Fault::bad_request, parsed.error().fault);
    EXPECT_EQ(std::string::npos, parsed.error().message.find('\n')) << parsed.error().message;
  }
  EXPECT_EQ("message 2: role: wanted user, assistant, or system in the first, found 'x'",
            parse_conversation(
                R"({"messages":[{"role":"user","content":"x"},{"role":"x","content":"x"}]})")
                .error()
                .message);
}

TEST(Conversation, OnlyTheLastAnswerIsDropped) {
  Conversation conversation = some();
  EXPECT_TRUE(drop_answer(conversation));
  EXPECT_FALSE(drop_answer(conversation));
  EXPECT_EQ(1U, conversation.messages.size());
}

}  // namespace
}  // namespace mr::app
