#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/rng.h"
#include "spec/verify.h"
#include "text/grammar/schema.h"
#include "text/vocab.h"

namespace mr::spec {
namespace {

namespace grammar = text::grammar;
using Tokens = std::vector<std::int32_t>;

struct World {
  text::Tokenizer tok;
  std::shared_ptr<grammar::Matcher> matcher;
  sample::Params params;
  Tokens stops;
};

World make_world(std::string_view schema) {
  auto vocab = text::read_vocab(MILLRACE_SOURCE_DIR "/models/millrace-nano/millrace-nano-f16.gguf");
  World w{.tok = *text::make_tokenizer(*vocab), .matcher = {}, .params = {}, .stops = {}};
  w.stops = {static_cast<std::int32_t>(w.tok.vocab.eos)};
  grammar::Meter meter;
  grammar::Network net{.meter = &meter};
  net.root = *grammar::add_schema(net, boost::json::parse(schema));
  auto program = grammar::finish(std::move(net));
  EXPECT_TRUE(program) << program.error().message;
  w.matcher = grammar::make_matcher(
      std::make_shared<const grammar::Program>(std::move(*program)),
      std::make_shared<const grammar::Vocabulary>(grammar::make_vocabulary(w.tok)));
  w.params.grammar.matcher = w.matcher.get();
  return w;
}

/// Logits that follow from the last token alone.
std::vector<float> logits_after(const World& w, std::int32_t token) {
  Rng rng{static_cast<std::uint64_t>(token) + 77};
  std::vector<float> logits(text::n_tokens(w.tok));
  for (float& logit : logits) logit = static_cast<float>(6 * unit(rng));
  return logits;
}

/// The whole answer. With `guess`, drafts are parts of it with mistakes on branches of their own.
Tokens run(World& w, const Tokens& guess, Rng& rng) {
  Tokens answer{1};
  sample::Carry carry = sample::first_carry(w.params);
  sample::Candidates scratch;
  while (answer.size() < 400) {
    Draft draft = make_draft(answer.back());
    std::vector<std::vector<float>> logits{logits_after(w, answer.back())};
    std::int32_t node = 0;
    for (std::size_t i = answer.size(); i < guess.size() && i < answer.size() + 6; ++i) {
      for (const bool right : {below(rng, 2) == 0, true}) {
        const auto other = static_cast<std::int32_t>(below(rng, text::n_tokens(w.tok)));
        const std::int32_t token = right ? guess[i] : other;
        if (child(draft, node, token) >= 0) continue;
        const std::int32_t made = add(draft, node, token, 0.5F);
        logits.push_back(logits_after(w, token));
        if (right) node = made;
        if (right) break;
      }
      if (child(draft, node, guess[i]) >= 0) node = child(draft, node, guess[i]);
      if (below(rng, 5) == 0) break;
    }
    std::vector<sample::LogitRow> rows;
    for (const auto& of_node : logits) rows.push_back({.logits = of_node});
    const Verified verified = verify(draft, rows, w.params,
                                     {.history = {.before = answer, .path = {}, .n_prompt = 1},
                                      .stop_tokens = w.stops,
                                      .carry = carry},
                                     scratch);
    EXPECT_FALSE(verified.tokens.empty());
    if (verified.tokens.empty()) break;
    carry = verified.carry;
    for (const std::int32_t token : verified.tokens) {
      answer.push_back(token);
      if (token == w.stops.front()) return answer;
    }
  }
  return answer;
}

std::string text_of(const World& w, const Tokens& answer) {
  std::string text;
  for (std::size_t i = 1; i + 1 < answer.size(); ++i) {
    text += text::piece_bytes(w.tok, static_cast<text::Id>(answer[i]), false);
  }
  return text;
}

TEST(GrammarVerify, TheSameTextWhateverTheDraft) {
  World w = make_world(
      R"({"type": "array", "minItems": 3, "maxItems": 6, "items": {"anyOf": [
          {"type": "integer", "minimum": -5, "maximum": 500}, {"type": "string", "maxLength": 9},
          {"enum": ["red", "green", null]}]}})");
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    w.params.seed = seed;
    Rng rng{seed};
    const Tokens plain = run(w, {}, rng);
    ASSERT_EQ(w.stops.front(), plain.back());
    const boost::json::value value = boost::json::parse(text_of(w, plain));
    EXPECT_GE(value.as_array().size(), 3U);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(plain, run(w, plain, rng));
  }
}

TEST(GrammarVerify, ThoughtsAreFreeAndAnswersAreNot) {
  World w = make_world(R"({"enum": ["yes", "no"]})");
  constexpr std::int32_t kOpen = 40;
  constexpr std::int32_t kClose = 41;
  w.params.grammar.open = kOpen;
  w.params.grammar.close = kClose;
  w.params.grammar.begun = true;
  w.params.logit_bias = {{kClose, 10}};
  Rng rng{3};
  const Tokens answer = run(w, {}, rng);
  const auto close = std::find(answer.rbegin(), answer.rend(), kClose);  // of the last thought
  ASSERT_NE(answer.rend(), close);
  const Tokens behind(close.base() - 1, answer.end());
  const std::string text = text_of(w, behind);
  EXPECT_TRUE(text == "\"yes\"" || text == "\"no\"") << text;
  EXPECT_EQ(w.stops.front(), answer.back());
}

}  // namespace
}  // namespace mr::spec
