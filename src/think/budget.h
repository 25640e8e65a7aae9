#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "base/error.h"
#include "sample/thought.h"
#include "text/think_marks.h"

/// What spends more tokens, or fewer, for an answer.
namespace mr::think {

/// How long an answer may think.
struct Budget {
  std::int32_t n_tokens = -1;  ///< -1: any number
  /// What the model says when they are spent, ...
  std::string message = "\nThe time to think is over. I answer with what I have.\n";
  std::int32_t grace = 0;  ///< ... and how many tokens it then has to end the thought by itself
};

/// The budget in tokens. Without marks, and of a budget without an end, there is no limit; where
/// there is nothing to spend, the thought ends without a message.
/// Errors: bad_request for numbers out of range, does_not_fit for a message that is too long.
Expected<sample::ThoughtLimit> limit(const text::Tokenizer& tok,
                                     const std::optional<text::ThinkMarks>& marks,
                                     const Budget& budget, bool begins_in_thought);

}  // namespace mr::think
