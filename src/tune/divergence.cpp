#include "tune/divergence.h"

#include <algorithm>
#include <cmath>

#include "tune/score.h"

namespace mr::tune {

void add(DivergenceSums& sums, std::span<const float> base, std::span<const float> logits,
         std::int32_t token) {
  const double norm = log_normalizer(logits);
  const double base_norm = log_normalizer(base);  // near 0: its rows are rounded
  double kl = 0;
  for (std::size_t i = 0; i < base.size(); ++i) {
    const double log_base = static_cast<double>(base[i]) - base_norm;
    kl += std::exp(log_base) * (log_base - (static_cast<double>(logits[i]) - norm));
  }
  const auto top = [](std::span<const float> row) {
    return std::max_element(row.begin(), row.end()) - row.begin();
  };
  const auto at = static_cast<std::size_t>(token);
  sums.kl += kl;
  sums.kl_squared += kl * kl;
  sums.kl_max = std::max(sums.kl_max, kl);
  sums.nll_difference += static_cast<double>(base[at]) - base_norm;
  sums.nll_difference -= static_cast<double>(logits[at]) - norm;
  sums.n_same_top += top(base) == top(logits) ? 1 : 0;
  ++sums.n;
}

Divergence result(const DivergenceSums& sums) {
  const auto n = static_cast<double>(sums.n);
  Divergence out;
  out.kl = sums.kl / n;
  const double variance = std::max(0.0, sums.kl_squared / n - out.kl * out.kl);
  if (sums.n > 1) out.kl_err = std::sqrt(variance / (n - 1));
  out.kl_max = sums.kl_max;
  out.same_top = static_cast<double>(sums.n_same_top) / n;
  out.ppl_ratio = std::exp(sums.nll_difference / n);
  return out;
}

}  // namespace mr::tune
