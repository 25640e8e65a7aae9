#pragma once
#include "sched/batch.h"
#include "sched/cost.h"
#include "sched/state.h"

namespace mr::sched {

/// What a plan depends on besides the state.
struct PlanInput {
  double now_us;               ///< any clock that deadlines are given on
  const CostTable& cost;       ///< of the model at this context length
  double tokens_per_us = 0.0;  ///< lately, of the whole server: what a draft node must be worth
};

/// The next step. One budget, the rows n with T(n) <= step_us, is spent in this order:
/// decodes, one row each, an eighth kept for prompts where any wait; prompts under way, then new
/// and preempted choices as memory allows; draft nodes by falling probability, as many as are
/// worth their rows: sum of p - tokens_per_us * (T(n + k) - T(n)) is the largest.
/// A batch without rows is not to be committed: nothing can run before a request comes.
/// Cost: O(rows + running); where choices wait, also O(waiting) for each that begins.
Batch plan(State& state, const PlanInput& input);

}  // namespace mr::sched
