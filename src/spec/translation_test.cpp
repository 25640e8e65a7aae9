#include "spec/translation.h"

#include <gtest/gtest.h>

#include <string>

#include "base/rng.h"
#include "text/vocab.h"

namespace mr::spec {
namespace {

using Tokens = std::vector<std::int32_t>;

const std::string kShipped = MILLRACE_SOURCE_DIR "/models/millrace-nano/millrace-nano-f16.gguf";

/// The shipped vocabulary with the last half of its plain pieces in reverse order.
text::Tokenizer reversed() {
  text::Vocab vocab = *text::read_vocab(kShipped);
  std::vector<text::Id> plain;
  for (text::Id id = 0; id < count(vocab.pieces); ++id) {
    if (vocab.kinds[id] == text::PieceKind::normal && view(vocab.pieces, id).size() > 1) {
      plain.push_back(id);
    }
  }
  text::Pieces pieces = vocab.pieces;
  for (std::size_t i = plain.size() / 2; i < plain.size(); ++i) {
    const text::Id other = plain[plain.size() - 1 - (i - plain.size() / 2)];
    set(pieces, plain[i], view(vocab.pieces, other));
  }
  vocab.pieces = std::move(pieces);
  return *text::make_tokenizer(std::move(vocab));
}

/// Pieces of seven random bytes, and the single ones.
text::Tokenizer foreign(std::size_t n) {
  text::Vocab vocab;
  Rng rng{5};
  for (std::size_t i = 0; i < 256; ++i) {
    text::push(vocab.pieces, std::string(1, static_cast<char>(i)));
  }
  while (count(vocab.pieces) < n) {
    std::string piece;
    for (int i = 0; i < 7; ++i) piece += static_cast<char>(below(rng, 256));
    text::push(vocab.pieces, piece);
  }
  vocab.kinds.assign(n, text::PieceKind::normal);
  return *text::make_tokenizer(std::move(vocab));
}

std::string bytes_of(const text::Tokenizer& tok, const Tokens& tokens) {
  std::string bytes;
  for (const std::int32_t token : tokens) {
    bytes += text::piece_bytes(tok, static_cast<text::Id>(token), false);
  }
  return bytes;
}

struct Pair {
  text::Tokenizer target = *text::make_tokenizer(*text::read_vocab(kShipped));
  text::Tokenizer draft = reversed();
  std::int32_t n = static_cast<std::int32_t>(text::n_tokens(target));
};

TEST(Translation, TokensOfOneTokenizerStayWhatTheyAre) {
  const Pair pair;
  const auto made = translate(pair.target, pair.n + 3, pair.target, pair.n);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(made->same);
  EXPECT_EQ((Tokens{4, 7}), spell(*made, Tokens{4, pair.n + 1, 7}));
  EXPECT_EQ(-1, to_draft(*made, pair.n));
  const std::vector<float> logits(static_cast<std::size_t>(pair.n), 2.0F);
  std::vector<float> scratch;
  const sample::LogitRow row = to_target(*made, {.logits = logits}, scratch);
  ASSERT_EQ(static_cast<std::size_t>(pair.n + 3), row.logits.size());
  EXPECT_EQ(2.0F, row.logits[static_cast<std::size_t>(pair.n) - 1]);
  EXPECT_EQ(sample::kNever, row.logits.back());
}

TEST(Translation, TokensCorrespondByTheirBytes) {
  const Pair pair;
  const auto made = translate(pair.target, pair.n, pair.draft, pair.n);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_FALSE(made->same);
  std::vector<float> logits(static_cast<std::size_t>(pair.n));
  for (std::int32_t id = 0; id < pair.n; ++id) {
    const std::int32_t draft = to_draft(*made, id);
    ASSERT_GE(draft, 0) << id;
    EXPECT_EQ(bytes_of(pair.target, {id}), bytes_of(pair.draft, {draft}));
    logits[static_cast<std::size_t>(draft)] = static_cast<float>(id);
  }
  std::vector<float> scratch;
  const sample::LogitRow row = to_target(*made, {.logits = logits}, scratch);
  for (std::int32_t id = 0; id < pair.n; ++id) {
    ASSERT_EQ(static_cast<float>(id), row.logits[static_cast<std::size_t>(id)]);
  }
}

TEST(Translation, WhatTheDraftLacksIsSpelled) {
  const Pair pair;
  const std::int32_t n_draft = pair.n - 200;  // those that had the lowest ids of the last half
  const auto made = translate(pair.target, pair.n, pair.draft, n_draft);
  ASSERT_TRUE(made) << made.error().message;
  std::int32_t n_spelled = 0;
  for (std::int32_t id = 0; id < pair.n; ++id) {
    const Tokens spelled = spell(*made, Tokens{id});
    if (text::is_control(pair.target, static_cast<text::Id>(id))) continue;
    EXPECT_EQ(bytes_of(pair.target, {id}), bytes_of(pair.draft, spelled));
    n_spelled += spelled.size() > 1 ? 1 : 0;
    for (const std::int32_t token : spelled) EXPECT_LT(token, n_draft);
  }
  EXPECT_GT(n_spelled, 100);
  std::vector<float> scratch;
  const std::vector<float> logits(static_cast<std::size_t>(n_draft), 1.0F);
  const sample::LogitRow row = to_target(*made, {.logits = logits}, scratch);
  for (std::int32_t id = 0; id < pair.n; ++id) {
    EXPECT_EQ(to_draft(*made, id) >= 0, row.logits[static_cast<std::size_t>(id)] == 1.0F) << id;
  }
}

TEST(Translation, AForeignVocabularyIsRefused) {
  const Pair pair;
  const text::Tokenizer draft = foreign(static_cast<std::size_t>(pair.n));
  const auto made = translate(pair.target, pair.n, draft, pair.n);
  ASSERT_FALSE(made);
  EXPECT_EQ(Fault::bad_model, made.error().fault);
  EXPECT_NE(std::string::npos, made.error().message.find("vocabulary: wanted half of"));
}

}  // namespace
}  // namespace mr::spec
