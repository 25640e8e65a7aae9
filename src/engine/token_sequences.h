#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"

/// Texts as the token sequences that the samplers take.
namespace mr::engine {

using TokenSequences = std::vector<std::vector<std::int32_t>>;

/// Every way in which `text` can lie across tokens, for DRY: each token that holds it, and each
/// that ends with its beginning, followed by the tokens of the rest. Empty for an empty text.
/// Cost: a look at each token of the vocabulary. Source: llama.cpp, DRY sequence breakers.
Expected<TokenSequences> sequences_across(const text::Tokenizer& tok, std::string_view text);

/// The tokens of a word, and those of the word with a space before it, to ban both.
Expected<TokenSequences> spellings(const text::Tokenizer& tok, std::string_view word);

}  // namespace mr::engine
