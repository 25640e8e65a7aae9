#pragma once
#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "kv/page.h"
#include "kv/pool.h"

namespace mr::kv {

using NodeId = std::int32_t;
inline constexpr NodeId kNoNode = -1;

/// Keeps tenants apart: prefixes of different salts never meet.
using Salt = std::uint64_t;

/// An edge of the tree with the node it leads to: a run of whole pages, or one page that is filled
/// in part (a tail; tails have no children).
struct Node {
  std::vector<Token> tokens;     ///< (64 * pages.size()); fewer than 64 in a tail
  std::vector<PageId> pages;     ///< full pages, in order; one in a tail, none in a root
  std::vector<PageId> window;    ///< (pages.size()) kNoPage where let go; empty without windows
  std::vector<NodeId> children;  ///< sorted by the tokens of their first pages
  NodeId parent = kNoNode;       ///< none: a root, or not in the tree
  Salt salt = 0;                 ///< of the root above
  std::int32_t first_page = 0;   ///< pages on the path above
  std::int32_t n_holds = 0;      ///< running sequences whose shared prefix ends here, and pins
  std::int32_t n_window = 0;     ///< window pages it has
  std::int32_t priority = 0;     ///< the lower goes first
  std::uint64_t last_use = 0;
  double born_us = 0;  ///< on the clock of RadixTree::now_us, as the next
  double used_us = 0;
};

/// What befell stored prefixes since their owner looked last, one entry a node or page.
struct Ages {
  std::vector<double> lifetime_us;  ///< of a page that was evicted
  std::vector<double> idle_us;      ///< since the last use of one
  std::vector<double> reuse_us;     ///< since the use before, of a prefix that was hit
};

/// What stands between two nodes when one must go: the lower priority, then the longer unused.
struct Rank {
  std::int32_t priority;
  std::uint64_t last_use;
  NodeId node;
  auto operator<=>(const Rank&) const = default;
};

/// Which pages hold the K and V of which token prefix. It is one user of every page it holds.
///
/// XXH3 over the 64 tokens of a page finds the child to go to; a comparison of tokens decides.
/// Invariants: no two children of a node share their first page's tokens, no tail is a prefix of a
/// sibling, every leaf that nobody holds is in `leaves`.
/// Threads: one at a time.
struct RadixTree {
  std::int32_t window = 0;  ///< positions that window layers attend to; 0: no window pages
  std::uint64_t seed = 0;   ///< of the hash
  std::uint64_t clock = 0;  ///< counts uses
  double now_us = 0;        ///< set by the owner; only ages are told by it
  Ages ages;
  std::array<std::int32_t, kKinds> n_pages{};  ///< held, by kind
  std::vector<Node> nodes;
  std::vector<NodeId> free_nodes;
  std::unordered_map<Salt, NodeId> roots;
  std::unordered_multimap<std::uint64_t, NodeId> by_chunk;  ///< hash of parent and first page
  std::set<Rank> leaves;                                    ///< what may be evicted
  std::set<Rank> windowed;                                  ///< nodes that have window pages
};

/// An empty tree. `window` is the largest window of the model's layers, 0 where all attend fully;
/// `seed` should not be guessable by clients.
RadixTree make_tree(std::int32_t window, std::uint64_t seed);

/// A stored prefix: n_pages whole pages that end in `node`, then n_copied tokens of one more page.
struct Hit {
  std::int32_t n_tokens = 0;  ///< 64 * n_pages + n_copied
  std::int32_t n_pages = 0;
  NodeId node = kNoNode;  ///< the last of the whole pages is one of its run; none: no such salt
  std::int32_t n_copied = 0;
  PageId copy_full = kNoPage;    ///< the page to copy them from, where n_copied > 0
  PageId copy_window = kNoPage;  ///< likewise, where there are windows
  bool diverges = false;         ///< behind it the tree goes on, with other tokens
};

/// The longest stored prefix of `tokens`. With windows: the longest whose last `window` positions
/// have their window pages.
/// Cost: O(tokens); one hash and one comparison a page at most.
Hit match(const RadixTree& tree, Salt salt, std::span<const Token> tokens);

/// Keeps the whole pages of a hit from being evicted until `release`, and counts as a use. What
/// it returns is a node that ends exactly with the last of them (an edge is split for it), or a
/// root. A pin is a hold that a person keeps.
NodeId hold(RadixTree& tree, Salt salt, const Hit& hit);
void release(RadixTree& tree, NodeId node);

/// The page lists from the root to the end of `node`; `window` is left empty without windows.
void collect(const RadixTree& tree, NodeId node, std::vector<PageId>& full,
             std::vector<PageId>& window);

/// Tokens with the pages that hold them.
struct Run {
  std::span<const Token> tokens;
  std::span<PageId> full;
  std::span<PageId> window;  ///< empty without windows, kNoPage where there is no page any more
  std::int32_t priority = 0;
};

/// Stores whole pages behind `node`, which the caller holds, and moves the hold to their end, which
/// it returns. Where the tree already has pages with these tokens the caller's are given back and
/// the tree's stand in `run` instead, shared.
NodeId extend(RadixTree& tree, Pool& pool, NodeId node, const Run& run);

/// Stores a page that is filled in part behind `node`, unless the tree has these tokens already.
/// The owner may go on writing behind them.
void add_tail(RadixTree& tree, Pool& pool, NodeId node, const Run& run);

/// Gives pages back, leaves first, lowest priority and least recently used first, until `n` are
/// free in the pool or nothing more may go; never a page that anything else uses. Window pages
/// may go alone; that shortens hits, and loses no full page.
void evict(RadixTree& tree, Pool& pool, Kind kind, std::int32_t n);

/// At most so many pages `evict` could free: all that nothing else uses, were nothing pinned.
std::int32_t n_evictable(const RadixTree& tree, const Pool& pool, Kind kind);

/// Forgets what stands in `node` and above it from page `first_page` on, as far as nobody else
/// holds it or has built on it: for pages whose content proved bad. Releases the caller's hold.
void discard(RadixTree& tree, Pool& pool, NodeId node, std::int32_t first_page);

}  // namespace mr::kv
