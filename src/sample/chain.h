#pragma once
#include <cstdint>
#include <span>

#include "sample/feedback.h"
#include "sample/history.h"
#include "sample/key.h"

namespace mr::sample {

/// What a draw depends on besides logits and parameters.
struct Place {
  std::uint32_t choice = 0;  ///< which of the request's answers
  History history = {};
  std::span<const std::int32_t> stop_tokens = {};
  Carry carry = {};
  std::span<const std::int32_t> proposed = {};  ///< where not only exact draws are accepted
};

struct Drawn {
  std::int32_t token = -1;  ///< -1: nothing was left to draw
  Carry carry;              ///< for the next token
};

/// The key of the draw at a place: its position is the number of tokens before it.
Key key_at(const Place& place, const Params& params);

/// Biases, bans and the samplers in their order, without what thoughts are forced to: the draw is
/// from what is left. A draft that narrows its own logits so, and draws with the same key, agrees
/// more often.
void narrow(Candidates& candidates, const Params& params, const Place& place);

/// The whole chain: what the limit of thoughts forces, else biases and bans, the samplers in their
/// order, the draw. `candidates` are those that `start` made of the logits, and what is left of
/// them afterwards.
Drawn pick(Candidates& candidates, const Params& params, const Place& place);

}  // namespace mr::sample
