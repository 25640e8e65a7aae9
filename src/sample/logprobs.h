#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "sample/candidates.h"

namespace mr::sample {

struct Logprob {
  std::int32_t token;
  float logprob;  ///< -inf where the logit is
};

/// How probable a drawn token was and what else was, before any sampler.
struct Logprobs {
  Logprob drawn = {-1, kNever};
  std::vector<Logprob> top;  ///< by falling probability, then by rising id
};

/// The logprobs of a token and of the n_top most probable. Equal logits give equal logprobs.
/// `scratch` is overwritten.
Logprobs logprobs(Candidates& scratch, const LogitRow& row, std::int32_t token, std::int32_t n_top);

}  // namespace mr::sample
