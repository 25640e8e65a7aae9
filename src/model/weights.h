#pragma once
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "kern/buffer.h"
#include "kern/table.h"
#include "model/config.h"
#include "model/source.h"

namespace mr::model {

/// The weights of a layer's mixture of experts.
struct MoeWeights {
  kern::Weight router;                 ///< (n_experts, dim)
  const float* router_bias = nullptr;  ///< (n_experts)
  const float* score_bias = nullptr;   ///< (n_experts) see kern::Routing
  kern::Experts gate, up;              ///< (ffn_dim, dim) each
  kern::Experts down;                  ///< (dim, ffn_dim) each
  const float *b_gate = nullptr, *b_up = nullptr, *b_down = nullptr;
};

/// The weights of a layer's multi-head latent attention, besides wq and wo.
struct LatentWeights {
  kern::Weight q_a;                    ///< (q_rank, dim)
  const float* q_a_bias = nullptr;     ///< (q_rank)
  const float* q_a_norm = nullptr;     ///< (q_rank)
  kern::Weight latent;                 ///< (rank, dim)
  const float* latent_bias = nullptr;  ///< (rank)
  const float* latent_norm = nullptr;  ///< (rank)
  kern::Weight rope;                   ///< (rope_dim, dim)
  const float* rope_bias = nullptr;    ///< (rope_dim)
  kern::Weight k_b;                    ///< (n_heads * rank, nope_dim), not packed
  kern::Weight v_b;                    ///< (n_heads * v_dim, rank), not packed
};

/// The weights of one layer. Pointers are null where the architecture has no such tensor.
struct Layer {
  const float* attn_norm = nullptr;  ///< (dim)
  kern::Weight wq;                   ///< (n_heads * k_dim, dim)
  kern::Weight wk;                   ///< (n_kv_heads * k_dim, dim)
  kern::Weight wv;                   ///< (n_kv_heads * v_dim, dim)
  kern::Weight wo;                   ///< (dim, n_heads * v_dim)
  const float *bq = nullptr, *bk = nullptr, *bv = nullptr, *bo = nullptr;
  const float *q_norm = nullptr, *k_norm = nullptr;  ///< (k_dim), or of all heads: see QkNorm
  const float* sinks = nullptr;                      ///< (n_heads)
  const float* post_attn_norm = nullptr;             ///< (dim)
  const float* ffn_norm = nullptr;                   ///< (dim)
  kern::Weight gate, up;                             ///< (ffn_dim, dim); of MoE the shared ones
  kern::Weight down;                                 ///< (dim, ffn_dim)
  const float *b_gate = nullptr, *b_up = nullptr, *b_down = nullptr;
  const float* post_ffn_norm = nullptr;  ///< (dim)
  MoeWeights moe;
  LatentWeights latent;
};

/// The frequencies of one RopeConfig on the device, (n_dims / 2) each.
struct RopeWeights {
  const float* inv_freq = nullptr;
  const float* inv_freq_long = nullptr;  ///< of contexts beyond n_short; null: the same
};

/// A model on a device: its shape, and every weight in the device's packed form.
struct Model {
  Config config;
  kern::Device device;
  kern::Weight embed;               ///< (n_vocab, dim)
  std::vector<Layer> layers;        ///< (n_layers)
  const float* out_norm = nullptr;  ///< (dim)
  kern::Weight head;                ///< (n_vocab, dim); of tied models the same as embed
  std::vector<RopeWeights> ropes;   ///< as Config::ropes
  std::vector<kern::Buffer> memory;
  std::size_t file_bytes = 0;  ///< of the weights as stored in the file
};

/// Told after each layer that is loaded, how many of how many are.
struct OnLayer {
  void (*run)(void* arg, std::int32_t n_done, std::int32_t n_layers) = nullptr;
  void* arg = nullptr;
};

/// How many bits a weight keeps.
enum class Bits : std::uint8_t {
  as_stored,
  four,  ///< matrices of more become Q4_0, where their rows are whole blocks of it
};

/// Reads the shape, checks every tensor against it, and packs the weights for `device`, which
/// outlives the model. `source` may be closed afterwards.
/// Errors: bad_model, naming the tensor, what was wanted and what found; does_not_fit.
Expected<Model> load(const Source& source, const kern::Device& device, OnLayer on_layer = {},
                     Bits bits = Bits::as_stored);

}  // namespace mr::model
