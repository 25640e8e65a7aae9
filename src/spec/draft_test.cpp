#include "spec/draft.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/rng.h"

namespace mr::spec {
namespace {

Draft forked() {
  Draft draft = make_draft(9);
  add(draft, 0, 1, 0.3F);  // node 1
  add(draft, 0, 2, 0.6F);  // node 2
  add(draft, 1, 3, 0.2F);  // node 3
  add(draft, 2, 3, 0.5F);  // node 4
  add(draft, 4, 5, 0.1F);  // node 5
  return draft;
}

TEST(draft, merges_equal_branches) {
  Draft draft = forked();
  EXPECT_EQ(4, add(draft, 2, 3, 0.55F));
  EXPECT_EQ(6, n_nodes(draft));
  EXPECT_FLOAT_EQ(0.55F, draft.probability[4]);
  EXPECT_EQ(4, child(draft, 2, 3));
  EXPECT_EQ(-1, child(draft, 2, 4));
}

TEST(draft, no_node_is_more_probable_than_its_parent) {
  Draft draft = forked();
  EXPECT_FLOAT_EQ(0.3F, draft.probability[static_cast<std::size_t>(add(draft, 1, 7, 0.9F))]);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_FLOAT_EQ(0, draft.probability[static_cast<std::size_t>(add(draft, 1, 8, nan))]);
}

TEST(draft, has_an_end_to_its_depth) {
  Draft draft = make_draft(0);
  std::int32_t node = 0;
  for (std::int32_t i = 0; i < kMaxDepth; ++i) node = add(draft, node, i, 1);
  EXPECT_EQ(kMaxDepth, node);
  EXPECT_EQ(-1, add(draft, node, 0, 1));
  EXPECT_EQ(-1, add(draft, node + 1, 0, 1));
  EXPECT_EQ(-1, add(draft, -1, 0, 1));
}

TEST(draft, prune_puts_the_likeliest_path_in_place) {
  const std::vector<std::uint8_t> all(6, 1);
  const Draft kept = prune(forked(), all);
  EXPECT_EQ((std::vector<std::int32_t>{9, 2, 3, 5, 1, 3}), kept.token);
  EXPECT_EQ((std::vector<std::int32_t>{-1, 0, 1, 2, 0, 4}), kept.parent);
  EXPECT_EQ((std::vector<std::int32_t>{0, 1, 2, 3, 1, 2}), kept.depth);
  const std::vector<std::uint8_t> some{1, 1, 0, 1, 1, 1};  // node 2 takes 4 and 5 with it
  EXPECT_EQ((std::vector<std::int32_t>{9, 1, 3}), prune(forked(), some).token);
}

TEST(draft, accepted_rows_move_to_their_positions) {
  const Draft draft = prune(forked(), std::vector<std::uint8_t>(6, 1));
  const std::vector<std::int32_t> drawn{1, 3, 7};
  const auto path = follow(draft, drawn);
  EXPECT_EQ((std::vector<std::int32_t>{4, 5}), path);
  const auto list = moves(path);
  ASSERT_EQ(2U, list.size());
  EXPECT_EQ(4, list[0].from);
  EXPECT_EQ(1, list[0].to);
  EXPECT_EQ(5, list[1].from);
  EXPECT_EQ(2, list[1].to);
  EXPECT_TRUE(moves(follow(draft, std::vector<std::int32_t>{2, 3, 5})).empty());
}

// Random trees: pruned ones are trees of the same paths, and moves in order lose no row.
TEST(draft, random_trees_keep_their_paths) {
  Rng rng{4};
  for (int round = 0; round < 2000; ++round) {
    Draft draft = make_draft(0);
    for (int i = 0; i < 30; ++i) {
      add(draft, static_cast<std::int32_t>(below(rng, static_cast<std::uint64_t>(n_nodes(draft)))),
          static_cast<std::int32_t>(below(rng, 3)), static_cast<float>(unit(rng)));
    }
    const Draft kept =
        prune(draft, std::vector<std::uint8_t>(static_cast<std::size_t>(n_nodes(draft)), 1));
    ASSERT_EQ(n_nodes(draft), n_nodes(kept));
    for (std::int32_t node = 1; node < n_nodes(kept); ++node) {
      const auto at = static_cast<std::size_t>(node);
      ASSERT_LT(kept.parent[at], node);
      ASSERT_EQ(kept.depth[at], kept.depth[static_cast<std::size_t>(kept.parent[at])] + 1);
      std::vector<std::int32_t> tokens;
      for (std::int32_t up = node; up > 0; up = kept.parent[static_cast<std::size_t>(up)]) {
        tokens.insert(tokens.begin(), kept.token[static_cast<std::size_t>(up)]);
      }
      ASSERT_EQ(tokens.size(), follow(draft, tokens).size());
      const auto path = follow(kept, tokens);
      ASSERT_EQ(node, path.back());
      std::vector<std::int32_t> slots(static_cast<std::size_t>(n_nodes(kept)));
      for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = static_cast<std::int32_t>(i);
      for (const Move& move : moves(path)) {
        slots[static_cast<std::size_t>(move.to)] = slots[static_cast<std::size_t>(move.from)];
      }
      for (std::size_t i = 0; i < path.size(); ++i) ASSERT_EQ(path[i], slots[i + 1]);
    }
  }
}

}  // namespace
}  // namespace mr::spec
