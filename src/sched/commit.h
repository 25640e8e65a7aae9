#pragma once
#include "sched/batch.h"
#include "sched/state.h"

namespace mr::sched {

/// Takes in what came out of the step that `batch` planned: lengths grow, accepted rows are told to
/// move to their slots, the others are dropped, whole pages enter the tree, choices end. The
/// moves and zeroing it returns must be done before the work of the next batch.
Settle commit(State& state, const Batch& batch, const Results& results);

}  // namespace mr::sched
