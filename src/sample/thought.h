#pragma once
#include <cstdint>
#include <vector>

/// How long a model may think before it must answer. What must come next follows from the tokens
/// of the answer alone, so it is the same along every path of a tree and after any preemption.
namespace mr::sample {

/// Where the budget is spent within a thought, the model is made to say `message`, then has
/// `grace` tokens to end the thought by itself (the soft close), then `close` comes (the hard one).
struct ThoughtLimit {
  std::int32_t open = -1;    ///< the token that begins a thought
  std::int32_t close = -1;   ///< the token that ends one
  std::int32_t budget = -1;  ///< tokens of thought in an answer; -1: any number
  std::vector<std::int32_t> message = {};
  std::int32_t grace = 0;
  bool begun = false;  ///< the prompt ends within a thought
};

/// Where an answer stands.
struct Thought {
  bool inside = false;
  std::int32_t n_tokens = 0;  ///< of thought, without marks, as far as the budget counts them
  std::int32_t n_after = 0;   ///< of this thought, since the budget was spent
};

/// The token that must come next, or -1 where the model is free.
std::int32_t forced(const ThoughtLimit& limit, const Thought& thought);

/// Takes in the token that came.
void advance(Thought& thought, const ThoughtLimit& limit, std::int32_t token);

}  // namespace mr::sample
