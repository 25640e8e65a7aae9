#pragma once
#include "sample/candidates.h"
#include "sample/history.h"
#include "sample/params.h"

namespace mr::sample {

/// Lowers what the last tokens hold already: a positive logit is divided by repetition_penalty and
/// another multiplied; then frequency_penalty for each occurrence and presence_penalty once come
/// off. Cost: O(window).
/// Source: Keskar et al. 2019, "CTRL", arXiv:1909.05858, section 4.1; OpenAI's API reference.
void penalties(Candidates& candidates, const History& history, const Params& params);

/// Lowers the tokens that would lengthen a repetition, by dry_multiplier * dry_base ^ (length -
/// dry_allowed_length); repetitions stop at breakers. Cost: O(window).
/// Source: https://github.com/oobabooga/text-generation-webui/pull/5677; llama.cpp's rules.
void dry(Candidates& candidates, const History& history, const Params& params);

}  // namespace mr::sample
