#include "spec/static_tree.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace mr::spec {
namespace {

/// What a tree brings: each node by the chance that all of its path comes true.
double value_of(const StaticTree& tree, std::span<const double> acceptance) {
  std::vector<double> reached(tree.parent.size(), 1.0);
  double sum = 1;
  for (std::size_t i = 1; i < reached.size(); ++i) {
    reached[i] = reached[static_cast<std::size_t>(tree.parent[i])] *
                 acceptance[static_cast<std::size_t>(tree.rank[i])];
    sum += reached[i];
  }
  return sum;
}

/// The best of all trees, made node by node: each new one hangs, as the next of its children, under
/// the parent of the last one or under a later node, so that every tree comes once.
double best_of_all(StaticTree& tree, std::span<const double> acceptance, std::int32_t n_nodes,
                   std::int32_t depth, std::int32_t from) {
  double best = value_of(tree, acceptance);
  const auto n = static_cast<std::int32_t>(tree.parent.size());
  if (n == n_nodes) return best;
  for (std::int32_t parent = from; parent < n; ++parent) {
    const auto rank = static_cast<std::int32_t>(std::ranges::count(tree.parent, parent));
    std::int32_t deep = 1;
    for (std::int32_t at = parent; at > 0; ++deep) at = tree.parent[static_cast<std::size_t>(at)];
    if (rank >= std::ssize(acceptance) || deep > depth) continue;
    tree.parent.push_back(parent);
    tree.rank.push_back(rank);
    best = std::max(best, best_of_all(tree, acceptance, n_nodes, depth, parent));
    tree.parent.pop_back();
    tree.rank.pop_back();
  }
  return best;
}

TEST(StaticTree, IsTheBestOfAll) {
  Rng rng{4};
  for (int round = 0; round < 60; ++round) {
    std::vector<double> acceptance(1 + below(rng, 3));
    double left = 1;  // only one child of a node can come true; the first need not be the likeliest
    for (double& p : acceptance) left -= p = left * unit(rng);
    const auto n_nodes = static_cast<std::int32_t>(1 + below(rng, 8));
    const auto depth = static_cast<std::int32_t>(1 + below(rng, 5));
    StaticTree start{.parent = {-1}, .rank = {0}};
    const double wanted = best_of_all(start, acceptance, n_nodes, depth, 0);
    const StaticTree found = best_static_tree(acceptance, n_nodes, depth);
    EXPECT_NEAR(wanted, found.tokens, 1e-12);
    EXPECT_NEAR(found.tokens, value_of(found, acceptance), 1e-12);
    EXPECT_LE(std::ssize(found.parent), n_nodes);
  }
}

TEST(StaticTree, IsAChainWhereOneChildIsAllThereIs) {
  const StaticTree tree = best_static_tree(std::vector{0.5}, 5, 3);
  EXPECT_EQ((std::vector<std::int32_t>{-1, 0, 1, 2}), tree.parent);
  EXPECT_DOUBLE_EQ(1.875, tree.tokens);
  EXPECT_EQ(3, depth(tree));
}

TEST(StaticTree, NeedsNoNodesThatNeverComeTrue) {
  EXPECT_EQ(1U, best_static_tree(std::vector{0.0, 0.0}, 9, 4).parent.size());
  EXPECT_EQ(1U, best_static_tree({}, 9, 4).parent.size());
}

}  // namespace
}  // namespace mr::spec
