#include "tune/perplexity.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sample/logprobs.h"

namespace mr::tune {
namespace {

/// Sums over the tokens scored so far.
struct Sums {
  double nll = 0;
  double nll_squared = 0;
  std::int64_t n = 0;
};

Perplexity result(const Sums& sums) {
  Perplexity out;
  const auto n = static_cast<double>(sums.n);
  out.n_tokens = sums.n;
  out.nll = sums.nll / n;
  out.ppl = std::exp(out.nll);
  const double variance = sums.nll_squared / n - out.nll * out.nll;
  if (variance > 0 && sums.n > 1) out.ppl_err = std::sqrt(variance / (n - 1)) * out.ppl;
  return out;
}

}  // namespace

std::int32_t count_windows(std::size_t n_tokens, std::int32_t n_context, std::int32_t n_chunks) {
  const auto window = static_cast<std::size_t>(n_context);
  if (n_tokens < 2 * window) return 0;
  const auto n_windows = static_cast<std::int32_t>(n_tokens / window);
  return n_chunks > 0 ? std::min(n_windows, n_chunks) : n_windows;
}

Expected<Perplexity> perplexity(Scorer& scorer, std::span<const std::int32_t> tokens,
                                const PerplexityOptions& options, const OnWindow& on_window,
                                const OnToken& on_token) {
  const std::int32_t n_context = scorer.n_context;
  const auto window = static_cast<std::size_t>(n_context);
  if (tokens.size() < 2 * window) {
    return fail(Fault::bad_request, "text to score: wanted at least " + std::to_string(2 * window) +
                                        " tokens, found " + std::to_string(tokens.size()));
  }
  auto n_windows = static_cast<std::int32_t>(tokens.size() / window);
  if (options.n_chunks > 0) n_windows = std::min(n_windows, options.n_chunks);
  const std::int32_t first = n_context / 2;
  Sums sums;
  sample::Candidates scratch;
  for (std::int32_t i = 0; i < n_windows; ++i) {
    const std::size_t start = static_cast<std::size_t>(i) * window;
    std::vector<std::int32_t> part(tokens.begin() + static_cast<std::ptrdiff_t>(start),
                                   tokens.begin() + static_cast<std::ptrdiff_t>(start + window));
    if (options.bos_token >= 0) part[0] = options.bos_token;
    MR_TRY_VOID(score(scorer, part, first, [&](std::int32_t pos, std::span<const float> logits) {
      if (pos + 1 >= n_context) return;  // the token after the window belongs to the next one
      // As the server computes it, so that the two agree to the last digit.
      const std::int32_t token = part[static_cast<std::size_t>(pos) + 1];
      const double log_p =
          static_cast<double>(sample::logprobs(scratch, {logits}, token, 0).drawn.logprob);
      sums.nll -= log_p;
      sums.nll_squared += log_p * log_p;
      ++sums.n;
      if (on_token) on_token({static_cast<std::int64_t>(start) + pos + 1, log_p, logits});
    }));
    if (on_window && !on_window(i + 1, n_windows, result(sums))) break;
  }
  return result(sums);
}

}  // namespace mr::tune
