#pragma once
#include "engine/engine.h"

/// What steps cost on this machine, and what they bring: what speculation is weighed by.
namespace mr::engine {

/// Times steps of one row and more, of one short sequence, on the engine's own cache, which no
/// request uses yet. Errors: as of model::forward. Cost: about half a second at most, or two steps.
Expected<void> measure_pace(Engine& engine);

/// Takes in how long a step of decodes took, and the tokens that came out of it. All of the table
/// follows the pace of the machine within some twenty steps; what so many rows cost beside others
/// is learned from many steps, so that one that was held up says little of it.
void learn_pace(Engine& engine, const sched::Batch& batch, double us, std::size_t n_tokens);

/// Tokens a microsecond, lately; before there are any, those of `n_running` without speculation.
double tokens_per_us(const Engine& engine);

}  // namespace mr::engine
