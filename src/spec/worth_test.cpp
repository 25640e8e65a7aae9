#include "spec/worth.h"

#include <gtest/gtest.h>

namespace mr::spec {
namespace {

/// Calls in `n_steps` steps of one sequence, of a proposer that costs and brings the same each
/// time.
int calls(double us, int n_accepted, int n_computed, double node_cost, int n_steps) {
  Worth worth;
  int n_calls = 0;
  for (int step = 0; step < n_steps; ++step) {
    settle(worth);
    if (!is_asked(worth, 0.01)) {
      wait(worth, 1);
      continue;
    }
    ++n_calls;
    spend(worth, us);
    bring(worth, n_accepted, n_computed, node_cost);
  }
  return n_calls;
}

TEST(worth, of_one_that_brings_more_than_it_costs) {
  EXPECT_EQ(1000, calls(90, 1, 2, 0.01, 1000));
  EXPECT_EQ(1000, calls(390, 4, 4, 0.02, 1000));
}

TEST(worth, of_one_that_costs_next_to_nothing) {
  EXPECT_EQ(1000, calls(0.9, 0, 8, 0.5, 1000));
}

TEST(worth, counts_the_rows_of_its_nodes) {
  // A draft as large as its target: four tokens of five in the time of four, and rows besides.
  EXPECT_EQ(1000, calls(390, 4, 4, 0, 1000));
  EXPECT_LT(calls(390, 4, 4, 0.5, 1000), 30);
}

TEST(worth, loses_little_by_asking_again) {
  for (const double us : {2.0, 50.0, 200.0, 1000.0}) {
    const int n_calls = calls(us, 0, 0, 0, 10000);
    const double loss = 0.01 * us;
    EXPECT_GT(n_calls, 2) << us;
    EXPECT_LT(n_calls * loss, 8 + 2 * loss + 0.02 * 10000) << us;
  }
}

TEST(worth, recovers) {
  Worth worth;
  for (int i = 0; i < 50; ++i) {
    spend(worth, 50);
    settle(worth);
  }
  int n_calls = 0;
  for (int step = 0; step < 1000; ++step) {
    settle(worth);
    if (!is_asked(worth, 0.01)) {
      wait(worth, 1);
      continue;
    }
    ++n_calls;
    spend(worth, 50);
    bring(worth, 2, 2, 0.1);
  }
  EXPECT_GT(n_calls, 850);
}

TEST(worth, of_a_call_is_not_that_of_reading_a_prompt) {
  Worth worth;
  spend(worth, 10000);
  bring(worth, 2, 4, 0.1);
  settle(worth);
  EXPECT_TRUE(is_asked(worth, 0.01));
  for (int i = 0; i < 20; ++i) {
    spend(worth, i == 10 ? 10000 : 50);
    bring(worth, 2, 4, 0.1);
    settle(worth);
    EXPECT_TRUE(is_asked(worth, 0.01)) << i;
  }
}

}  // namespace
}  // namespace mr::spec
