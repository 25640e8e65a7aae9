#pragma once
#include "base/error.h"
#include "model/loader.h"
#include "model/weights.h"

namespace mr::model {

/// The multi-head latent attention of layer `index` in absorbed form, from kv_b as checkpoints have
/// it or from k_b and v_b as newer GGUFs do.
/// Errors: bad_model, naming the tensor, wanted and found; does_not_fit.
Expected<void> load_latent(const Loader& loader, std::int32_t index, Layer& layer);

}  // namespace mr::model
