#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "sample/chain.h"
#include "sample/logprobs.h"
#include "spec/draft.h"

namespace mr::spec {

/// What the target made of a draft.
struct Verified {
  /// The tokens drawn along it. All but the last are nodes, each a child of the one before. None
  /// where the logits of node 0 are no numbers, or the parameters leave nothing of them to draw.
  std::vector<std::int32_t> tokens;
  std::vector<sample::Logprobs> logprobs;  ///< of each token, where they are wanted
  sample::Carry carry;                     ///< for the token after them
};

/// Draws the target's token at node 0, and on at each node that carries the token just drawn, with
/// the whole chain of samplers. So the text is that of plain decoding whatever the draft holds:
/// plain decoding is an empty draft (unless params.acceptance is another than exact). Where a later
/// node cannot be drawn at, the walk ends before it, and the next step finds it at node 0.
/// `rows` are those of the nodes; `place` is that of the draw at node 0, its path empty; `scratch`
/// serves any number of calls.
Verified verify(const Draft& draft, std::span<const sample::LogitRow> rows,
                const sample::Params& params, sample::Place place, sample::Candidates& scratch);

}  // namespace mr::spec
