#include "kv/radix_tree.h"

#include <algorithm>

namespace mr::kv {
namespace {

constexpr std::size_t kPage = kPagePositions;

Node& at(RadixTree& tree, NodeId id) {
  return tree.nodes[static_cast<std::size_t>(id)];
}

const Node& at(const RadixTree& tree, NodeId id) {
  return tree.nodes[static_cast<std::size_t>(id)];
}

std::int32_t run_pages(const Node& node) {
  return static_cast<std::int32_t>(node.pages.size());
}

bool is_tail(const Node& node) {
  return !node.pages.empty() && node.tokens.size() < kPage;
}

std::span<const Token> first_chunk(const Node& node) {
  return std::span(node.tokens).first(std::min(kPage, node.tokens.size()));
}

std::size_t common(std::span<const Token> a, std::span<const Token> b) {
  const std::size_t n = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(n), b.begin()).first -
      a.begin());
}

std::uint64_t chunk_key(const RadixTree& tree, NodeId parent, std::span<const Token> page) {
  return hash(page, tree.seed + static_cast<std::uint64_t>(parent));
}

/// The child whose first page holds exactly these 64 tokens.
NodeId whole_child(const RadixTree& tree, NodeId parent, std::span<const Token> page) {
  if (at(tree, parent).children.empty()) return kNoNode;
  const auto [begin, end] = tree.by_chunk.equal_range(chunk_key(tree, parent, page));
  for (auto entry = begin; entry != end; ++entry) {
    const Node& child = at(tree, entry->second);
    if (child.parent == parent && std::ranges::equal(first_chunk(child), page)) {
      return entry->second;
    }
  }
  return kNoNode;
}

/// Where among the children of `parent` a page with these tokens stands or would stand.
std::size_t child_place(const RadixTree& tree, NodeId parent, std::span<const Token> page) {
  const std::vector<NodeId>& children = at(tree, parent).children;
  const auto place = std::lower_bound(
      children.begin(), children.end(), page, [&](NodeId child, std::span<const Token> wanted) {
        return std::ranges::lexicographical_compare(first_chunk(at(tree, child)), wanted);
      });
  return static_cast<std::size_t>(place - children.begin());
}

/// The tree becomes one more user of a page.
void keep(RadixTree& tree, Pool& pool, Kind kind, PageId page) {
  share(pool, kind, page);
  ++tree.n_pages[static_cast<std::size_t>(kind)];
}

void let_go(RadixTree& tree, Pool& pool, Kind kind, PageId page) {
  give(pool, kind, page);
  --tree.n_pages[static_cast<std::size_t>(kind)];
}

void unlist(RadixTree& tree, NodeId id) {
  const Node& node = at(tree, id);
  const Rank rank{node.priority, node.last_use, id};
  tree.leaves.erase(rank);
  tree.windowed.erase(rank);
}

void list(RadixTree& tree, NodeId id) {
  const Node& node = at(tree, id);
  const Rank rank{node.priority, node.last_use, id};
  if (!node.pages.empty() && node.children.empty() && node.n_holds == 0) tree.leaves.insert(rank);
  if (node.n_window > 0) tree.windowed.insert(rank);
}

void touch(RadixTree& tree, NodeId id) {
  unlist(tree, id);
  at(tree, id).last_use = tree.clock;
  at(tree, id).used_us = tree.now_us;
  list(tree, id);
}

NodeId new_node(RadixTree& tree, NodeId parent, Salt salt) {
  NodeId id = static_cast<NodeId>(tree.nodes.size());
  if (tree.free_nodes.empty()) {
    tree.nodes.emplace_back();
  } else {
    id = tree.free_nodes.back();
    tree.free_nodes.pop_back();
  }
  Node& node = at(tree, id);
  node.parent = parent;
  node.salt = salt;
  node.last_use = tree.clock;
  node.born_us = node.used_us = tree.now_us;
  if (parent != kNoNode)
    node.first_page = at(tree, parent).first_page + run_pages(at(tree, parent));
  return id;
}

/// Puts a node with its run under its parent.
void attach(RadixTree& tree, NodeId id) {
  const NodeId parent = at(tree, id).parent;
  const auto page = first_chunk(at(tree, id));
  const std::size_t place = child_place(tree, parent, page);
  unlist(tree, parent);
  std::vector<NodeId>& children = at(tree, parent).children;
  children.insert(children.begin() + static_cast<std::ptrdiff_t>(place), id);
  if (page.size() == kPage) tree.by_chunk.emplace(chunk_key(tree, parent, page), id);
  list(tree, parent);
  list(tree, id);
}

void forget_chunk(RadixTree& tree, NodeId id) {
  const Node& node = at(tree, id);
  if (node.tokens.size() < kPage) return;
  const auto [begin, end] =
      tree.by_chunk.equal_range(chunk_key(tree, node.parent, first_chunk(node)));
  const auto entry = std::find_if(begin, end, [&](const auto& e) { return e.second == id; });
  MR_CHECK(entry != end);
  tree.by_chunk.erase(entry);
}

/// Frees a root that has nothing below it.
void drop_bare_root(RadixTree& tree, NodeId id) {
  const Node& node = at(tree, id);
  if (node.parent != kNoNode || !node.children.empty() || node.n_holds > 0) return;
  tree.roots.erase(node.salt);
  at(tree, id) = {};
  tree.free_nodes.push_back(id);
}

/// Takes a node without pages or children out of the tree.
void detach(RadixTree& tree, NodeId id, std::size_t place) {
  const NodeId parent = at(tree, id).parent;
  unlist(tree, id);
  unlist(tree, parent);
  std::vector<NodeId>& children = at(tree, parent).children;
  MR_CHECK(children[place] == id);
  children.erase(children.begin() + static_cast<std::ptrdiff_t>(place));
  list(tree, parent);
  at(tree, id) = {};
  tree.free_nodes.push_back(id);
  drop_bare_root(tree, parent);
}

/// Gives the last page of a leaf back, and the leaf with its first.
void drop_last_page(RadixTree& tree, Pool& pool, NodeId id) {
  Node& node = at(tree, id);
  const std::size_t kept = node.pages.size() - 1;
  unlist(tree, id);
  let_go(tree, pool, Kind::full, node.pages[kept]);
  if (!node.window.empty()) {
    if (node.window[kept] != kNoPage) {
      let_go(tree, pool, Kind::window, node.window[kept]);
      --node.n_window;
    }
    node.window.pop_back();
  }
  node.pages.pop_back();
  if (kept > 0) {
    node.tokens.resize(kept * kPage);
    list(tree, id);
    return;
  }
  const std::size_t place = child_place(tree, node.parent, first_chunk(node));
  forget_chunk(tree, id);
  detach(tree, id, place);
}

/// Cuts the run of `id` after n pages. The lower part keeps its number, so that holds stay where
/// they are; returns the new upper part.
NodeId split(RadixTree& tree, NodeId id, std::int32_t n) {
  const std::size_t place = child_place(tree, at(tree, id).parent, first_chunk(at(tree, id)));
  const NodeId upper_id = new_node(tree, at(tree, id).parent, at(tree, id).salt);
  unlist(tree, id);
  forget_chunk(tree, id);
  Node& lower = at(tree, id);
  Node& upper = at(tree, upper_id);
  const auto n_pages = static_cast<std::ptrdiff_t>(n);
  const std::ptrdiff_t n_tokens = n_pages * kPagePositions;
  upper.tokens.assign(lower.tokens.begin(), lower.tokens.begin() + n_tokens);
  upper.pages.assign(lower.pages.begin(), lower.pages.begin() + n_pages);
  lower.tokens.erase(lower.tokens.begin(), lower.tokens.begin() + n_tokens);
  lower.pages.erase(lower.pages.begin(), lower.pages.begin() + n_pages);
  if (!lower.window.empty()) {
    upper.window.assign(lower.window.begin(), lower.window.begin() + n_pages);
    lower.window.erase(lower.window.begin(), lower.window.begin() + n_pages);
    upper.n_window = static_cast<std::int32_t>(
        std::ranges::count_if(upper.window, [](PageId page) { return page != kNoPage; }));
    lower.n_window -= upper.n_window;
  }
  upper.priority = lower.priority;
  upper.last_use = lower.last_use;
  upper.born_us = lower.born_us;
  upper.used_us = lower.used_us;
  lower.first_page += n;
  // The upper part stands where the whole run stood: it starts with the same tokens.
  at(tree, upper.parent).children[place] = upper_id;
  tree.by_chunk.emplace(chunk_key(tree, upper.parent, first_chunk(upper)), upper_id);
  lower.parent = upper_id;
  upper.children = {id};
  tree.by_chunk.emplace(chunk_key(tree, upper_id, first_chunk(lower)), id);
  list(tree, id);
  list(tree, upper_id);
  return upper_id;
}

/// Lets a tail go that the page now stored behind `parent` covers.
void drop_covered_tail(RadixTree& tree, Pool& pool, NodeId parent, std::span<const Token> page) {
  const std::size_t place = child_place(tree, parent, page);
  if (place == 0) return;
  const NodeId before = at(tree, parent).children[place - 1];
  const Node& node = at(tree, before);
  if (!is_tail(node) || common(node.tokens, page) < node.tokens.size()) return;
  drop_last_page(tree, pool, before);
}

/// The pages of `run` from `done` on stand in `child` already, with the same tokens: the caller
/// takes over the tree's, the tree takes window pages that it lacks.
void adopt(RadixTree& tree, Pool& pool, NodeId child, const Run& run, std::size_t done) {
  unlist(tree, child);
  Node& node = at(tree, child);
  for (std::size_t i = 0; i < node.pages.size(); ++i) {
    PageId& own = run.full[done + i];
    if (own != node.pages[i]) {
      share(pool, Kind::full, node.pages[i]);
      give(pool, Kind::full, own);
      own = node.pages[i];
    }
    if (run.window.empty()) continue;
    PageId& own_window = run.window[done + i];
    if (own_window == kNoPage || own_window == node.window[i]) continue;
    if (node.window[i] == kNoPage) {
      keep(tree, pool, Kind::window, own_window);
      node.window[i] = own_window;
      ++node.n_window;
    } else {
      share(pool, Kind::window, node.window[i]);
      give(pool, Kind::window, own_window);
      own_window = node.window[i];
    }
  }
  node.priority = std::max(node.priority, run.priority);
  node.last_use = tree.clock;
  list(tree, child);
}

/// Adds the pages of `run` from `done` on to the end of a node's run.
void append(RadixTree& tree, Pool& pool, NodeId id, const Run& run, std::size_t done) {
  unlist(tree, id);
  Node& node = at(tree, id);
  const auto rest = run.tokens.subspan(done * kPage);
  node.tokens.insert(node.tokens.end(), rest.begin(), rest.end());
  for (std::size_t i = done; i < run.full.size(); ++i) {
    keep(tree, pool, Kind::full, run.full[i]);
    node.pages.push_back(run.full[i]);
    if (run.window.empty()) continue;
    node.window.push_back(run.window[i]);
    if (run.window[i] == kNoPage) continue;
    keep(tree, pool, Kind::window, run.window[i]);
    ++node.n_window;
  }
  node.priority = std::max(node.priority, run.priority);
  node.last_use = tree.clock;
  list(tree, id);
}

/// The stored page behind `hit` that shares the most tokens with `rest`, to be copied from.
void find_copy(const RadixTree& tree, Hit& hit, std::span<const Token> rest) {
  if (rest.empty()) return;
  rest = rest.first(std::min(rest.size(), kPage));
  const std::vector<NodeId>& children = at(tree, hit.node).children;
  hit.diverges = !children.empty();
  const std::size_t place = child_place(tree, hit.node, rest);
  for (std::size_t i = place > 0 ? place - 1 : 0; i <= place && i < children.size(); ++i) {
    const Node& child = at(tree, children[i]);
    const auto n = static_cast<std::int32_t>(common(first_chunk(child), rest));
    if (n <= hit.n_copied) continue;
    hit.n_copied = n;
    hit.diverges = static_cast<std::size_t>(n) < std::min(rest.size(), child.tokens.size());
    hit.copy_full = child.pages[0];
    hit.copy_window = child.window.empty() ? kNoPage : child.window[0];
  }
}

/// Shortens a hit until its last `window` positions have their window pages.
void fit_window(const RadixTree& tree, Hit& hit) {
  std::vector<PageId> full;
  std::vector<PageId> window;
  collect(tree, hit.node, full, window);
  window.resize(static_cast<std::size_t>(hit.n_pages));
  if (hit.n_copied > 0) window.push_back(hit.copy_window);
  std::int32_t n = hit.n_tokens;
  for (std::int32_t page = pages_for(n) - 1; page >= std::max(0, n - tree.window) / kPagePositions;
       --page) {
    if (window[static_cast<std::size_t>(page)] == kNoPage) n = page * kPagePositions;
  }
  if (n == hit.n_tokens) return;
  NodeId node = hit.node;
  while (at(tree, node).parent != kNoNode && at(tree, node).first_page >= n / kPagePositions) {
    node = at(tree, node).parent;
  }
  hit = {.n_tokens = n, .n_pages = n / kPagePositions, .node = node};
}

void add_hold(RadixTree& tree, NodeId id, std::int32_t n) {
  unlist(tree, id);
  at(tree, id).n_holds += n;
  MR_CHECK(at(tree, id).n_holds >= 0);
  list(tree, id);
}

void evict_windows(RadixTree& tree, Pool& pool, std::int32_t n) {
  for (auto next = tree.windowed.begin(); next != tree.windowed.end();) {
    const Rank rank = *next++;
    Node& node = at(tree, rank.node);
    for (PageId& page : node.window) {
      if (n_free(pool, Kind::window) >= n) return;
      if (page == kNoPage || n_users(pool, Kind::window, page) > 1) continue;
      let_go(tree, pool, Kind::window, page);
      page = kNoPage;
      if (--node.n_window == 0) tree.windowed.erase(rank);
    }
  }
}

}  // namespace

RadixTree make_tree(std::int32_t window, std::uint64_t seed) {
  RadixTree tree;
  tree.window = window;
  tree.seed = seed;
  return tree;
}

Hit match(const RadixTree& tree, Salt salt, std::span<const Token> tokens) {
  Hit hit;
  const auto root = tree.roots.find(salt);
  if (root == tree.roots.end()) return hit;
  hit.node = root->second;
  while (true) {
    const auto rest = tokens.subspan(static_cast<std::size_t>(hit.n_pages) * kPage);
    const NodeId next =
        rest.size() < kPage ? kNoNode : whole_child(tree, hit.node, rest.first(kPage));
    if (next == kNoNode) {
      find_copy(tree, hit, rest);
      break;
    }
    const Node& node = at(tree, next);
    const std::size_t n_same = common(node.tokens, rest);
    const std::size_t page = n_same / kPage;
    hit.node = next;
    hit.n_pages += static_cast<std::int32_t>(page);
    if (page == node.pages.size()) continue;
    hit.n_copied = static_cast<std::int32_t>(n_same % kPage);
    hit.diverges = n_same < rest.size();
    if (hit.n_copied == 0) break;
    hit.copy_full = node.pages[page];
    hit.copy_window = node.window.empty() ? kNoPage : node.window[page];
    break;
  }
  hit.n_tokens = hit.n_pages * kPagePositions + hit.n_copied;
  if (tree.window > 0) fit_window(tree, hit);
  return hit;
}

NodeId hold(RadixTree& tree, Salt salt, const Hit& hit) {
  ++tree.clock;
  NodeId id = hit.node;
  if (id == kNoNode) {
    id = new_node(tree, kNoNode, salt);
    tree.roots.emplace(salt, id);
  } else if (at(tree, id).first_page + run_pages(at(tree, id)) > hit.n_pages) {
    id = split(tree, id, hit.n_pages - at(tree, id).first_page);
  }
  if (hit.n_pages > 0) tree.ages.reuse_us.push_back(tree.now_us - at(tree, id).used_us);
  add_hold(tree, id, 1);
  for (NodeId up = id; up != kNoNode; up = at(tree, up).parent) touch(tree, up);
  return id;
}

void release(RadixTree& tree, NodeId node) {
  ++tree.clock;
  add_hold(tree, node, -1);
  for (NodeId up = node; up != kNoNode; up = at(tree, up).parent) touch(tree, up);
  drop_bare_root(tree, node);
}

void collect(const RadixTree& tree, NodeId node, std::vector<PageId>& full,
             std::vector<PageId>& window) {
  const Node& last = at(tree, node);
  std::size_t n = static_cast<std::size_t>(last.first_page) + last.pages.size();
  full.resize(n);
  window.assign(tree.window > 0 ? n : 0, kNoPage);
  for (NodeId id = node; id != kNoNode; id = at(tree, id).parent) {
    const Node& part = at(tree, id);
    n -= part.pages.size();
    const auto begin = static_cast<std::ptrdiff_t>(n);
    std::ranges::copy(part.pages, full.begin() + begin);
    if (tree.window > 0) std::ranges::copy(part.window, window.begin() + begin);
  }
}

NodeId extend(RadixTree& tree, Pool& pool, NodeId node, const Run& run) {
  MR_CHECK(run.tokens.size() == run.full.size() * kPage);
  MR_CHECK(run.window.size() == (tree.window > 0 ? run.full.size() : 0));
  ++tree.clock;
  const NodeId held = node;
  std::size_t done = 0;
  while (done < run.full.size()) {
    const auto rest = run.tokens.subspan(done * kPage);
    NodeId next = whole_child(tree, node, rest.first(kPage));
    if (next == kNoNode) break;
    const std::size_t n_same = common(at(tree, next).tokens, rest) / kPage;
    if (n_same < at(tree, next).pages.size()) {
      next = split(tree, next, static_cast<std::int32_t>(n_same));
    }
    adopt(tree, pool, next, run, done);
    done += n_same;
    node = next;
  }
  if (done < run.full.size()) {
    drop_covered_tail(tree, pool, node, run.tokens.subspan(done * kPage, kPage));
    const Node& end = at(tree, node);
    const bool ours_alone = node == held && end.n_holds == 1 && end.children.empty();
    if (ours_alone && end.parent != kNoNode) {
      append(tree, pool, node, run, done);
    } else {
      node = new_node(tree, node, end.salt);
      append(tree, pool, node, run, done);
      attach(tree, node);
    }
  }
  if (node != held) {
    add_hold(tree, node, 1);
    add_hold(tree, held, -1);
  }
  return node;
}

void add_tail(RadixTree& tree, Pool& pool, NodeId node, const Run& run) {
  MR_CHECK(run.full.size() == 1 && !run.tokens.empty() && run.tokens.size() < kPage);
  MR_CHECK(run.window.size() == (tree.window > 0 ? 1U : 0U));
  ++tree.clock;
  const std::size_t place = child_place(tree, node, run.tokens);
  const std::vector<NodeId>& children = at(tree, node).children;
  if (place < children.size() &&
      common(at(tree, children[place]).tokens, run.tokens) == run.tokens.size()) {
    touch(tree, children[place]);
    return;
  }
  drop_covered_tail(tree, pool, node, run.tokens);
  const NodeId tail = new_node(tree, node, at(tree, node).salt);
  append(tree, pool, tail, run, 0);
  attach(tree, tail);
}

void evict(RadixTree& tree, Pool& pool, Kind kind, std::int32_t n) {
  if (kind == Kind::window) {
    evict_windows(tree, pool, n);
    return;
  }
  auto next = tree.leaves.begin();
  while (n_free(pool, kind) < n && next != tree.leaves.end()) {
    const NodeId id = next->node;
    if (n_users(pool, kind, at(tree, id).pages.back()) > 1) {
      ++next;  // about to be copied from
      continue;
    }
    tree.ages.lifetime_us.push_back(tree.now_us - at(tree, id).born_us);
    tree.ages.idle_us.push_back(tree.now_us - at(tree, id).used_us);
    drop_last_page(tree, pool, id);
    next = tree.leaves.begin();
  }
}

std::int32_t n_evictable(const RadixTree& tree, const Pool& pool, Kind kind) {
  // A page with two users has the tree as one of them.
  const auto k = static_cast<std::size_t>(kind);
  return std::max(0, tree.n_pages[k] - pool.kinds[k].n_shared);
}

void discard(RadixTree& tree, Pool& pool, NodeId node, std::int32_t first_page) {
  add_hold(tree, node, -1);
  while (true) {
    const Node& end = at(tree, node);
    if (end.parent == kNoNode) {
      drop_bare_root(tree, node);
      return;
    }
    const std::int32_t kept = std::max(0, first_page - end.first_page);
    if (!end.children.empty() || end.n_holds > 0 || kept >= run_pages(end)) return;
    const NodeId parent = end.parent;
    add_hold(tree, parent, 1);  // so that a root stays until it is looked at
    for (std::int32_t n = run_pages(end); n > kept; --n) drop_last_page(tree, pool, node);
    add_hold(tree, parent, -1);
    if (kept > 0) return;
    node = parent;
  }
}

}  // namespace mr::kv
