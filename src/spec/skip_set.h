#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "model/weights.h"

namespace mr::spec {

/// All layers but those of `skipped`. Errors: bad_request where those are no layers, or all.
Expected<std::vector<std::int32_t>> layers_without(std::int32_t n_layers,
                                                   std::span<const std::int32_t> skipped);

/// A set of layers that a draft of the target may skip, at least one: on a text that the target
/// makes up itself, the layers whose absence changes its choices least are dropped one after the
/// other, and of the sets so made the one is taken with which chains of `depth` tokens would be
/// fastest (arXiv:2211.17192, theorem 3.8, a draft's cost being its share of the layers).
/// Source: Draft & Verify, arXiv:2309.08168, section 3.2, with this ranking for its search.
/// Errors: bad_request for a target of one layer; does_not_fit. Cost: 64 steps of one row and 1.5
/// steps of 64 rows for each layer.
Expected<std::vector<std::int32_t>> find_skip_set(const model::Model& target, std::int32_t depth);

}  // namespace mr::spec
