#pragma once
#include "engine/engine.h"

/// What steps cost on this machine, and what they bring: what speculation is weighed by.
namespace mr::engine {

/// Times steps of one row and more, of one short sequence, on the engine's own cache, which no
/// request uses yet. Errors: as of model::forward. Cost: about half a second at most, or two steps.
Expected<void> measure_pace(Engine& engine);

/// Takes in how long a step of decodes took, and the tokens that came out of it. The table follows
/// within some twenty steps: longer contexts cost more, and machines change their pace.
void learn_pace(Engine& engine, const sched::Batch& batch, double us, std::size_t n_tokens);

/// Tokens a microsecond, lately; before there are any, those of `n_running` without speculation.
double tokens_per_us(const Engine& engine);

}  // namespace mr::engine
