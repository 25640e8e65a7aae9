#pragma once
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/json.h"
#include "text/vocab.h"

namespace mr::text {

/// The flags of an added token as tokenizer.json and tokenizer_config.json write them; no id.
Expected<AddedToken> read_added_token(const json::value& item);

/// The pieces by id of an object `{piece: id}` or of an array `[[piece, score]]`, whose scores go
/// into the vocabulary.
Expected<std::vector<std::string_view>> read_pieces(Vocab& vocab, const json::value& found);

/// Appends pieces as they are or, of a byte-level vocabulary, the bytes they stand for.
void push_pieces(Vocab& vocab, const std::vector<std::string_view>& pieces, bool byte_level);

/// Appends one merge.
Expected<void> push_merge(Vocab& vocab, std::string_view left, std::string_view right,
                          bool byte_level);

}  // namespace mr::text
