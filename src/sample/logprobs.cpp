#include "sample/logprobs.h"

#include <algorithm>
#include <cmath>

#include "sample/truncate.h"

namespace mr::sample {

Logprobs logprobs(Candidates& c, const LogitRow& row, std::int32_t token, std::int32_t n_top) {
  start(c, row);
  const float max = largest(c);
  const double log_total = std::log(weigh(c, max));
  const auto of = [&](std::size_t i) {
    const double logprob = static_cast<double>(c.logit[i] - max) - log_total;
    return Logprob{token_of(c, i), max == kNever ? kNever : static_cast<float>(logprob)};
  };
  Logprobs found;
  const std::size_t drawn = find(c, token);
  if (drawn != kNone) found.drawn = of(drawn);
  if (n_top <= 0) return found;
  top_k(c, n_top);
  for (std::size_t i = 0; i < c.logit.size(); ++i) found.top.push_back(of(i));
  std::ranges::sort(found.top, [](const Logprob& a, const Logprob& b) {
    return a.logprob > b.logprob || (a.logprob == b.logprob && a.token < b.token);
  });
  return found;
}

}  // namespace mr::sample
