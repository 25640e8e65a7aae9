// Texts as token sequences, with the tokenizer of the shipped model.
#include "engine/token_sequences.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "text/vocab.h"

namespace mr::engine {
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

std::string text_of(const text::Tokenizer& tok, std::span<const std::int32_t> tokens) {
  std::string out;
  for (const std::int32_t token : tokens) {
    out += text::piece_bytes(tok, static_cast<text::Id>(token), false);
  }
  return out;
}

TEST(TokenSequences, HoldTheTextAcrossTheirTokens) {
  const text::Tokenizer tok = shipped_tokenizer();
  for (const std::string text : {"\n", ":", "\"", "the", ". The", "er\n"}) {
    const auto all = sequences_across(tok, text);
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_FALSE(all->empty()) << text;
    for (const auto& sequence : *all) {
      EXPECT_NE(std::string::npos, text_of(tok, sequence).find(text));
      EXPECT_EQ(std::string::npos, text_of(tok, std::span(sequence).subspan(1)).find(text));
    }
    const auto n_alone = std::ranges::count_if(*all, [](const auto& s) { return s.size() == 1; });
    std::ptrdiff_t n_holding = 0;
    for (std::size_t id = 0; id < text::n_tokens(tok); ++id) {
      n_holding +=
          text::piece_bytes(tok, static_cast<text::Id>(id), false).find(text) != std::string::npos;
    }
    EXPECT_EQ(n_holding, n_alone) << text;
  }
  EXPECT_TRUE(sequences_across(tok, "")->empty());
}

TEST(TokenSequences, SpellWordsWithAndWithoutASpace) {
  const text::Tokenizer tok = shipped_tokenizer();
  const auto both = spellings(tok, "house");
  ASSERT_TRUE(both) << both.error().message;
  ASSERT_EQ(2U, both->size());
  EXPECT_EQ("house", text_of(tok, both->at(0)));
  EXPECT_EQ(" house", text_of(tok, both->at(1)));
}

}  // namespace
}  // namespace mr::engine
