#pragma once
#include "base/error.h"
#include "model/decoder_config.h"

namespace mr::model {

/// What Gemma 2 and 3 have in common.
inline constexpr DecoderDefaults kGemmaDefaults{.activation = kern::Activation::gelu_tanh,
                                                .activation_key = {nullptr, "hidden_activation"},
                                                .n_context = 8192,
                                                .n_heads = 8,
                                                .n_kv_heads = 4,
                                                .head_dim = 256};

/// Where the two differ.
struct GemmaTraits {
  std::int32_t n_layers_largest = 0;  ///< of the largest model: see below
  bool caps_attention = false;
  float attention_softcap = 0;  ///< where config.json does not say
  float logit_softcap = 0;
};

/// Norms before and after attention and feed-forward, whose weights safetensors files keep less
/// one; embeddings times sqrt(dim); soft-caps; and the scale of attention, which GGUF does not
/// state: it is that of k_dim, but of dim / n_heads in the largest model.
/// Source: Gemma 2 technical report, arXiv:2408.00118, section 2.
Expected<void> read_gemma(const Source& source, const GemmaTraits& traits, Config& config);

}  // namespace mr::model
