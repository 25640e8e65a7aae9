#pragma once
#include <cstdint>
#include <functional>
#include <span>

#include "base/error.h"
#include "tune/score.h"

namespace mr::tune {

struct PerplexityOptions {
  std::int32_t n_chunks = 0;    ///< windows to score; 0: all that the text fills
  std::int32_t bos_token = -1;  ///< stands first in every window; -1: none
};

/// The mean negative log-likelihood of a text, and what follows from it.
struct Perplexity {
  double nll = 0;      ///< mean over the scored tokens, in nats
  double ppl = 0;      ///< exp(nll)
  double ppl_err = 0;  ///< standard error of ppl, to first order
  std::int64_t n_tokens = 0;
};

/// Told after each window: how many of how many are done, and the result so far.
using OnWindow = std::function<void(std::int32_t done, std::int32_t n_windows, const Perplexity&)>;
/// Told of each scored token: its index in the text and its log-probability.
using OnToken = std::function<void(std::int64_t index, double log_probability)>;

/// Cuts `tokens` into windows of scorer.n_context and scores the second half of each, as
/// llama.cpp's perplexity tool does, so that figures compare.
/// Errors: bad_request where the text fills fewer than two windows.
Expected<Perplexity> perplexity(Scorer& scorer, std::span<const std::int32_t> tokens,
                                const PerplexityOptions& options, const OnWindow& on_window,
                                const OnToken& on_token);

}  // namespace mr::tune
