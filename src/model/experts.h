#pragma once
#include "base/error.h"
#include "model/loader.h"
#include "model/weights.h"

namespace mr::model {

/// The mixture of experts of layer `index`, whichever way the file keeps it: a tensor for each
/// expert, or for all of them, gate and up apart or fused; of gpt-oss transposed or as blocks of
/// MXFP4. What all rows take beside goes to layer.gate, up and down.
/// Errors: bad_model, naming the tensor, wanted and found; does_not_fit.
Expected<void> load_mixture(const Loader& loader, std::int32_t index, Layer& layer);

}  // namespace mr::model
