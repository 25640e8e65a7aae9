#include "model/rope_config.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "base/quote.h"

namespace mr::model {
namespace {

/// Llama 3.1: long waves are slowed down by the factor, short ones stay, between them a blend.
double llama3_frequency(const RopeScaling& s, double inv_freq) {
  const double turns = s.n_original * inv_freq / (2 * std::numbers::pi);
  if (turns < s.low_freq_factor) return inv_freq / s.factor;
  if (turns > s.high_freq_factor) return inv_freq;
  const double blend = (turns - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  return (1 - blend) * inv_freq / s.factor + blend * inv_freq;
}

/// YaRN's ramp: the frequencies below `low` stay, those above `high` are slowed down.
struct Ramp {
  double low = 0;
  double high = 0;
};

Ramp yarn_ramp(const RopeScaling& s, std::int32_t n_dims, double base) {
  const auto place = [&](double rotations) {
    return n_dims * std::log(s.n_original / (rotations * 2 * std::numbers::pi)) /
           (2 * std::log(base));
  };
  double low = place(s.beta_fast);
  double high = place(s.beta_slow);
  if (s.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(n_dims - 1));
  return {low, low == high ? high + 0.001 : high};
}

/// Frequency `i` of the unscaled `inv_freq`.
double scaled(const RopeScaling& s, const Ramp& ramp, std::int32_t i, double inv_freq) {
  switch (s.rule) {
    case RopeScaling::Rule::none:
    case RopeScaling::Rule::longrope:
      return inv_freq;
    case RopeScaling::Rule::linear:
      return inv_freq / s.factor;
    case RopeScaling::Rule::llama3:
      return llama3_frequency(s, inv_freq);
    case RopeScaling::Rule::yarn: {
      const double slow = std::clamp((i - ramp.low) / (ramp.high - ramp.low), 0.0, 1.0);
      return slow * inv_freq / s.factor + (1 - slow) * inv_freq;
    }
  }
  return inv_freq;
}

}  // namespace

RopeConfig make_rope(kern::Rope kind, std::int32_t n_dims, double base,
                     const RopeScaling& scaling) {
  const std::int32_t n_pairs = (n_dims + 1) / 2;
  RopeConfig rope{.kind = kind,
                  .n_dims = 2 * n_pairs,
                  .inv_freq = {},
                  .inv_freq_long = {},
                  .n_short = static_cast<std::int32_t>(scaling.n_original),
                  .magnitude = static_cast<float>(scaling.magnitude)};
  const Ramp ramp =
      scaling.rule == RopeScaling::Rule::yarn ? yarn_ramp(scaling, n_dims, base) : Ramp{};
  for (std::int32_t i = 0; i < n_pairs; ++i) {
    const double plain = 1.0 / std::pow(base, 2.0 * i / n_dims);
    const double inv_freq = scaled(scaling, ramp, i, plain);
    const auto at = static_cast<std::size_t>(i);
    const auto by = [&](const std::vector<float>& factors) {
      return static_cast<float>(inv_freq / static_cast<double>(factors[at]));
    };
    rope.inv_freq.push_back(scaling.short_factor.empty() ? static_cast<float>(inv_freq)
                                                         : by(scaling.short_factor));
    if (!scaling.long_factor.empty()) rope.inv_freq_long.push_back(by(scaling.long_factor));
  }
  return rope;
}

}  // namespace mr::model
