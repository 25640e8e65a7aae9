#pragma once
#include <string>
#include <string_view>

#include "base/error.h"
#include "io/gguf.h"
#include "text/vocab.h"

/// The readers of tokenizer files, one a format. What they read is hostile.
namespace mr::text {

/// From `tokenizer.ggml.*` of a model.
/// Errors: bad_model, as of all of them.
Expected<Vocab> vocab_from_gguf(const gguf::File& file);

/// From a tokenizer.json of Hugging Face's tokenizers.
Expected<Vocab> vocab_from_tokenizer_json(std::string_view json);

/// From the vocab.json and merges.txt of GPT-2 and its kin, split by the rules named `pre`.
Expected<Vocab> vocab_from_merges(std::string_view vocab_json, std::string_view merges_txt,
                                  std::string_view pre);

/// From a SentencePiece model.
Expected<Vocab> vocab_from_sentencepiece(std::string_view proto);

/// From ranks in tiktoken's format: lines of base64 and a number.
Expected<Vocab> vocab_from_ranks(std::string_view ranks, std::string_view pre);

/// Takes from a tokenizer_config.json what it says of tokens: which there are beyond the
/// vocabulary, which are special, which come first and last.
Expected<void> apply_tokenizer_config(Vocab& vocab, std::string_view json);

/// The split rules that a config.json or tokenizer_config.json leads to; nothing where it does not.
Expected<std::string_view> pre_of_config(std::string_view json);

/// The split steps of a pre-tokenizer by its name in GGUF, and whether a word that is a piece is
/// taken whole: so it is with the vocabularies that come from tiktoken.
Expected<void> set_pre(Vocab& vocab, std::string_view pre);

}  // namespace mr::text
