#include "spec/draft.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace mr::spec {
namespace {

void push(Draft& draft, std::int32_t token, std::int32_t parent, std::int32_t depth, float p) {
  draft.token.push_back(token);
  draft.parent.push_back(parent);
  draft.depth.push_back(depth);
  draft.probability.push_back(p);
}

}  // namespace

Draft make_draft(std::int32_t last_token) {
  return {.token = {last_token}, .parent = {-1}, .depth = {0}, .probability = {1.0F}};
}

std::int32_t n_nodes(const Draft& draft) {
  return draft.token.empty() ? 1 : static_cast<std::int32_t>(draft.token.size());
}

std::int32_t child(const Draft& draft, std::int32_t node, std::int32_t token) {
  const std::int32_t n = static_cast<std::int32_t>(draft.token.size());
  for (std::int32_t i = node + 1; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (draft.parent[at] == node && draft.token[at] == token) return i;
  }
  return -1;
}

std::int32_t add(Draft& draft, std::int32_t parent, std::int32_t token, float probability) {
  if (parent < 0 || static_cast<std::size_t>(parent) >= draft.token.size()) return -1;
  const auto above = static_cast<std::size_t>(parent);
  if (draft.depth[above] >= kMaxDepth) return -1;
  const float most = draft.probability[above];
  const float p = probability > 0 ? std::min(probability, most) : 0.0F;
  const std::int32_t there = child(draft, parent, token);
  if (there >= 0) {
    float& known = draft.probability[static_cast<std::size_t>(there)];
    known = std::max(known, p);
    return there;
  }
  push(draft, token, parent, draft.depth[above] + 1, p);
  return n_nodes(draft) - 1;
}

void add_best(Draft& draft, const Draft& from, std::int32_t n) {
  std::vector<std::size_t> order(from.token.size() - 1);
  std::iota(order.begin(), order.end(), std::size_t{1});
  // A parent is as probable as its child and comes first.
  std::ranges::stable_sort(order, std::greater{},
                           [&](std::size_t node) { return from.probability[node]; });
  order.resize(std::min(order.size(), static_cast<std::size_t>(n)));
  std::vector<std::int32_t> node(from.token.size());
  for (const std::size_t i : order) {
    const std::int32_t parent = node[static_cast<std::size_t>(from.parent[i])];
    node[i] = add(draft, parent, from.token[i], from.probability[i]);
  }
}

void cut(Draft& draft, std::int32_t n) {
  const auto kept = static_cast<std::size_t>(n);
  draft.token.resize(kept);
  draft.parent.resize(kept);
  draft.depth.resize(kept);
  draft.probability.resize(kept);
}

Draft prune(Draft draft, std::span<const std::uint8_t> keep) {
  const auto n = static_cast<std::int32_t>(draft.token.size());
  std::int32_t n_chain = 1;  // nodes of a chain need no other order
  while (n_chain < n && draft.parent[static_cast<std::size_t>(n_chain)] == n_chain - 1) ++n_chain;
  if (n_chain >= n) {
    std::int32_t n_kept = 1;
    while (n_kept < n && keep[static_cast<std::size_t>(n_kept)] != 0) ++n_kept;
    if (n > 0) cut(draft, n_kept);
    return draft;
  }
  // The kept children of each node as a list, most probable first, ties in their old order.
  const auto at = [](std::int32_t node) { return static_cast<std::size_t>(node); };
  std::vector<std::int32_t> scratch(3 * at(n), -1);  // one allocation: this is on the step's path
  const auto first = std::span(scratch).first(at(n));
  const auto next = std::span(scratch).subspan(at(n), at(n));
  const auto number = std::span(scratch).last(at(n));  // of a kept node
  for (std::int32_t node = n - 1; node > 0; --node) {
    if (keep[at(node)] == 0) continue;
    std::int32_t* place = &first[at(draft.parent[at(node)])];
    while (*place >= 0 && draft.probability[at(*place)] > draft.probability[at(node)]) {
      place = &next[at(*place)];
    }
    next[at(node)] = *place;
    *place = node;
  }
  Draft kept;
  kept.token.reserve(at(n));
  kept.parent.reserve(at(n));
  kept.depth.reserve(at(n));
  kept.probability.reserve(at(n));
  push(kept, draft.token[0], -1, 0, 1.0F);
  number[0] = 0;
  for (std::int32_t node = 0; node >= 0;) {
    std::int32_t down = first[at(node)];
    while (down < 0 && node > 0) {
      down = next[at(node)];
      node = draft.parent[at(node)];
    }
    if (down < 0) break;
    number[at(down)] = n_nodes(kept);
    push(kept, draft.token[at(down)], number[at(draft.parent[at(down)])], draft.depth[at(down)],
         draft.probability[at(down)]);
    node = down;
  }
  return kept;
}

std::vector<std::int32_t> follow(const Draft& draft, std::span<const std::int32_t> tokens) {
  std::vector<std::int32_t> path;
  std::int32_t node = 0;
  for (const std::int32_t token : tokens) {
    node = child(draft, node, token);
    if (node < 0) break;
    path.push_back(node);
  }
  return path;
}

std::vector<Move> moves(std::span<const std::int32_t> path) {
  std::vector<Move> moves;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const auto slot = static_cast<std::int32_t>(i + 1);
    if (path[i] != slot) moves.push_back({.from = path[i], .to = slot});
  }
  return moves;
}

}  // namespace mr::spec
