#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "sample/candidates.h"
#include "text/tokenizer.h"

namespace mr::spec {

/// How the tokens of a draft model and of its target correspond. A token that the draft has not is
/// spelled with several of its own; one that the target has not is never proposed.
struct Translation {
  std::int32_t n_target = 0;  ///< logits of the target
  std::int32_t n_draft = 0;   ///< and of the draft
  bool same = true;           ///< the tokenizers agree in every id: no table is needed
  std::vector<std::int32_t> to_target = {};    ///< (n_draft) a token of the target, or -1
  std::vector<std::int32_t> spell_begin = {};  ///< (n_target + 1) into `spelling`
  std::vector<std::int32_t> spelling = {};     ///< tokens of the draft
};

/// Tokens correspond that stand for the same bytes; control tokens, where they are spelled alike,
/// or both begin or end a text. Errors: bad_model where less than half of the smaller vocabulary
/// has its like in the other.
Expected<Translation> translate(const text::Tokenizer& target, std::int32_t n_target,
                                const text::Tokenizer& draft, std::int32_t n_draft);

/// The target's tokens as those of the draft.
std::vector<std::int32_t> spell(const Translation& translation,
                                std::span<const std::int32_t> tokens);

/// The draft's token that stands for one of the target's, or -1 where none does by itself.
std::int32_t to_draft(const Translation& translation, std::int32_t token);

/// A row of the draft's logits as one of the target's, those that the draft has not at -inf; it may
/// stand in `scratch`.
sample::LogitRow to_target(const Translation& translation, const sample::LogitRow& row,
                           std::vector<float>& scratch);

}  // namespace mr::spec
