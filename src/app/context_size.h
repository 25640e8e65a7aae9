#pragma once
#include <cstdint>

#include "base/error.h"
#include "engine/engine.h"

namespace mr::app {

/// Positions to give each request: `options.n_context`, or, where that is 0, the model's own or the
/// largest power of two that leaves half of the memory free (said on stderr).
/// Errors: does_not_fit where what was asked for is more than memory holds, with what would fit.
Expected<std::int32_t> context_size(const model::Model& model, const engine::Options& options);

}  // namespace mr::app
