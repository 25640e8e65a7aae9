// Small cases worked out by hand, most of them llama.cpp's own examples (tests/test-sampling.cpp).
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sample/bans.h"
#include "sample/chain.h"
#include "sample/logprobs.h"
#include "sample/penalties.h"
#include "sample/temperature.h"
#include "sample/truncate.h"

namespace mr::sample {
namespace {

using Floats = std::vector<float>;
using Tokens = std::vector<std::int32_t>;

Candidates of_probabilities(const Floats& probabilities) {
  Floats logits;
  for (const float p : probabilities) logits.push_back(std::log(p));
  Candidates c;
  start(c, logits);
  return c;
}

/// The probabilities of what is left.
Floats left(Candidates& c) {
  const float max = largest(c);
  const double total = weigh(c, max);
  Floats out;
  for (const float logit : c.logit) {
    out.push_back(static_cast<float>(static_cast<double>(std::exp(logit - max)) / total));
  }
  return out;
}

void expect_near(const Floats& wanted, Candidates& c) {
  const Floats found = left(c);
  ASSERT_EQ(wanted.size(), found.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(wanted[i], found[i], 1e-5F);
}

TEST(Samplers, TruncateAsInLlamaCpp) {
  struct Case {
    void (*run)(Candidates&);
    Floats wanted;
  };
  const std::vector<Case> cases{
      {[](Candidates& c) { top_k(c, 1); }, {1}},
      {[](Candidates& c) { top_k(c, 3); }, {0.22222F, 0.33333F, 0.44444F}},
      {[](Candidates& c) { top_k(c, 4); }, {0.1F, 0.2F, 0.3F, 0.4F}},
      {[](Candidates& c) { top_k(c, 0); }, {0.1F, 0.2F, 0.3F, 0.4F}},
      {[](Candidates& c) { top_p(c, 0); }, {1}},
      {[](Candidates& c) { top_p(c, 0.7F); }, {0.428571F, 0.571429F}},
      {[](Candidates& c) { top_p(c, 0.8F); }, {0.22222F, 0.33333F, 0.44444F}},
      {[](Candidates& c) { top_p(c, 1); }, {0.1F, 0.2F, 0.3F, 0.4F}},
      {[](Candidates& c) { min_p(c, 0.24F); }, {0.1F, 0.2F, 0.3F, 0.4F}},
      {[](Candidates& c) { min_p(c, 0.26F); }, {0.2F / 0.9F, 0.3F / 0.9F, 0.4F / 0.9F}},
      {[](Candidates& c) { min_p(c, 0.74F); }, {0.3F / 0.7F, 0.4F / 0.7F}},
      {[](Candidates& c) { min_p(c, 0.76F); }, {1}},
      {[](Candidates& c) { min_p(c, 1.05F); }, {1}},
      {[](Candidates& c) { temperature(c, 1); }, {0.1F, 0.2F, 0.3F, 0.4F}},
      {[](Candidates& c) { temperature(c, 0); }, {1}},
      {[](Candidates& c) { top_n_sigma(c, 1); }, {0, 0, 0.428571F, 0.571429F}},
      {[](Candidates& c) { top_n_sigma(c, 0); }, {0.1F, 0.2F, 0.3F, 0.4F}},
      {[](Candidates& c) { top_n_sigma(c, 3); }, {0.1F, 0.2F, 0.3F, 0.4F}},
      {[](Candidates& c) { xtc(c, 0.9999F, 0.09F, {}); }, {1}},
      {[](Candidates& c) { xtc(c, 0.9999F, 0.19F, {}); }, {0.33333F, 0.66667F}},
      {[](Candidates& c) { xtc(c, 0.9999F, 0.29F, {}); }, {0.16667F, 0.33333F, 0.5F}},
      {[](Candidates& c) { xtc(c, 0.9999F, 0.39F, {}); }, {0.1F, 0.2F, 0.3F, 0.4F}},
      {[](Candidates& c) { xtc(c, 1, 0.51F, {}); }, {0.1F, 0.2F, 0.3F, 0.4F}},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(i);
    Candidates c = of_probabilities({0.1F, 0.2F, 0.3F, 0.4F});
    cases[i].run(c);
    expect_near(cases[i].wanted, c);
  }
  Candidates c = of_probabilities({0.97F, 0.01F, 0.01F, 0.01F});
  typical_p(c, 0.5F);
  EXPECT_EQ(Tokens{0}, c.token);
  c = of_probabilities({0.4F, 0.2F, 0.2F, 0.2F});
  typical_p(c, 0.5F);
  EXPECT_EQ((Tokens{1, 2, 3}), c.token);
}

TEST(Samplers, EqualLogitsKeepTheLowestIds) {
  Candidates c = of_probabilities(Floats(300, 1.0F));
  top_k(c, 3);
  EXPECT_EQ((Tokens{0, 1, 2}), c.token);
  c = of_probabilities(Floats(300, 1.0F));
  top_p(c, 0.01F);
  EXPECT_EQ((Tokens{0, 1, 2}), c.token);
  c = of_probabilities({1, 3, 3, 2});
  temperature(c, 0);
  EXPECT_EQ(Tokens{1}, c.token);
  c = of_probabilities({3, 1, 3, 3});
  xtc(c, 1, 0.2F, {});
  EXPECT_EQ((Tokens{1, 3}), c.token);
}

TEST(Samplers, PenaltiesAsInLlamaCpp) {
  const auto expect = [](const Floats& wanted, const Tokens& last, const Params& params) {
    Candidates c = of_probabilities(Floats(5, 0.2F));
    penalties(c, {.before = last, .path = {}}, params);
    expect_near(wanted, c);
  };
  const Params repetition{.repetition_penalty = 50};
  expect({0, 0.25F, 0.25F, 0.25F, 0.25F}, {0}, repetition);
  expect({0, 0, 0, 0.5F, 0.5F}, {0, 1, 2}, repetition);
  expect({0, 0, 0, 0.5F, 0.5F}, {0, 1, 2, 0, 0}, repetition);
  const Params both{.presence_penalty = 5, .frequency_penalty = 5};
  expect({0.000011F, 0.249997F, 0.249997F, 0.249997F, 0.249997F}, {0}, both);
  expect({0.000023F, 0.000023F, 0.000023F, 0.499966F, 0.499966F}, {0, 1, 2}, both);
  expect({0, 0.000023F, 0.000023F, 0.499977F, 0.499977F}, {0, 1, 2, 0, 0}, both);
  const Params short_window{.penalty_last_n = 1, .repetition_penalty = 50};
  expect({0.25F, 0.25F, 0, 0.25F, 0.25F}, {0, 1, 2}, short_window);
}

TEST(Samplers, DryAsInLlamaCpp) {
  struct Case {
    std::size_t n_vocab;
    Tokens last;
    Floats wanted;
    Params params;
  };
  const auto params = [](float multiplier, std::int32_t allowed, std::int32_t last_n) {
    return Params{.dry_multiplier = multiplier,
                  .dry_base = 1.1F,
                  .dry_allowed_length = allowed,
                  .dry_penalty_last_n = last_n};
  };
  Params breaker = params(1, 2, 6);
  breaker.dry_breakers = {{3}};
  const std::vector<Case> cases{
      {4, {0, 1}, Floats(4, 0.25F), params(1, 2, 4)},
      {4, {0, 1, 2, 0, 1}, {0.296923F, 0.296923F, 0.109232F, 0.296923F}, params(1, 2, 5)},
      {5, {0, 1, 3, 4, 0, 1}, Floats(5, 0.2F), breaker},
      {5,
       {0, 1, 2, 0, 1},
       {0.241818F, 0.241818F, 0.032727F, 0.241818F, 0.241818F},
       params(2, 2, 5)},
      {5, {0, 1, 2, 3, 4, 0, 1}, Floats(5, 0.2F), params(1, 4, 7)},
  };
  for (const Case& one : cases) {
    Candidates c = of_probabilities(Floats(one.n_vocab, 1 / static_cast<float>(one.n_vocab)));
    dry(c, {.before = one.last, .path = {}}, one.params);
    expect_near(one.wanted, c);
  }
}

// The worked example of llama.cpp's source, a b c c b c y a b c: c would make 4, b 2 and y 3.
TEST(Samplers, DryPenaltyGrowsWithTheRepetition) {
  Candidates c;
  start(c, Floats(26, 0));
  const Tokens text{0, 1, 2, 2, 1, 2, 24, 0, 1, 2};
  const Params params{.dry_multiplier = 1, .dry_base = 2, .dry_allowed_length = 1};
  dry(c, {.before = std::span(text).first(4), .path = std::span(text).subspan(4)}, params);
  EXPECT_EQ(-4, c.logit[2]);   // 2^(3-1)
  EXPECT_EQ(-1, c.logit[1]);   // 2^(1-1)
  EXPECT_EQ(-2, c.logit[24]);  // 2^(2-1)
  EXPECT_EQ(0, c.logit[0]);
}

TEST(Samplers, BansAndBiases) {
  const Tokens text{7, 1, 2, 3, 1, 2};
  const History history{.before = text, .path = {}, .n_prompt = 4};
  const auto run = [&](const Params& params, const Tokens& stops = {}) {
    Candidates c;
    start(c, Floats(8, 0));
    const Drawn drawn = pick(c, params, {.history = history, .stop_tokens = stops});
    Tokens out;
    for (std::size_t i = 0; i < c.logit.size(); ++i) {
      if (c.logit[i] == 0) out.push_back(token_of(c, i));
    }
    EXPECT_EQ(out.empty(), drawn.token < 0);
    return out;
  };
  EXPECT_EQ((Tokens{0, 1, 2, 4, 5, 6, 7}), run({.no_repeat_ngram_size = 3}));
  EXPECT_EQ((Tokens{0, 1, 3, 4, 6, 7}), run({.logit_bias = {{5, kNever}}, .banned_tokens = {2}}));
  EXPECT_EQ((Tokens{0, 1, 2, 3, 5, 6, 7}), run({.banned_sequences = {{1, 2, 4}, {2, 2, 5}}}));
  EXPECT_EQ((Tokens{2, 6}), run({.allowed_tokens = {2, 6}}));
  EXPECT_EQ(Tokens{}, run({.banned_tokens = {2}, .allowed_tokens = {2}}));
  EXPECT_EQ((Tokens{0, 1, 2, 3, 5, 6, 7}), run({.min_tokens = 3}, {4}));
  EXPECT_EQ((Tokens{0, 1, 2, 3, 4, 5, 6, 7}), run({.min_tokens = 2}, {4}));
}

TEST(Samplers, TheOrderMatters) {
  const Floats logits{std::log(0.5F), std::log(0.3F), std::log(0.2F)};
  Params params{.temperature = 0.25F, .min_p = 0.3F};
  Candidates c;
  start(c, logits);
  pick(c, params, {});
  EXPECT_EQ(3U, c.logit.size());
  params.order = {Sampler::temperature, Sampler::min_p};
  start(c, logits);
  pick(c, params, {});
  EXPECT_EQ(1U, c.logit.size());
}

TEST(Samplers, MirostatAndAdaptivePLearn) {
  const Params mirostat_params{.mirostat = 2, .mirostat_tau = 1.5F, .mirostat_eta = 0.5F};
  const Carry first = first_carry(mirostat_params);
  EXPECT_EQ(3, first.mirostat_mu);
  Candidates c = of_probabilities({0.5F, 0.25F, 0.25F});
  const Drawn drawn = pick(c, mirostat_params, {.carry = first});
  const float surprise = drawn.token == 0 ? 1 : 2;
  EXPECT_NEAR(3 - 0.5F * (surprise - 1.5F), drawn.carry.mirostat_mu, 1e-5F);

  const Params adaptive{.adaptive_target = 0.4F, .adaptive_decay = 0.5F};
  Carry carry = first_carry(adaptive);
  EXPECT_FLOAT_EQ(0.8F, carry.adaptive_probability);
  EXPECT_FLOAT_EQ(2, carry.adaptive_weight);
  c = of_probabilities({0.5F, 0.25F, 0.25F});
  carry = pick(c, adaptive, {.carry = carry}).carry;
  EXPECT_FLOAT_EQ(2, carry.adaptive_weight);
  const float p = carry.adaptive_probability - 0.4F;
  EXPECT_TRUE(std::abs(p - 0.5F) < 1e-5F || std::abs(p - 0.25F) < 1e-5F);
}

TEST(Samplers, LogprobsAreThoseOfTheModel) {
  Candidates scratch;
  const Floats logits{1, 3, 2, kNever, 3};
  const Logprobs found = logprobs(scratch, {logits}, 2, 3);
  const double total = std::exp(1.0) + 2 * std::exp(3.0) + std::exp(2.0);
  EXPECT_NEAR(2 - std::log(total), found.drawn.logprob, 1e-6);
  ASSERT_EQ(3U, found.top.size());
  EXPECT_EQ(1, found.top[0].token);
  EXPECT_EQ(4, found.top[1].token);
  EXPECT_EQ(2, found.top[2].token);
  EXPECT_EQ(found.drawn.logprob, found.top[2].logprob);
  EXPECT_EQ(kNever, logprobs(scratch, {logits}, 3, 0).drawn.logprob);
}

TEST(Samplers, HostileNumbersDoNoHarm) {
  const float inf = std::numeric_limits<float>::infinity();
  const float most = std::numeric_limits<float>::max();
  for (const Floats& logits :
       {Floats{}, Floats{std::nanf("")}, Floats{inf, 1, kNever}, Floats{most, -most, 0}}) {
    Candidates c;
    EXPECT_EQ(logits.size() == 3 && logits[0] == most, start(c, logits) && !logits.empty());
    for (const std::int32_t mirostat : {0, 2}) {
      Params params{.temperature = 0.01F, .typical_p = 0.5F, .logit_bias = {{0, most}}};
      params.mirostat = mirostat;
      start(c, logits);
      const Drawn drawn = pick(c, params, {.carry = first_carry(params)});
      EXPECT_EQ(logits.size() == 3 ? 0 : -1, drawn.token);
    }
  }
}

}  // namespace
}  // namespace mr::sample
