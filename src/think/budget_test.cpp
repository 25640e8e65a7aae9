// With the tokenizer of the shipped model.
#include "think/budget.h"

#include <gtest/gtest.h>

#include <fstream>

#include "text/vocab_read.h"

namespace mr::think {
namespace {

text::Tokenizer shipped_tokenizer() {
  const std::string folder = MILLRACE_SOURCE_DIR "/models/";
  std::ifstream file(folder + "default");
  std::string name;
  std::getline(file, name);
  auto vocab = text::read_vocab(folder + name);
  EXPECT_TRUE(vocab) << vocab.error().message;
  auto tokenizer = text::make_tokenizer(std::move(*vocab));
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return std::move(*tokenizer);
}

TEST(Budget, BecomesTokens) {
  const text::Tokenizer tok = shipped_tokenizer();
  const auto marks = text::think_marks(tok);
  ASSERT_TRUE(marks);
  const auto made = limit(tok, marks, {.n_tokens = 8, .message = "Enough.", .grace = 3}, true);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ("<think>", text::piece_bytes(tok, static_cast<text::Id>(made->open), false));
  EXPECT_EQ("</think>", text::piece_bytes(tok, static_cast<text::Id>(made->close), false));
  EXPECT_EQ(8, made->budget);
  EXPECT_EQ(3, made->grace);
  EXPECT_TRUE(made->begun);
  const std::vector<text::Id> message(made->message.begin(), made->message.end());
  EXPECT_EQ("Enough.", text::decode(tok, message));
}

TEST(Budget, OfNothingHasNoMessage) {
  const text::Tokenizer tok = shipped_tokenizer();
  const auto made = limit(tok, text::think_marks(tok), {.n_tokens = 0, .grace = 9}, false);
  ASSERT_TRUE(made);
  EXPECT_EQ(0, made->budget);
  EXPECT_EQ(0, made->grace);
  EXPECT_TRUE(made->message.empty());
}

TEST(Budget, NoneWithoutMarksOrEnd) {
  const text::Tokenizer tok = shipped_tokenizer();
  EXPECT_EQ(-1, limit(tok, std::nullopt, {.n_tokens = 8}, false)->budget);
  EXPECT_EQ(-1, limit(tok, text::think_marks(tok), {}, true)->budget);
  EXPECT_FALSE(limit(tok, text::think_marks(tok), {.n_tokens = -2}, true));
}

}  // namespace
}  // namespace mr::think
