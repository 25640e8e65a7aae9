#pragma once
#include <cstdint>
#include <span>

namespace mr::tune {

/// How far a model's distributions are from a base model's, over the tokens of a text.
struct Divergence {
  double kl = 0;      ///< mean of KL(base || model), in nats
  double kl_err = 0;  ///< its standard error
  double kl_max = 0;
  double same_top = 0;   ///< share of tokens whose most probable is the base's
  double ppl_ratio = 1;  ///< perplexity over the base's
};

/// The sums behind it.
struct DivergenceSums {
  double kl = 0;
  double kl_squared = 0;
  double kl_max = 0;
  double nll_difference = 0;
  std::int64_t n_same_top = 0;
  std::int64_t n = 0;
};

/// Adds one position: the base's log-probabilities, the model's logits, and the token that came.
/// Source: Kullback & Leibler 1951, eq. 2.4.
void add(DivergenceSums& sums, std::span<const float> base, std::span<const float> logits,
         std::int32_t token);

Divergence result(const DivergenceSums& sums);

}  // namespace mr::tune
