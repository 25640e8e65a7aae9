#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kern/table.h"

namespace mr::model {

/// Rotary position embedding, with every scaling rule already folded into the frequencies.
struct RopeConfig {
  kern::Rope kind = kern::Rope::neox;
  std::int32_t n_dims = 0;      ///< of each head, the first ones
  std::vector<float> inv_freq;  ///< (n_dims / 2)
  float magnitude = 1.0F;       ///< of cosine and sine
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
  float attention_scale = 0;
  bool has_qk_norm = false;  ///< each head of query and key is normed before RoPE
  kern::Activation activation = kern::Activation::silu;
  RopeConfig rope;
};

}  // namespace mr::model
