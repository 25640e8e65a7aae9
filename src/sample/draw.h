#pragma once
#include <cstdint>

#include "sample/candidates.h"
#include "sample/key.h"

namespace mr::sample {

/// The Gumbel noise of one token: -log(-log(u)), u uniform in (0, 1).
double gumbel(const Key& key, std::uint32_t token);

/// The candidate with the largest logit + noise: candidate i with the probability
/// softmax(logits)[i]. Draft and target that draw with one key agree as often as they can.
/// Logits of -inf are never drawn; kNone where nothing is left.
/// Source: Gumbel 1954; Maddison et al. 2014, "A* sampling", arXiv:1411.0030, section 2.
std::size_t draw(const Candidates& candidates, const Key& key);

}  // namespace mr::sample
