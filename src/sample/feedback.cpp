#include "sample/feedback.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace mr::sample {

Carry first_carry(const Params& params) {
  const float weight = 1 / (1 - params.adaptive_decay);
  return {.mirostat_mu = 2 * params.mirostat_tau,
          .adaptive_probability = params.adaptive_target * weight,
          .adaptive_weight = weight,
          .thought = {.inside = params.thought.begun},
          .grammar = {.thinking = params.grammar.begun}};
}

void mirostat(Candidates& c, const Carry& carry) {
  const float max = largest(c);
  if (max == kNever) return;
  // -log2(p) <= mu, in logits
  const double floor = static_cast<double>(max) + std::log(weigh(c, max)) -
                       static_cast<double>(carry.mirostat_mu) * std::numbers::ln2;
  if (floor > static_cast<double>(max)) {
    keep(c, max, 1);
  } else {
    keep(c, static_cast<float>(floor));
  }
}

void learn_mirostat(Carry& carry, Candidates& c, std::size_t drawn, const Params& params) {
  const float max = largest(c);
  const double log_p = static_cast<double>(c.logit[drawn] - max) - std::log(weigh(c, max));
  const auto surprise = static_cast<float>(-log_p / std::numbers::ln2);
  carry.mirostat_mu -= params.mirostat_eta * (surprise - params.mirostat_tau);
}

void adaptive_p(Candidates& c, const Carry& carry, const Params& params) {
  constexpr float kWidth = 0.3F;
  constexpr float kPeak = 5;
  constexpr float kSharpness = 10;
  const float max = largest(c);
  const double total = weigh(c, max);
  if (total == 0) return;
  const float missed = carry.adaptive_probability / carry.adaptive_weight;
  const float target = std::clamp(2 * params.adaptive_target - missed, 0.0F, 1.0F);
  for (std::size_t i = 0; i < c.logit.size(); ++i) {
    if (c.logit[i] == kNever) continue;
    c.values[i] = static_cast<float>(static_cast<double>(c.values[i]) / total);
    const float far = std::abs(c.values[i] - target) / kWidth;
    c.logit[i] = kPeak - kSharpness * far * far / (1 + far);
  }
  for (std::size_t block = 0; block < c.block_max.size(); ++block) {
    const auto begin = c.logit.begin() + static_cast<std::ptrdiff_t>(block * kBlock);
    const std::size_t n = std::min(kBlock, c.logit.size() - block * kBlock);
    c.block_max[block] = *std::max_element(begin, begin + static_cast<std::ptrdiff_t>(n));
  }
}

void learn_adaptive_p(Carry& carry, float probability, const Params& params) {
  carry.adaptive_probability = probability + params.adaptive_decay * carry.adaptive_probability;
  carry.adaptive_weight = 1 + params.adaptive_decay * carry.adaptive_weight;
}

}  // namespace mr::sample
