#pragma once
#include "kv/store.h"
#include "model/config.h"
#include "tensor/dtype.h"

namespace mr::model {

/// What a page of a model's KV cache holds.
kv::StoreShape cache_shape(const Config& config, DType kv_type);

}  // namespace mr::model
