#include "sample/draw.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"

namespace mr::sample {
namespace {

/// The noise of four tokens at once: ids 4 * group to 4 * group + 3.
std::array<double, 4> gumbel_group(const Key& key, std::uint32_t group) {
  const auto bits =
      philox({group, key.position, key.choice, 0},
             {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)});
  std::array<double, 4> noise;
  for (std::size_t i = 0; i < 4; ++i) {
    const double u = (static_cast<double>(bits[i]) + 0.5) * 0x1p-32;
    noise[i] = -std::log(-std::log(u));
  }
  return noise;
}

std::int32_t largest(std::span<const float> logits) {
  std::int32_t best = -1;
  float best_logit = -std::numeric_limits<float>::infinity();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] > best_logit) {
      best_logit = logits[i];
      best = static_cast<std::int32_t>(i);
    }
  }
  return best;
}

// u lies in [2^-33, 1 - 2^-33], so the noise lies between these two.
constexpr double kLeastNoise = -3.14;
constexpr double kMostNoise = 22.88;

}  // namespace

double gumbel(const Key& key, std::uint32_t token) {
  return gumbel_group(key, token / 4)[token % 4];
}

std::int32_t draw(std::span<const float> logits, const Params& params, const Key& key) {
  const std::int32_t top = largest(logits);
  if (params.temperature <= 0 || top < 0) return top;
  const double scale = 1.0 / static_cast<double>(params.temperature);
  const double top_score = static_cast<double>(logits[static_cast<std::size_t>(top)]) * scale;
  double best_score = top_score + kLeastNoise;  // noise of a token that cannot win is not made
  std::int32_t best = top;
  for (std::size_t group = 0; group * 4 < logits.size(); ++group) {
    const std::size_t end = std::min(logits.size(), group * 4 + 4);
    double most = -std::numeric_limits<double>::infinity();
    for (std::size_t i = group * 4; i < end; ++i) {
      most = std::max(most, static_cast<double>(logits[i]) * scale);
    }
    if (!(most + kMostNoise > best_score)) continue;
    const auto noise = gumbel_group(key, static_cast<std::uint32_t>(group));
    for (std::size_t i = group * 4; i < end; ++i) {
      const double score = static_cast<double>(logits[i]) * scale + noise[i % 4];
      if (score > best_score) {
        best_score = score;
        best = static_cast<std::int32_t>(i);
      }
    }
  }
  return best;
}

}  // namespace mr::sample
