#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kv/pool.h"
#include "kv/radix_tree.h"

/// What tests and fuzzers hold a pool and a tree against.
namespace mr::kv {

/// Users of every page, by kind, as their owners tell it.
using Owners = std::array<std::vector<std::int32_t>, kKinds>;

inline Owners no_owners(const Pool& pool) {
  Owners owners;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    owners[kind].resize(pool.kinds[kind].users.size());
  }
  return owners;
}

inline void add_owner(Owners& owners, Kind kind, PageId page) {
  if (page != kNoPage) ++owners[static_cast<std::size_t>(kind)].at(static_cast<std::size_t>(page));
}

/// The first broken invariant of a pool whose pages have these owners, or nothing.
inline std::string broken(const Pool& pool, const Owners& owners) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const Pool::Pages& pages = pool.kinds[kind];
    if (pages.users != owners[kind]) return "a page's users are not its owners";
    std::vector<bool> free(pages.users.size());
    for (const PageId page : pages.free) {
      if (free.at(static_cast<std::size_t>(page))) return "a page is free twice";
      free[static_cast<std::size_t>(page)] = true;
    }
    std::int32_t n_shared = 0;
    for (std::size_t page = 0; page < free.size(); ++page) {
      if (free[page] != (pages.users[page] == 0)) return "a page is free and used, or neither";
      if (pages.users[page] > 1) ++n_shared;
    }
    if (n_shared != pages.n_shared) return "the shared pages are miscounted";
  }
  return {};
}

/// The first broken invariant of a tree, or nothing; adds the tree to the owners of its pages.
/// `n_holds`: holds of all nodes together.
inline std::string broken(const RadixTree& tree, std::int32_t n_holds, Owners& owners) {
  std::vector<bool> free(tree.nodes.size());
  for (const NodeId id : tree.free_nodes) free.at(static_cast<std::size_t>(id)) = true;
  std::array<std::int32_t, kKinds> n_pages{};
  std::size_t n_leaves = 0;
  std::size_t n_windowed = 0;
  std::size_t n_whole = 0;
  std::size_t n_roots = 0;
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    if (free[i]) continue;
    const Node& node = tree.nodes[i];
    const auto id = static_cast<NodeId>(i);
    const Rank rank{node.priority, node.last_use, id};
    n_holds -= node.n_holds;
    std::int32_t n_window = 0;
    for (const PageId page : node.pages) add_owner(owners, Kind::full, page);
    for (const PageId page : node.window) {
      add_owner(owners, Kind::window, page);
      if (page != kNoPage) ++n_window;
    }
    n_pages[0] += static_cast<std::int32_t>(node.pages.size());
    n_pages[1] += n_window;
    if (n_window != node.n_window) return "window pages miscounted";
    if (tree.windowed.contains(rank) != (n_window > 0)) return "windowed is wrong";
    if (n_window > 0) ++n_windowed;
    if (node.parent == kNoNode) {
      ++n_roots;
      if (!node.pages.empty() || !tree.roots.contains(node.salt)) return "a root is none";
      if (node.children.empty() && node.n_holds == 0) return "a bare root";
    } else {
      const bool tail = node.tokens.size() < kPagePositions;
      if (node.pages.empty() || node.tokens.empty()) return "a node without a run";
      if (!tail && node.tokens.size() != node.pages.size() * kPagePositions) return "odd run";
      if (tail && (node.pages.size() != 1 || !node.children.empty())) return "odd tail";
      if (!tail) ++n_whole;
      if (node.window.size() != (tree.window > 0 ? node.pages.size() : 0)) return "odd window";
      const Node& parent = tree.nodes[static_cast<std::size_t>(node.parent)];
      if (node.first_page != parent.first_page + static_cast<std::int32_t>(parent.pages.size())) {
        return "a node at the wrong depth";
      }
      if (std::ranges::count(parent.children, id) != 1) return "a child its parent does not know";
      const bool leaf = node.children.empty() && node.n_holds == 0;
      if (tree.leaves.contains(rank) != leaf) return "leaves are wrong";
      if (leaf) ++n_leaves;
    }
    for (std::size_t c = 0; c < node.children.size(); ++c) {
      const Node& child = tree.nodes[static_cast<std::size_t>(node.children[c])];
      if (child.parent != id || child.salt != node.salt) return "a parent its child does not know";
      if (c == 0) continue;
      const Node& before = tree.nodes[static_cast<std::size_t>(node.children[c - 1])];
      const auto a =
          std::span(before.tokens).first(std::min<std::size_t>(64, before.tokens.size()));
      const auto b = std::span(child.tokens).first(std::min<std::size_t>(64, child.tokens.size()));
      const auto [at_a, at_b] = std::ranges::mismatch(a, b);
      if (at_a == a.end()) return "a tail is a prefix of its sibling";
      if (at_b == b.end() || *at_b < *at_a) return "children out of order";
    }
  }
  if (n_holds != 0) return "holds miscounted";
  if (n_pages != tree.n_pages) return "pages miscounted";
  if (n_leaves != tree.leaves.size() || n_windowed != tree.windowed.size()) return "stale ranks";
  if (n_whole != tree.by_chunk.size()) return "stale hashes";
  if (n_roots != tree.roots.size()) return "stale roots";
  return {};
}

}  // namespace mr::kv
