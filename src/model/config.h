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
  std::int32_t window = 0;   ///< > 0: attention sees that many positions, the row's own included
  std::int32_t rope = 0;     ///< index into Config::ropes; below 0: none
  bool has_experts = false;  ///< a mixture in the place of its feed-forward
};

/// What query and key are normed over, before RoPE.
enum class QkNorm : std::uint8_t {
  none,
  head,  ///< each head by itself
  row,   ///< all heads together
};

/// The mixture of experts that takes the place of the feed-forward in some layers or in all.
struct MoeConfig {
  std::int32_t n_experts = 0;   ///< 0: no layer has one
  std::int32_t ffn_dim = 0;     ///< of one expert
  std::int32_t shared_dim = 0;  ///< of the feed-forward that every row takes beside; 0: none
  kern::Routing routing;        ///< without its bias, which is a weight of each layer
  float alpha = 0;              ///< of swiglu_clamped
  float limit = 0;              ///< of swiglu_clamped
  /// gpt-oss in safetensors: matrices of whole experts lie transposed, or as blocks of MXFP4, and
  /// the rows of gate and up take turns.
  bool is_interleaved = false;
};

/// Multi-head latent attention: the cache holds one key a row, [latent, RoPE part], and the value
/// is its latent.
struct LatentConfig {
  std::int32_t rank = 0;      ///< of the latent; 0: plain attention
  std::int32_t q_rank = 0;    ///< 0: queries come from the residual stream itself
  std::int32_t nope_dim = 0;  ///< of each head's query, without RoPE,
  std::int32_t rope_dim = 0;  ///< and with it
  std::int32_t v_dim = 0;     ///< of each head's result
  float norm_eps = 0;         ///< of the norms of queries and latent
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
  MoeConfig moe;
  LatentConfig latent;  ///< where it has a rank, k_dim and v_dim are those of the cache
  std::vector<RopeConfig> ropes;
  std::vector<LayerConfig> layers;  ///< (n_layers)
};

}  // namespace mr::model
