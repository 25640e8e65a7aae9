#pragma once
#include "engine/engine.h"

/// The final hidden states of prompts, pooled: embeddings.
namespace mr::engine {

/// Adds the rows of a step that ran to the sums of the requests that pool them.
/// Errors: does_not_fit.
Expected<void> take_hidden(Engine& engine, const sched::Batch& batch);

/// What sequence `seq` of the step has come to; empty where its prompt goes on or is not pooled.
std::vector<float> pooled(Engine& engine, const sched::Batch& batch, std::size_t seq);

}  // namespace mr::engine
