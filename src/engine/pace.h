#pragma once
#include "engine/engine.h"

/// What steps cost on this machine, and what they bring: what speculation is weighed by.
namespace mr::engine {

/// Times steps of one row and more, of one short sequence, on the engine's own cache, which no
/// request uses yet. Errors: as of model::forward. Cost: about half a second at most, or two steps.
Expected<void> measure_pace(Engine& engine);

/// Takes in how long a step of decodes took, `proposing_us` of it before its rows were computed,
/// and the tokens that came out of it. All of the table, which is of computing rows alone, follows
/// the pace of the machine within some twenty steps; what so many rows cost beside others is
/// learned from many steps, so that one that was held up says little of it.
void learn_pace(Engine& engine, const sched::Batch& batch, double us, double proposing_us,
                std::size_t n_tokens);

/// Tokens a microsecond: lately, or without speculation where that is more, so that proposals that
/// slow all down do not seem cheap for it.
double tokens_per_us(const Engine& engine);

}  // namespace mr::engine
