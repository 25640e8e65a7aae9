#include "sim.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace mr::sim {
namespace {

/// Every choice that has begun goes on within so many steps, whoever else wants the pages.
constexpr std::int64_t kLongestStall = 200;

Spec pool_of_16() {
  return {.seed = 1,
          .n_pages = 16,
          .n_requests = 10'000,
          .longest_prompt = 300,
          .most_new = 120,
          .limits = {.n_running = 8, .n_rows = 24, .n_chunk = 64, .n_draft = 8}};
}

Spec pool_of_64() {
  return {.seed = 2,
          .n_pages = 64,
          .n_requests = 10'000,
          .longest_prompt = 500,
          .most_new = 200,
          .limits = {.n_running = 24, .n_rows = 56, .n_chunk = 100, .n_draft = 12}};
}

Spec pool_of_256() {
  return {.seed = 3,
          .n_pages = 256,
          .n_requests = 10'000,
          .longest_prompt = 1000,
          .most_new = 300,
          .limits = {.n_running = 96, .n_rows = 256, .n_chunk = 256, .n_draft = 16}};
}

Spec windowed_pool() {
  return {.seed = 4,
          .n_pages = 64,
          .n_window_pages = 40,
          .window = 100,
          .n_requests = 3'000,
          .longest_prompt = 500,
          .most_new = 150,
          .limits = {.n_running = 8, .n_rows = 64, .n_chunk = 64, .n_draft = 12}};
}

/// Runs a simulation to its end.
Tally run_clean(const Spec& spec) {
  std::string error;
  const Tally tally = run(spec, error);
  std::printf(
      "%ld steps, %ld rows: %ld done, %ld refused, %ld cancelled, %ld late, %ld failed, %ld "
      "preempted, %ld copies, %ld moves, %ld accepted, %ld cached, longest stall %ld\n",
      tally.n_steps, tally.n_rows, tally.n_done, tally.n_refused, tally.n_cancelled, tally.n_late,
      tally.n_failed, tally.n_preempted, tally.n_copies, tally.n_moves, tally.n_accepted,
      tally.n_cached, tally.longest_stall);
  EXPECT_EQ("", error);
  EXPECT_LE(tally.longest_stall, kLongestStall);
  return tally;
}

/// Also sees to it that everything a simulation is for took place.
Tally check_run(const Spec& spec) {
  const Tally tally = run_clean(spec);
  for (const std::int64_t n :
       {tally.n_done, tally.n_cancelled, tally.n_late, tally.n_failed, tally.n_preempted,
        tally.n_copies, tally.n_moves, tally.n_accepted, tally.n_cached}) {
    EXPECT_GT(n, 0);
  }
  return tally;
}

// The three of them take 10^5 steps together.
TEST(sim, pool_of_16_pages) {
  EXPECT_GE(check_run(pool_of_16()).n_steps, 60'000);
}
TEST(sim, pool_of_64_pages) {
  EXPECT_GE(check_run(pool_of_64()).n_steps, 25'000);
}
TEST(sim, pool_of_256_pages) {
  EXPECT_GE(check_run(pool_of_256()).n_steps, 10'000);
}

TEST(sim, windowed_layers) {
  check_run(windowed_pool());
}

TEST(sim, Full_million_steps) {
  if (std::getenv("MILLRACE_FULL") == nullptr) GTEST_SKIP() << "10^6 steps: set MILLRACE_FULL=1";
  std::int64_t n_steps = 0;
  for (std::uint64_t seed = 100; n_steps < 1'000'000 && !HasFailure(); ++seed) {
    for (Spec spec : {pool_of_16(), pool_of_64(), pool_of_256(), windowed_pool()}) {
      spec.seed = seed;
      Rng rng{seed};
      spec.limits.n_running = 2 + up_to(rng, spec.limits.n_running);
      spec.limits.n_rows = 8 + up_to(rng, 2 * spec.limits.n_rows);
      spec.limits.n_draft = up_to(rng, 20);
      spec.limits.deterministic = chance(rng, 0.5);
      n_steps += run_clean(spec).n_steps;
    }
  }
}

}  // namespace
}  // namespace mr::sim
