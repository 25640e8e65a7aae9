#pragma once
#include <algorithm>
#include <cstdint>
#include <span>

#include "spec/proposer.h"

namespace mr::spec {

/// The token that the target finds most probable after a node that was computed.
inline std::int32_t greedy(const Outcome& outcome, std::int32_t node) {
  const std::span<const float> own = outcome.rows[static_cast<std::size_t>(node)].logits;
  return static_cast<std::int32_t>(std::ranges::max_element(own) - own.begin());
}

/// The node at the end of `tokens` under `node`, or -1 where not all of them were computed.
inline std::int32_t computed_node(const Outcome& outcome, std::int32_t node,
                                  std::span<const std::int32_t> tokens) {
  for (const std::int32_t token : tokens) {
    if (node < 0) break;
    node = child(outcome.computed, node, token);
  }
  return node;
}

}  // namespace mr::spec
