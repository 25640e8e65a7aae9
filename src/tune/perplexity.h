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

/// Told after each window: how many of how many are done, and the result so far. False: enough.
using OnWindow = std::function<bool(std::int32_t done, std::int32_t n_windows, const Perplexity&)>;
/// Told of each scored token: its index in the text, its log-probability, and the logits (n_vocab)
/// that gave it.
struct Scored {
  std::int64_t index = 0;
  double log_probability = 0;
  std::span<const float> logits;
};
using OnToken = std::function<void(const Scored&)>;

/// Tokens that are scored in a window: its second half but the first of it.
constexpr std::int32_t scored_tokens(std::int32_t n_context) {
  return n_context - n_context / 2 - 1;
}

/// How many windows `perplexity` scores, 0 where the text fills fewer than two.
std::int32_t count_windows(std::size_t n_tokens, std::int32_t n_context, std::int32_t n_chunks);

/// Cuts `tokens` into windows of scorer.n_context and scores the second half of each, as
/// llama.cpp's perplexity tool does, so that figures compare.
/// Errors: bad_request where the text fills fewer than two windows.
Expected<Perplexity> perplexity(Scorer& scorer, std::span<const std::int32_t> tokens,
                                const PerplexityOptions& options, const OnWindow& on_window,
                                const OnToken& on_token);

}  // namespace mr::tune
