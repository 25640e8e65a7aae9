#include "kv/radix_tree.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "kv/radix_model.h"

namespace mr::kv {
namespace {

/// A tree over a pool, and sequences that come, store their tokens and go.
struct Fixture {
  Pool pool = make_pool({.budget_bytes = 8, .full_page_bytes = 1}).value();
  RadixTree tree = make_tree(0, 1);

  void store(const std::vector<Token>& tokens, std::int32_t priority = 0, Salt salt = 0) {
    Seq seq = start(tree, pool, salt, match(tree, salt, tokens), priority);
    Work work;
    const auto n = static_cast<std::int32_t>(tokens.size());
    ASSERT_TRUE(reserve(seq, tree, pool, {n, n}, work));
    copied(seq, pool);
    advance(seq, tree, pool, tokens, n - seq.length);
    store_tail(seq, tree, pool, tokens);
    stop(seq, tree, pool);
  }

  std::int32_t n_stored(const std::vector<Token>& tokens, Salt salt = 0) const {
    return match(tree, salt, tokens).n_tokens;
  }
};

std::vector<Token> run_of(Token token, std::size_t n) {
  return std::vector<Token>(n, token);
}

TEST(radix_tree, hits_by_the_token) {
  Fixture f;
  std::vector<Token> tokens = run_of(1, 200);
  f.store(tokens);
  EXPECT_EQ(200, f.n_stored(tokens));
  EXPECT_EQ(130, f.n_stored(run_of(1, 130)));
  tokens[150] = 2;
  const Hit hit = match(f.tree, 0, tokens);
  EXPECT_EQ(2, hit.n_pages);
  EXPECT_EQ(22, hit.n_copied);
  EXPECT_EQ(0, f.n_stored(tokens, 1));  // another salt
}

TEST(radix_tree, evicts_the_lowest_priority_then_the_longest_unused) {
  Fixture f;
  f.store(run_of(1, 128), 1);
  f.store(run_of(2, 128));
  f.store(run_of(3, 128));
  f.store(run_of(2, 128));  // used again
  evict(f.tree, f.pool, Kind::full, 3);
  EXPECT_EQ(64, f.n_stored(run_of(3, 128)));  // from its end
  evict(f.tree, f.pool, Kind::full, 5);
  EXPECT_EQ(0, f.n_stored(run_of(3, 128)));
  EXPECT_EQ(64, f.n_stored(run_of(2, 128)));
  evict(f.tree, f.pool, Kind::full, 7);
  EXPECT_EQ(0, f.n_stored(run_of(2, 128)));
  EXPECT_EQ(64, f.n_stored(run_of(1, 128)));
}

TEST(radix_tree, keeps_what_is_pinned) {
  Fixture f;
  f.store(run_of(1, 128));
  const NodeId pinned = hold(f.tree, 0, match(f.tree, 0, run_of(1, 64)));
  evict(f.tree, f.pool, Kind::full, 8);
  EXPECT_EQ(64, f.n_stored(run_of(1, 128)));
  release(f.tree, pinned);
  evict(f.tree, f.pool, Kind::full, 8);
  EXPECT_EQ(8, n_free(f.pool, Kind::full));
  EXPECT_TRUE(f.tree.roots.empty());
}

TEST(radix_tree, forgets_what_proved_bad) {
  Fixture f;
  f.store(run_of(1, 64));
  const std::vector<Token> tokens = run_of(1, 192);
  Seq seq = start(f.tree, f.pool, 0, match(f.tree, 0, tokens), 0);
  Work work;
  ASSERT_TRUE(reserve(seq, f.tree, f.pool, {192, 192}, work));
  advance(seq, f.tree, f.pool, tokens, 128);
  EXPECT_EQ(192, f.n_stored(tokens));
  stop_bad(seq, f.tree, f.pool);
  EXPECT_EQ(64, f.n_stored(tokens));
  EXPECT_EQ(7, n_free(f.pool, Kind::full));
}

TEST(radix_tree, like_a_map_under_random_use) {
  Rng rng{11};
  for (int round = 0; round < 400; ++round) {
    std::vector<std::uint8_t> bytes(600);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(next(rng));
    ASSERT_EQ("", drive_tree(bytes)) << "round " << round;
  }
}

}  // namespace
}  // namespace mr::kv
