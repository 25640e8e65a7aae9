#include "model/cache_shape.h"

namespace mr::model {

kv::StoreShape cache_shape(const Config& config, DType kv_type) {
  return {.n_layers = config.n_layers,
          .n_kv_heads = config.n_kv_heads,
          .k_dim = config.k_dim,
          .v_dim = config.v_dim,
          .v_in_k = config.latent.rank > 0,
          .type = kv_type};
}

}  // namespace mr::model
