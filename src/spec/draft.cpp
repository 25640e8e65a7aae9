#include "spec/draft.h"

#include <algorithm>

namespace mr::spec {

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
  draft.token.push_back(token);
  draft.parent.push_back(parent);
  draft.depth.push_back(draft.depth[above] + 1);
  draft.probability.push_back(p);
  return n_nodes(draft) - 1;
}

Draft prune(const Draft& draft, std::span<const std::uint8_t> keep) {
  if (draft.token.empty()) return {};
  // The kept children of each node, most probable first; ties in the order they were added.
  const std::size_t n = draft.token.size();
  std::vector<std::vector<std::int32_t>> children(n);
  for (std::size_t i = 1; i < n; ++i) {
    if (keep[i] != 0) {
      children[static_cast<std::size_t>(draft.parent[i])].push_back(static_cast<std::int32_t>(i));
    }
  }
  for (auto& list : children) {
    std::ranges::stable_sort(list, [&](std::int32_t a, std::int32_t b) {
      return draft.probability[static_cast<std::size_t>(a)] >
             draft.probability[static_cast<std::size_t>(b)];
    });
  }
  struct Next {
    std::int32_t node;
    std::int32_t new_parent;
  };
  Draft kept = make_draft(draft.token[0]);
  std::vector<Next> stack;
  const auto push_children = [&](std::int32_t node, std::int32_t new_node) {
    const auto& list = children[static_cast<std::size_t>(node)];
    for (auto c = list.rbegin(); c != list.rend(); ++c) stack.push_back({*c, new_node});
  };
  push_children(0, 0);
  while (!stack.empty()) {
    const Next next = stack.back();
    stack.pop_back();
    const auto at = static_cast<std::size_t>(next.node);
    kept.token.push_back(draft.token[at]);
    kept.parent.push_back(next.new_parent);
    kept.depth.push_back(draft.depth[at]);
    kept.probability.push_back(draft.probability[at]);
    push_children(next.node, n_nodes(kept) - 1);
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
