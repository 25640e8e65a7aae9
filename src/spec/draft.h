#pragma once
#include <cstdint>
#include <span>
#include <vector>

/// Proposes token trees, and keeps account of what was accepted.
namespace mr::spec {

/// The deepest a node may stand: what the exact attention of tree rows is made for.
inline constexpr std::int32_t kMaxDepth = 64;

/// A tree of tokens that may follow a sequence. Node 0 is the sequence's last token, which has no K
/// and V yet; the others are proposals. An empty draft stands for node 0 alone.
/// Invariants: parents come before their children; siblings carry different tokens; a node is no
/// more probable than its parent.
struct Draft {
  std::vector<std::int32_t> token;   ///< (n_nodes) that of node 0 is not looked at
  std::vector<std::int32_t> parent;  ///< (n_nodes) -1 for node 0
  std::vector<std::int32_t> depth;   ///< (n_nodes) 0 for node 0
  std::vector<float> probability;    ///< (n_nodes) that the node is accepted; 1 for node 0
};

/// A draft of node 0 alone, written out so that nodes can be added.
Draft make_draft(std::int32_t last_token);

/// Nodes, node 0 included: 1 for an empty draft.
std::int32_t n_nodes(const Draft& draft);

/// The child of `node` that carries `token`, or -1.
std::int32_t child(const Draft& draft, std::int32_t node, std::int32_t token);

/// Hangs a token under a node and returns its node; where it hangs there already, that one, with
/// the higher of the probabilities. A probability above the parent's is lowered to it, one that is
/// no number counts as 0. -1 where the parent is no node or stands at the greatest depth.
std::int32_t add(Draft& draft, std::int32_t parent, std::int32_t token, float probability);

/// Adds the n most probable nodes of another tree with the same node 0; of equal ones, the first.
void add_best(Draft& draft, const Draft& from, std::int32_t n);

/// The nodes of `keep` (n_nodes, not 0: kept) whose ancestors are kept too, reordered so that from
/// every node the most probable path comes first: with it, the likeliest rows stand in the slots of
/// their positions and need no move. Node 0 is always kept.
Draft prune(Draft draft, std::span<const std::uint8_t> keep);

/// Keeps the first n nodes, at least 1. With a node stay all before it, so its ancestors too.
void cut(Draft& draft, std::int32_t n);

/// The nodes that carry tokens[0], tokens[1], ... under each other, from node 0 on; it stops where
/// no child carries the next.
std::vector<std::int32_t> follow(const Draft& draft, std::span<const std::int32_t> tokens);

/// Slots relative to that of node 0: node i is computed in slot i, and its ancestors' slots are
/// their own indices.
struct Move {
  std::int32_t from;
  std::int32_t to;
};

/// Where the rows of an accepted path must go, in the order in which it must be done: path[i] to
/// slot i + 1. A node's index is at least its depth, so no move overwrites the source of a later
/// one.
std::vector<Move> moves(std::span<const std::int32_t> path);

}  // namespace mr::spec
