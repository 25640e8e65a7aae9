#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kern/table.h"

namespace mr::model {

/// Rotary position embedding, with every scaling rule already folded into the frequencies.
struct RopeConfig {
  kern::Rope kind = kern::Rope::neox;
  std::int32_t n_dims = 0;           ///< of each head, the first ones
  std::vector<float> inv_freq;       ///< (n_dims / 2)
  std::vector<float> inv_freq_long;  ///< the same for contexts beyond n_short; often empty
  std::int32_t n_short = 0;          ///< positions
  float magnitude = 1.0F;            ///< of cosine and sine
};

/// What differs from layer to layer.
struct LayerConfig {
  std::int32_t window = 0;  ///< > 0: attention sees that many positions, the row's own included
  std::int32_t rope = 0;    ///< index into Config::ropes; below 0: none
};

/// What query and key are normed over, before RoPE.
enum class QkNorm : std::uint8_t {
  none,
  head,  ///< each head by itself
  row,   ///< all heads together
};

/// The shape of a decoder, and the constants of its arithmetic.
struct Config {
  std::string architecture;
  std::string name;
  std::int32_t n_vocab = 0;
  std::int32_t n_layers = 0;
  std::int32_t n_context = 0;  ///< positions it was trained for
  std::int32_t dim = 0;        ///< of the residual stream
  std::int32_t ffn_dim = 0;
  std::int32_t n_heads = 0;
  std::int32_t n_kv_heads = 0;  ///< divides n_heads
  std::int32_t k_dim = 0;       ///< of one head's query and key
  std::int32_t v_dim = 0;       ///< of one head's value
  float norm_eps = 0;
  float norm_offset = 0;  ///< added to the norm weights of the file
  float embed_scale = 1.0F;
  float attention_scale = 0;
  float attention_softcap = 0;  ///< 0: none
  float logit_scale = 1.0F;
  float logit_softcap = 0;  ///< 0: none
  QkNorm qk_norm = QkNorm::none;
  bool has_pre_norms = true;    ///< of what goes into attention and feed-forward
  bool has_post_norms = false;  ///< of what comes out of them, before it is added
  bool has_sinks = false;
  kern::Activation activation = kern::Activation::silu;
  std::vector<RopeConfig> ropes;
  std::vector<LayerConfig> layers;  ///< (n_layers)
};

}  // namespace mr::model
