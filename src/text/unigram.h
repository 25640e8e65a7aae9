#pragma once
#include <string_view>
#include <vector>

#include "text/tokenizer.h"

namespace mr::text {

/// Appends the most probable cut of a text into pieces.
/// Source: Kudo, "Subword regularization", 2018; ties and sums as SentencePiece's EncodeOptimized
/// does them (in float) or Hugging Face's tokenizers (in double).
/// Cost: the text's length times that of the longest piece, at worst.
void encode_unigram(const Tokenizer& tok, std::string_view text, std::vector<Id>& out);

}  // namespace mr::text
