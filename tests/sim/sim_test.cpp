#include "sim.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace mr::sim {
namespace {

/// Every started choice goes on within so many steps, whoever else wants the pages.
constexpr std::int64_t kLongestStall = 200;

Spec small_pool() {
  return {.seed = 1, .n_pages = 16, .longest_prompt = 300, .most_new = 120, .limits = {}};
}

Spec middle_pool() {
  return {.seed = 2, .n_pages = 64, .longest_prompt = 700, .most_new = 200, .limits = {}};
}

Spec large_pool() {
  return {.seed = 3, .n_pages = 256, .longest_prompt = 2000, .most_new = 300, .limits = {}};
}

void print(const Tally& tally) {
  std::printf(
      "%ld steps, %ld rows: %ld done, %ld refused, %ld cancelled, %ld late, %ld failed, %ld "
      "preempted, %ld copies, %ld moves, %ld accepted, %ld cached, longest stall %ld\n",
      tally.n_steps, tally.n_rows, tally.n_done, tally.n_refused, tally.n_cancelled, tally.n_late,
      tally.n_failed, tally.n_preempted, tally.n_copies, tally.n_moves, tally.n_accepted,
      tally.n_cached, tally.longest_stall);
}

Tally check_run(const Spec& spec) {
  std::string error;
  const Tally tally = run(spec, error);
  print(tally);
  EXPECT_EQ("", error);
  EXPECT_LE(tally.longest_stall, kLongestStall);
  return tally;
}

TEST(sim, short_small) {
  Spec spec = small_pool();
  spec.n_requests = 1000;
  check_run(spec);
}

TEST(sim, short_middle) {
  Spec spec = middle_pool();
  spec.n_requests = 1000;
  check_run(spec);
}

TEST(sim, short_large) {
  Spec spec = large_pool();
  spec.n_requests = 300;
  check_run(spec);
}

}  // namespace
}  // namespace mr::sim
