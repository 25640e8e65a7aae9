#include "spec/verify.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace mr::spec {
namespace {

using Tokens = std::vector<std::int32_t>;

constexpr std::size_t kVocab = 48;
constexpr std::size_t kTokens = 60;

/// A model without one: logits that follow from the last two tokens.
std::vector<float> logits_after(const Tokens& text) {
  Rng rng{static_cast<std::uint64_t>(text.back() * 64 + text[text.size() - 2])};
  std::vector<float> logits(kVocab);
  for (float& logit : logits) logit = static_cast<float>(8 * unit(rng) * unit(rng));
  return logits;
}

std::vector<sample::LogitRow> rows_of(std::span<const float> logits, std::size_t n_vocab) {
  std::vector<sample::LogitRow> rows;
  for (std::size_t i = 0; i < logits.size(); i += n_vocab) {
    rows.push_back({.logits = logits.subspan(i, n_vocab)});
  }
  return rows;
}

/// A random tree of likely tokens, and the logits of all nodes.
Draft random_draft(Rng& rng, const Tokens& text, std::vector<float>& logits) {
  Draft draft = make_draft(text.back());
  std::vector<Tokens> texts{text};
  logits = logits_after(text);
  for (std::uint64_t n = below(rng, 14); n > 0; --n) {
    const std::size_t parent = below(rng, texts.size());
    const std::vector<float> own = logits_after(texts[parent]);
    auto token = static_cast<std::int32_t>(below(rng, kVocab));
    for (std::size_t i = 0; i < kVocab; ++i) {  // mostly a likely one
      if (own[i] > own[static_cast<std::size_t>(token)] && below(rng, 4) > 0) {
        token = static_cast<std::int32_t>(i);
      }
    }
    if (child(draft, static_cast<std::int32_t>(parent), token) >= 0) continue;
    add(draft, static_cast<std::int32_t>(parent), token, 0.5F);
    texts.push_back(texts[parent]);
    texts.back().push_back(token);
    const std::vector<float> after = logits_after(texts.back());
    logits.insert(logits.end(), after.begin(), after.end());
  }
  return draft;
}

struct Answer {
  Tokens text{1, 2};
  std::vector<float> logprobs;
  sample::Carry carry;
  int n_steps = 0;
};

/// Generates with or without drafts.
Answer run(const sample::Params& params, Rng* rng) {
  Answer r;
  r.carry = sample::first_carry(params);
  sample::Candidates scratch;
  const Tokens stops{7};
  while (r.text.size() < kTokens) {
    std::vector<float> logits = logits_after(r.text);
    const Draft draft = rng != nullptr ? random_draft(*rng, r.text, logits) : Draft{};
    const Verified v = verify(draft, rows_of(logits, kVocab), params,
                              {.choice = 3,
                               .history = {.before = r.text, .path = {}, .n_prompt = 2},
                               .stop_tokens = stops,
                               .carry = r.carry},
                              scratch);
    if (v.tokens.empty()) break;
    r.text.insert(r.text.end(), v.tokens.begin(), v.tokens.end());
    for (const sample::Logprobs& l : v.logprobs) r.logprobs.push_back(l.drawn.logprob);
    r.carry = v.carry;
    ++r.n_steps;
  }
  return r;
}

TEST(Verify, TextIsTheSameWithAndWithoutTrees) {
  const std::vector<sample::Params> all{
      {.temperature = 0},
      {},
      {.temperature = 0.8F, .top_k = 10, .top_p = 0.95F, .min_p = 0.05F},
      {.mirostat = 2, .mirostat_tau = 3},
      {.adaptive_target = 0.3F},
      {.dynatemp_range = 0.5F, .xtc_probability = 0.5F, .xtc_threshold = 0.05F},
      {.repetition_penalty = 1.3F, .presence_penalty = 0.5F, .frequency_penalty = 0.2F},
      {.dry_multiplier = 2, .dry_allowed_length = 1, .dry_breakers = {{9}, {4, 5}}},
      {.no_repeat_ngram_size = 2, .banned_sequences = {{3, 8}}, .min_tokens = 40},
      {.typical_p = 0.7F, .top_n_sigma = 1, .n_logprobs = 2},
      {.thought = {.open = 3, .close = 4, .budget = 5, .message = {6, 7}, .grace = 3}},
      {.order = {sample::Sampler::temperature, sample::Sampler::top_p}, .top_p = 0.5F},
  };
  Rng rng{11};
  int n_saved = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      sample::Params params = *sample::checked(all[i], kVocab);
      params.seed = seed;
      const Answer plain = run(params, nullptr);
      Answer drafted = run(params, &rng);
      drafted.text.resize(plain.text.size());  // the last tree may go further
      drafted.logprobs.resize(plain.logprobs.size());
      ASSERT_EQ(plain.text, drafted.text) << "params " << i << ", seed " << seed;
      ASSERT_EQ(plain.logprobs, drafted.logprobs) << "params " << i << ", seed " << seed;
      n_saved += plain.n_steps - drafted.n_steps;
    }
  }
  EXPECT_GT(n_saved, 500);  // drafts were accepted often enough to mean something
}

TEST(Verify, EndsBeforeANodeThatCannotBeDrawnAt) {
  sample::Candidates scratch;
  const Tokens text{1, 2};
  const sample::Place place{.history = {.before = text, .path = {}}};
  Draft draft = make_draft(2);
  add(draft, 0, 1, 0.5F);
  const float nan = std::nanf("");
  const auto drawn = [&](const Draft& of, const std::vector<float>& logits,
                         const sample::Params& params) {
    return verify(of, rows_of(logits, 2), params, place, scratch);
  };
  Verified v = drawn(draft, {0, 9, 0, nan}, {.temperature = 0});
  EXPECT_EQ(Tokens{1}, v.tokens);
  v = drawn(draft, {0, nan, 0, 1}, {.temperature = 0});
  EXPECT_TRUE(v.tokens.empty());
  v = drawn({}, {0, 1}, {.banned_tokens = {0, 1}});
  EXPECT_TRUE(v.tokens.empty());
}

}  // namespace
}  // namespace mr::spec
