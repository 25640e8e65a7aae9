#pragma once
#include <vector>

#include "base/error.h"
#include "io/gguf.h"
#include "kern/buffer.h"
#include "kern/table.h"
#include "model/config.h"

namespace mr::model {

/// The weights of one layer. Pointers are null where the architecture has no such tensor.
struct Layer {
  const float* attn_norm = nullptr;  ///< (dim)
  kern::Weight wq;                   ///< (n_heads * k_dim, dim)
  kern::Weight wk;                   ///< (n_kv_heads * k_dim, dim)
  kern::Weight wv;                   ///< (n_kv_heads * v_dim, dim)
  kern::Weight wo;                   ///< (dim, n_heads * v_dim)
  const float *bq = nullptr, *bk = nullptr, *bv = nullptr, *bo = nullptr;
  const float *q_norm = nullptr, *k_norm = nullptr;  ///< (k_dim)
  const float* ffn_norm = nullptr;                   ///< (dim)
  kern::Weight gate, up;                             ///< (ffn_dim, dim)
  kern::Weight down;                                 ///< (dim, ffn_dim)
};

/// A model on a device: its shape, and every weight in the device's packed form.
struct Model {
  Config config;
  kern::Device device;
  kern::Weight embed;               ///< (n_vocab, dim)
  std::vector<Layer> layers;        ///< (n_layers)
  const float* out_norm = nullptr;  ///< (dim)
  kern::Weight head;                ///< (n_vocab, dim); of tied models the same as embed
  const float* inv_freq = nullptr;  ///< (rope.n_dims / 2)
  std::vector<kern::Buffer> memory;
  std::size_t file_bytes = 0;  ///< of the weights as stored in the file
};

/// Reads the shape, checks every tensor against it, and packs the weights for `device`, which
/// outlives the model. `file` may be closed afterwards.
/// Errors: bad_model, naming the tensor, what was wanted and what found; does_not_fit.
Expected<Model> load(const gguf::File& file, const kern::Device& device);

}  // namespace mr::model
