#include "app/chat_settings.h"

#include <gtest/gtest.h>

namespace mr::app {
namespace {

constexpr std::int32_t kVocab = 100;

TEST(ChatSettings, AreSetByName) {
  ChatSettings s;
  for (const char* words :
       {"temperature 0.5", " top_k  7 ", "parameter top_p 0.9", "seed 18446744073709551615",
        "num_predict 12", "reasoning_budget 5", "stop the end", "verbose", "nothink", "nohistory",
        "format json", "wordwrap 72"}) {
    const auto done = set(s, words, kVocab);
    EXPECT_TRUE(done) << words << ": " << done.error().message;
  }
  EXPECT_EQ(0.5F, s.sample.temperature);
  EXPECT_EQ(7, s.sample.top_k);
  EXPECT_EQ(0.9F, s.sample.top_p);
  EXPECT_EQ(~std::uint64_t{0}, s.sample.seed);
  EXPECT_EQ(12, s.n_new);
  EXPECT_EQ(5, s.answer.budget.n_tokens);
  EXPECT_EQ(std::vector<std::string>{"the end"}, s.answer.stop);
  EXPECT_TRUE(s.verbose);
  EXPECT_FALSE(*s.answer.think);
  EXPECT_FALSE(s.history);
  EXPECT_TRUE(s.json);
  EXPECT_EQ(72, s.n_columns);
  const std::string text = settings_text(s);
  for (const char* line : {"temperature 0.5\n", "top_k 7\n", "stop 'the end'\n", "nothink\n",
                           "format json\n", "wordwrap 72\n"}) {
    EXPECT_NE(std::string::npos, text.find(line)) << text;
  }
  ASSERT_TRUE(set(s, "stop", kVocab));
  EXPECT_TRUE(s.answer.stop.empty());
  for (const char* words : {"format off", "wordwrap off"}) ASSERT_TRUE(set(s, words, kVocab));
  EXPECT_FALSE(s.json);
  EXPECT_EQ(0, s.n_columns);
}

TEST(ChatSettings, StayAsTheyAreWhereTheWordsAreWrong) {
  ChatSettings s;
  for (const char* words : {"",
                            "temperature",
                            "temperature x",
                            "temperature 1 2",
                            "top_k 1.5",
                            "temperature -1",
                            "temperature nan",
                            "seed -1",
                            "seed 1e3",
                            "num_predict 99999999999",
                            "reasoning_budget -2",
                            "mirostat 1",
                            "foo 1",
                            "parameter",
                            "format",
                            "format xml",
                            "wordwrap",
                            "wordwrap 0",
                            "wordwrap -3",
                            "wordwrap 80 1"}) {
    const auto done = set(s, words, kVocab);
    ASSERT_FALSE(done) << words;
    EXPECT_EQ(Fault::bad_request, done.error().fault);
  }
  EXPECT_EQ(settings_text({}), settings_text(s));
  EXPECT_EQ("/set: no such name 'tempreature'; did you mean 'temperature'?",
            set(s, "tempreature 1", kVocab).error().message);
}

}  // namespace
}  // namespace mr::app
