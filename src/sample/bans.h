#pragma once
#include <span>

#include "sample/candidates.h"
#include "sample/history.h"
#include "sample/params.h"

/// What must or must not be drawn whatever the model says; applied before all other samplers.
namespace mr::sample {

/// Adds logit_bias, bans banned_tokens, and drops all but allowed_tokens where there are any.
void bias(Candidates& candidates, const Params& params);

/// Bans the last token of each of `sequences` (sorted or not) that the history ends short of.
void ban_sequences(Candidates& candidates, const History& history,
                   std::span<const std::vector<std::int32_t>> sequences);

/// Bans the tokens that would complete n tokens in a row which the history has already.
/// Source: Paulus et al. 2017, arXiv:1705.04304, section 2.5; transformers' NoRepeatNGram.
void no_repeat_ngram(Candidates& candidates, const History& history, std::int32_t n);

/// Bans the stop tokens while the answer has fewer than min_tokens.
void hold_stops(Candidates& candidates, const History& history, std::int32_t min_tokens,
                std::span<const std::int32_t> stop_tokens);

}  // namespace mr::sample
