#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace mr::spec {

/// The shape of a tree that is the same in every step. Node 0 is the last token.
struct StaticTree {
  std::vector<std::int32_t> parent;  ///< (n_nodes) -1 for node 0; parents come first
  std::vector<std::int32_t> rank;    ///< (n_nodes) which of its parent's children it is, from 0
  double tokens = 0;                 ///< that a step with it brings, the target's own among them
};

/// Of its deepest node.
std::int32_t depth(const StaticTree& tree);

/// The tree of at most n_nodes nodes, node 0 among them, and at most `depth` below it, that brings
/// the most tokens. `acceptance[k]` is the chance that the child of rank k is the one that comes
/// true, wherever it hangs; in a tree it stands behind all of lower rank.
/// Cost: O(depth * ranks * n_nodes^2).
/// Source: Sequoia, arXiv:2402.12374, section 3.1 and its appendix on the dynamic program.
StaticTree best_static_tree(std::span<const double> acceptance, std::int32_t n_nodes,
                            std::int32_t depth);

}  // namespace mr::spec
