#include "sample/draw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/rng.h"
#include "sample/chain.h"
#include "sample/truncate.h"

namespace mr::sample {
namespace {

Candidates made(const std::vector<float>& logits) {
  Candidates c;
  start(c, logits);
  return c;
}

TEST(Draw, FindsNothingWhereNothingIs) {
  EXPECT_EQ(kNone, draw(made({}), {}));
  EXPECT_EQ(kNone, draw(made({kNever, std::nanf("")}), {}));
  EXPECT_EQ(1U, draw(made({kNever, -1e38F, kNever}), {}));
}

// The pruned search of draw() against its definition, on logits of many scales, whole vocabularies
// and what samplers left of them.
TEST(Draw, IsTheLargestOfLogitPlusNoise) {
  Rng rng{7};
  for (std::uint32_t trial = 0; trial < 500; ++trial) {
    std::vector<float> logits(1 + below(rng, 300));
    const double spread = std::exp(6 * unit(rng) - 2);
    for (float& logit : logits) logit = static_cast<float>((unit(rng) - 0.5) * spread);
    Candidates c = made(logits);
    if (trial % 2 == 0) top_k(c, static_cast<std::int32_t>(1 + below(rng, logits.size())));
    const Key key{.seed = trial, .choice = trial % 3, .position = trial * 7};
    std::size_t wanted = 0;
    const auto score = [&](std::size_t i) {
      return static_cast<double>(c.logit[i]) +
             gumbel(key, static_cast<std::uint32_t>(token_of(c, i)));
    };
    for (std::size_t i = 1; i < c.logit.size(); ++i) {
      if (score(i) > score(wanted)) wanted = i;
    }
    ASSERT_EQ(wanted, draw(c, key)) << "trial " << trial;
  }
}

/// Chi-square of draws of a chain against the probabilities that it should leave, (n_vocab).
double chi_square(const std::vector<float>& logits, const Params& params,
                  const std::vector<double>& wanted) {
  constexpr std::uint32_t kDraws = 100'000;
  std::vector<double> seen(logits.size());
  std::vector<std::int32_t> before(kDraws / 16 + 1);
  Candidates c;
  for (std::uint32_t i = 0; i < kDraws; ++i) {
    start(c, logits);
    const History history{.before = std::span(before).first(i / 16), .path = {}};
    const Place place{.choice = i % 16, .history = history, .carry = first_carry(params)};
    seen[static_cast<std::size_t>(pick(c, params, place).token)] += 1;
  }
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double expected = kDraws * wanted[i];
    if (expected == 0) {
      EXPECT_EQ(0, seen[i]) << "token " << i;
    } else {
      sum += (seen[i] - expected) * (seen[i] - expected) / expected;
    }
  }
  return sum;
}

// At p = 1e-4, chi-square with 1 to 5 degrees of freedom is below 15.1, 18.4, 21.1, 23.5, 25.7.
TEST(Draw, FollowsTheDistributionOfTheChain) {
  const std::vector<double> p{0.05, 0.4, 0.15, 0.1, 0, 0.3};
  std::vector<float> logits;
  for (const double x : p) logits.push_back(static_cast<float>(std::log(x)));
  EXPECT_LT(chi_square(logits, {.seed = 42}, p), 23.5);
  EXPECT_LT(chi_square(logits, {.seed = 1, .top_k = 3}, {0, 8.0 / 17, 3.0 / 17, 0, 0, 6.0 / 17}),
            18.4);
  EXPECT_LT(chi_square(logits, {.seed = 2, .top_p = 0.69F}, {0, 4.0 / 7, 0, 0, 0, 3.0 / 7}), 15.1);
  // XTC at a chance of 1/4 drops 0.4, at 3/4 nothing.
  const double left = 0.25 / 0.6;
  EXPECT_LT(chi_square(logits, {.seed = 3, .xtc_probability = 0.25F, .xtc_threshold = 0.25F},
                       {0.05 * (0.75 + left), 0.4 * 0.75, 0.15 * (0.75 + left), 0.1 * (0.75 + left),
                        0, 0.3 * (0.75 + left)}),
            23.5);
  // A temperature of 1/2 squares: 0.0025 0.16 0.0225 0.01 0.09 of 0.285; min_p 0.1 keeps 3 of them.
  const double total = 0.16 + 0.0225 + 0.09;
  EXPECT_LT(chi_square(logits,
                       {.temperature = 0.5F,
                        .seed = 4,
                        .order = {Sampler::temperature, Sampler::min_p},
                        .min_p = 0.1F},
                       {0, 0.16 / total, 0.0225 / total, 0, 0, 0.09 / total}),
            18.4);
  EXPECT_LT(chi_square(logits, {.seed = 5, .mirostat = 2, .mirostat_tau = 0.9F},  // 1.8 bits
                       {0, 4.0 / 7, 0, 0, 0, 3.0 / 7}),
            15.1);
}

}  // namespace
}  // namespace mr::sample
