#include "sample/temperature.h"

#include <algorithm>
#include <cmath>

namespace mr::sample {

void temperature(Candidates& c, float temperature) {
  if (temperature == 1) return;
  if (temperature <= 0) {
    keep(c, largest(c), 1);
    return;
  }
  constexpr float kMost = std::numeric_limits<float>::max();
  const auto divide = [=](float& logit) { logit = std::min(logit / temperature, kMost); };
  std::ranges::for_each(c.logit, divide);
  std::ranges::for_each(c.block_max, divide);
}

void dynamic_temperature(Candidates& c, const Dynamic& dynamic) {
  if (dynamic.range <= 0) return temperature(c, dynamic.temperature);
  const float max = largest(c);
  if (c.logit.size() <= 1 || max == kNever) return;
  const double total = weigh(c, max);
  double entropy = 0;
  for (const float weight : c.values) {
    const double p = static_cast<double>(weight) / total;
    if (p > 0) entropy -= p * std::log(p);
  }
  const double share = entropy / std::log(static_cast<double>(c.logit.size()));
  const float least = std::max(0.0F, dynamic.temperature - dynamic.range);
  const float most = dynamic.temperature + dynamic.range;
  const auto power = static_cast<float>(
      std::pow(std::clamp(share, 0.0, 1.0), static_cast<double>(dynamic.exponent)));
  temperature(c, least + (most - least) * power);
}

}  // namespace mr::sample
