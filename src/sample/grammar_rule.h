#pragma once
#include <cstdint>
#include <span>

#include "sample/candidates.h"
#include "text/grammar/matcher.h"

/// An answer that must match a grammar. Where it stands is a small value that goes along with the
/// tokens of a path, so that every branch of a tree has its own, as after any preemption.
namespace mr::sample {

struct GrammarRule {
  /// Null: any answer. Outlives the request, and is used by the thread that draws alone.
  text::grammar::Matcher* matcher = nullptr;
  std::int32_t open = -1;   ///< the token that begins a thought, which the grammar does not hold
  std::int32_t close = -1;  ///< the token that ends it
  bool begun = false;       ///< the prompt ends within a thought
};

struct GrammarPlace {
  text::grammar::Place place = text::grammar::kStart;
  bool thinking = false;
  bool thought = false;  ///< a thought has ended: another may not begin
};

/// Drops the tokens that cannot follow, and the stop tokens where the answer cannot end. Returns
/// whether it must: nothing but a stop token can follow.
bool apply(Candidates& candidates, const GrammarRule& rule, const GrammarPlace& place,
           std::span<const std::int32_t> stop_tokens);

/// Takes in the token that came.
void advance(GrammarPlace& place, const GrammarRule& rule, std::int32_t token);

}  // namespace mr::sample
