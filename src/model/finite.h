#pragma once
#include "base/error.h"
#include "kern/table.h"
#include "model/source.h"

namespace mr::model {

/// Looks for numbers that are none in all tensors of a model, on the threads of `device`: one NaN
/// or infinity makes every answer of a model nonsense.
/// Errors: bad_model, naming the tensor and the row.
Expected<void> check_finite(const Source& source, const kern::Device& device);

}  // namespace mr::model
