#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "sample/draw.h"
#include "spec/draft.h"

namespace mr::spec {

/// What the target made of a draft: the tokens drawn along it. All but the last are nodes, each a
/// child of the one before.
struct Verified {
  std::vector<std::int32_t> tokens;
  bool finite = true;  ///< false: some logits on the way were no numbers, and `tokens` is empty
};

/// Draws the target's token at node 0, and on at each node that carries the token just drawn. So
/// the text is that of plain decoding whatever the draft holds: plain decoding is an empty draft.
/// `logits` are those of the nodes, (n_nodes, n_vocab); `key` is that of the draw at node 0.
Verified verify(const Draft& draft, std::span<const float> logits, const sample::Params& params,
                sample::Key key);

}  // namespace mr::spec
