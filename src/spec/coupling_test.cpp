// Drafts that draw with the target's noise: how often they agree with it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "sample/draw.h"

namespace mr::spec {
namespace {

constexpr std::size_t kVocab = 24;

std::vector<double> shares(const std::vector<float>& logits) {
  std::vector<double> p(logits.begin(), logits.end());
  double sum = 0;
  for (double& x : p) sum += x = std::exp(x);
  for (double& x : p) x /= sum;
  return p;
}

std::int32_t drawn(const std::vector<float>& logits, const sample::Key& key) {
  sample::Candidates candidates;
  sample::start(candidates, logits);
  return sample::token_of(candidates, sample::draw(candidates, key));
}

// Source: arXiv:2408.07978, theorem 1: with total variation d between them, two Gumbel draws of the
// same noise agree with a chance of at least (1 - d) / (1 + d); none can agree more than 1 - d.
TEST(Coupling, AgreesAsOftenAsTheBoundSays) {
  Rng rng{12};
  for (const double difference : {0.1, 0.5, 1.5, 4.0}) {
    std::vector<float> target(kVocab);
    std::vector<float> draft(kVocab);
    for (std::size_t i = 0; i < kVocab; ++i) {
      target[i] = static_cast<float>(3 * unit(rng));
      draft[i] = target[i] + static_cast<float>(difference * (2 * unit(rng) - 1));
    }
    const std::vector<double> p = shares(target);
    const std::vector<double> q = shares(draft);
    double d = 0;
    for (std::size_t i = 0; i < kVocab; ++i) d += std::abs(p[i] - q[i]) / 2;
    constexpr std::uint32_t kDraws = 20000;
    int n_agree = 0;
    for (std::uint32_t position = 0; position < kDraws; ++position) {
      const sample::Key key{.seed = 99, .choice = 0, .position = position};
      n_agree += drawn(target, key) == drawn(draft, key) ? 1 : 0;
    }
    const double rate = static_cast<double>(n_agree) / kDraws;
    const double four_sigma = 4 * std::sqrt(0.25 / kDraws);
    EXPECT_GE(rate, (1 - d) / (1 + d) - four_sigma) << d;
    EXPECT_LE(rate, 1 - d + four_sigma) << d;
  }
}

}  // namespace
}  // namespace mr::spec
