#pragma once
#include <cstdint>
#include <vector>

#include "text/tokenizer.h"

namespace mr::text {

/// The tokens that end an answer: the vocabulary's end of text, and the control tokens by which
/// chat models end a turn, known by their names.
std::vector<std::int32_t> end_tokens(const Tokenizer& tok);

}  // namespace mr::text
