#include "sample/penalties.h"

namespace mr::sample {

void penalties(Candidates& c, const History& history, const Params& params) {
  const std::size_t n = window(history, params.penalty_last_n);
  const bool off = params.repetition_penalty == 1 && params.presence_penalty == 0 &&
                   params.frequency_penalty == 0;
  if (off || n == 0) return;
  c.count.resize(c.n_vocab);
  c.tokens.clear();
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t token = from_end(history, i);
    if (token < 0 || static_cast<std::size_t>(token) >= c.n_vocab) continue;
    if (c.count[static_cast<std::size_t>(token)]++ == 0) c.tokens.push_back(token);
  }
  for (const std::int32_t token : c.tokens) {
    std::int32_t& count = c.count[static_cast<std::size_t>(token)];
    const std::size_t i = find(c, token);
    if (i != kNone) {
      const float logit = c.logit[i];
      const float scaled =
          logit <= 0 ? logit * params.repetition_penalty : logit / params.repetition_penalty;
      set(c, i,
          scaled -
              (static_cast<float>(count) * params.frequency_penalty + params.presence_penalty));
    }
    count = 0;
  }
}

}  // namespace mr::sample
