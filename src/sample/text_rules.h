#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "sample/candidates.h"
#include "sample/history.h"
#include "text/tokenizer.h"

/// Texts that an answer must not hold, and texts of which it must be one, however the model cuts
/// them into tokens. Both look at the bytes of the answer alone, not at the prompt.
namespace mr::sample {

/// Made ready for a vocabulary: a text at every place at which a token may take it up.
struct TextRules {
  /// The place behind `done`, the beginning of a text.
  struct Place {
    std::string done;
    std::vector<std::int32_t> tokens;  ///< sorted
  };

  const text::Tokenizer* tokenizer = nullptr;  ///< outlives the rules
  std::vector<Place> bans;     ///< tokens that begin with the rest; with no done: that hold all
  std::size_t longest = 0;     ///< bytes of a `done` of the bans
  std::vector<Place> choices;  ///< tokens that the rest begins with, but for empty ones
  std::vector<std::string> answers;  ///< the whole texts of the choices; none: any answer
};

/// Errors: bad_request for an empty text, one over 4096 bytes, or more than 1024.
/// Cost: a look at each token of the vocabulary for each byte of each text.
Expected<TextRules> make_text_rules(const text::Tokenizer& tokenizer,
                                    std::span<const std::string> banned,
                                    std::span<const std::string> choices);

/// Bans the tokens that would complete a banned text, and all but those that go on with a choice
/// or, where the answer is one, the stop tokens.
void apply(Candidates& candidates, const TextRules& rules, const History& history,
           std::span<const std::int32_t> stop_tokens);

}  // namespace mr::sample
