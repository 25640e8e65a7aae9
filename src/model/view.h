#pragma once
#include <cstdint>
#include <span>

#include "base/error.h"
#include "model/weights.h"

namespace mr::model {

/// A model of some layers of another, with its embeddings, last norm and head. It shares the
/// weights of `whole`, which outlives it.
/// Errors: bad_request unless `layers` are some numbers of layers, each higher than the one before.
Expected<Model> view(const Model& whole, std::span<const std::int32_t> layers);

}  // namespace mr::model
