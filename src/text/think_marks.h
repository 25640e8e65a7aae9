#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "text/tokenizer.h"

namespace mr::text {

/// The tokens between which a model thinks.
struct ThinkMarks {
  Id open;
  Id close;
};

/// Those of a vocabulary, known by their names; none where it has no pair that are tokens.
std::optional<ThinkMarks> think_marks(const Tokenizer& tok);

/// Whether a prompt ends within a thought that has just begun: with the opening mark and at most
/// white space after it, as some templates end theirs.
bool ends_in_thought(const Tokenizer& tok, const ThinkMarks& marks,
                     std::span<const std::int32_t> prompt);

}  // namespace mr::text
