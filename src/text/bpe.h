#pragma once
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/tokenizer.h"

/// Byte pair encoding of words, over bytes and over characters.
namespace mr::text {

/// Fills `pairs` (and `joins`) of a tokenizer whose table of pieces stands.
/// Errors: bad_model for merges of pieces that do not exist.
Expected<void> fill_pairs(Tokenizer& tok);

/// Appends the tokens of one word (byte_bpe) or of a whole text (char_bpe). `symbols` is room to
/// work in.
void encode_bytes(const Tokenizer& tok, std::string_view word, std::vector<Id>& symbols,
                  std::vector<Id>& out);
void encode_characters(const Tokenizer& tok, std::string_view text, std::vector<Id>& symbols,
                       std::vector<Id>& out);

/// Appends what stands for a character that no piece has.
void encode_unknown(const Tokenizer& tok, std::string_view character, std::vector<Id>& out,
                    bool& after_unknown);

}  // namespace mr::text
