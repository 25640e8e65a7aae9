#include "sample/bans.h"

#include <algorithm>

namespace mr::sample {
namespace {

void ban(Candidates& c, std::int32_t token) {
  ban(c, std::span(&token, 1));
}

}  // namespace

void bias(Candidates& c, const Params& params) {
  for (const Bias& b : params.logit_bias) {
    const std::size_t i = find(c, b.token);
    if (i != kNone) set(c, i, c.logit[i] + b.bias);
  }
  ban(c, params.banned_tokens);
  if (params.allowed_tokens.empty()) return;
  std::vector<std::uint8_t> marks(c.logit.size());
  for (const std::int32_t token : params.allowed_tokens) {
    const std::size_t i = find(c, token);
    if (i != kNone) marks[i] = 1;
  }
  keep_marked(c, marks);
}

void ban_sequences(Candidates& c, const History& history,
                   std::span<const std::vector<std::int32_t>> sequences) {
  for (const auto& sequence : sequences) {
    const std::size_t n = sequence.size() - 1;  // those that must stand there for a ban
    if (n > size(history)) continue;
    std::size_t i = 0;
    while (i < n && from_end(history, i) == sequence[n - 1 - i]) ++i;
    if (i == n) ban(c, sequence.back());
  }
}

void no_repeat_ngram(Candidates& c, const History& history, std::int32_t n) {
  const std::size_t n_tokens = size(history);
  if (n <= 0 || n_tokens < static_cast<std::size_t>(n)) return;
  const auto n_same = static_cast<std::size_t>(n - 1);
  for (std::size_t end = 0; end + n_same < n_tokens; ++end) {  // the n-gram's last token
    std::size_t i = 0;
    while (i < n_same && from_end(history, i) == from_end(history, end + 1 + i)) ++i;
    if (i == n_same) ban(c, from_end(history, end));
  }
}

void hold_stops(Candidates& c, const History& history, std::int32_t min_tokens,
                std::span<const std::int32_t> stop_tokens) {
  const auto wanted = static_cast<std::size_t>(history.n_prompt) +
                      static_cast<std::size_t>(std::max(min_tokens, 0));
  if (size(history) >= wanted) return;
  for (const std::int32_t token : stop_tokens) ban(c, token);
}

}  // namespace mr::sample
