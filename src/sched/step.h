#pragma once
#include <cstdint>
#include <vector>

#include "sched/plan.h"

/// The parts of a plan, in the order in which `plan` runs them.
namespace mr::sched {

/// Rows that a choice gets in the step.
struct Share {
  TaskId task;
  std::int32_t n_rows;  ///< of the prompt, or node 0; 0: it was preempted after all
  spec::Draft draft;    ///< for a decode: the nodes that are computed
};

/// A step while it is planned.
struct Step {
  std::vector<Share> shares;
  std::int32_t n_rows = 0;  ///< given so far
  std::int32_t most = 0;    ///< that the budget holds
  std::array<kv::PageWork, kv::kKinds> work;
  NodesTaken nodes;
};

/// Tokens that have no K and V yet: 1 where the choice decodes.
std::int32_t n_to_compute(const Task& task);

/// Takes a running choice off its pages, what it computed stays in the tree; it waits to go on.
void preempt(State& state, Step& step, TaskId id);

/// One row for each choice that decodes, the longest unserved first, and a slot for it; where
/// there is no page, choices of the lowest priority are preempted.
void plan_decodes(State& state, Step& step);

/// Prompt chunks for choices that run already.
void plan_prompts(State& state, Step& step);

/// Lets waiting choices begin and gives them their first chunk; one that cannot though nothing else
/// runs ends.
void admit(State& state, Step& step, double now_us, std::vector<Ended>& ended);

/// Draft nodes for what is left of the budget.
void plan_drafts(State& state, Step& step, const PlanInput& input);

/// Gives a running choice as many prompt rows as there are; false where it gets none.
bool add_chunk(State& state, Step& step, TaskId id);

/// The arrays of a planned step.
Batch write_batch(State& state, Step&& step);

}  // namespace mr::sched
