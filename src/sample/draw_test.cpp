#include "sample/draw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/rng.h"

namespace mr::sample {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

TEST(Draw, GreedyTakesTheLowestOfEquals) {
  const std::vector<float> logits{1, 3, 3, kNever};
  EXPECT_EQ(1, draw(logits, {.temperature = 0}, {}));
  EXPECT_EQ(-1, draw(std::vector<float>{kNever, std::nanf("")}, {.temperature = 0}, {}));
  EXPECT_EQ(-1, draw(std::vector<float>{kNever, kNever}, {.temperature = 1}, {}));
}

// The pruned search of draw() against its definition, on logits of many scales.
TEST(Draw, IsTheLargestOfLogitPlusNoise) {
  Rng rng{7};
  for (std::uint32_t trial = 0; trial < 500; ++trial) {
    std::vector<float> logits(1 + below(rng, 300));
    const double spread = std::exp(6 * unit(rng) - 2);
    for (float& logit : logits) logit = static_cast<float>((unit(rng) - 0.5) * spread);
    const Key key{.seed = trial, .choice = trial % 3, .position = trial * 7};
    std::size_t wanted = 0;
    const auto score = [&](std::size_t i) {
      return static_cast<double>(logits[i]) / 0.7F + gumbel(key, static_cast<std::uint32_t>(i));
    };
    for (std::size_t i = 1; i < logits.size(); ++i) {
      if (score(i) > score(wanted)) wanted = i;
    }
    ASSERT_EQ(static_cast<std::int32_t>(wanted), draw(logits, {.temperature = 0.7F}, key));
  }
}

// Chi-square of 200,000 draws against softmax(logits / T); 5 degrees of freedom, p = 1e-4: 25.7.
TEST(Draw, FollowsTheSoftmax) {
  const std::vector<float> logits{0.3F, -1.2F, 2.0F, 1.1F, kNever, 0.0F, -2.5F};
  const float temperature = 1.3F;
  constexpr std::uint32_t kDraws = 200'000;
  std::vector<double> seen(logits.size());
  for (std::uint32_t i = 0; i < kDraws; ++i) {
    const Key key{.seed = 42, .choice = i % 16, .position = i / 16};
    seen[static_cast<std::size_t>(draw(logits, {.temperature = temperature}, key))] += 1;
  }
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit / temperature));
  double chi_square = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double wanted = kDraws * std::exp(static_cast<double>(logits[i] / temperature)) / total;
    if (wanted == 0) {
      EXPECT_EQ(0, seen[i]);
    } else {
      chi_square += (seen[i] - wanted) * (seen[i] - wanted) / wanted;
    }
  }
  EXPECT_LT(chi_square, 25.7);
}

}  // namespace
}  // namespace mr::sample
