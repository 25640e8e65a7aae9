#pragma once
#include "base/error.h"
#include "kern/table.h"

namespace mr::kern {

/// Multiplications a second of the device's matrix product with weights of `type` that lie in its
/// caches, for `n_rows` rows: the best of a few runs. A multiplication comes with its addition.
/// Errors: does_not_fit.
/// Cost: some ten milliseconds.
Expected<double> product_rate(const Device& device, DType type, std::int32_t n_rows);

}  // namespace mr::kern
