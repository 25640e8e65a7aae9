#include "spec/static_tree.h"

#include <algorithm>

namespace mr::spec {
namespace {

/// Best values of subtrees. With t(n, d) that of a root and at most n - 1 nodes in d levels below
/// it, and r(m, k, d) that of at most m nodes given to the children of rank k and higher:
/// t(n, d) = 1 + r(n - 1, 0, d),
/// r(m, k, d) = max(0, acceptance[k] * t(j, d - 1) + r(m - j, k + 1, d) for j of 1 to m).
struct Program {
  std::span<const double> acceptance;
  std::size_t n_nodes;
  std::size_t depth;
  std::vector<double> rest;          ///< r by (d, k, m)
  std::vector<std::size_t> to_this;  ///< the j of it; 0: no child of this rank

  std::size_t at(std::size_t d, std::size_t k, std::size_t m) const {
    return (d * (acceptance.size() + 1) + k) * (n_nodes + 1) + m;
  }
};

double subtree(const Program& program, std::size_t n, std::size_t d) {
  return 1 + program.rest[program.at(d, 0, n - 1)];
}

Program solve(std::span<const double> acceptance, std::size_t n_nodes, std::size_t depth) {
  Program p{.acceptance = acceptance,
            .n_nodes = n_nodes,
            .depth = depth,
            .rest = std::vector<double>((depth + 1) * (acceptance.size() + 1) * (n_nodes + 1)),
            .to_this = {}};
  p.to_this.resize(p.rest.size());
  for (std::size_t d = 1; d <= depth; ++d) {
    for (std::size_t k = acceptance.size(); k-- > 0;) {
      for (std::size_t m = 1; m < n_nodes; ++m) {
        double& best = p.rest[p.at(d, k, m)];
        for (std::size_t j = 1; j <= m; ++j) {
          const double value = acceptance[k] * subtree(p, j, d - 1) + p.rest[p.at(d, k + 1, m - j)];
          if (value <= best) continue;
          best = value;
          p.to_this[p.at(d, k, m)] = j;
        }
      }
    }
  }
  return p;
}

/// Hangs what the program chose for `m` nodes in `d` levels below `parent`.
void hang(const Program& p, StaticTree& tree, std::int32_t parent, std::size_t m, std::size_t d) {
  if (d == 0) return;
  for (std::size_t k = 0; k < p.acceptance.size(); ++k) {
    const std::size_t j = p.to_this[p.at(d, k, m)];
    if (j == 0) return;
    const auto node = static_cast<std::int32_t>(tree.parent.size());
    tree.parent.push_back(parent);
    tree.rank.push_back(static_cast<std::int32_t>(k));
    hang(p, tree, node, j - 1, d - 1);
    m -= j;
  }
}

}  // namespace

std::int32_t depth(const StaticTree& tree) {
  std::vector<std::int32_t> of(tree.parent.size());
  for (std::size_t i = 1; i < of.size(); ++i) {
    of[i] = 1 + of[static_cast<std::size_t>(tree.parent[i])];
  }
  return of.empty() ? 0 : std::ranges::max(of);
}

StaticTree best_static_tree(std::span<const double> acceptance, std::int32_t n_nodes,
                            std::int32_t depth) {
  StaticTree tree{.parent = {-1}, .rank = {0}, .tokens = 1};
  if (n_nodes < 2 || depth < 1) return tree;
  const auto n = static_cast<std::size_t>(n_nodes);
  const auto d = static_cast<std::size_t>(depth);
  const Program program = solve(acceptance, n, d);
  tree.tokens = subtree(program, n, d);
  hang(program, tree, 0, n - 1, d);
  return tree;
}

}  // namespace mr::spec
