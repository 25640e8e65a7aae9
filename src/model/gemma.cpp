#include "model/gemma.h"

#include <cmath>

namespace mr::model {
namespace {

Expected<float> read_attention_scale(const Fields& fields, std::int32_t n_layers_largest,
                                     const Config& config) {
  if (fields.json != nullptr) {
    MR_TRY(const float scalar, positive(fields, {nullptr, "query_pre_attn_scalar"}, 256.0F));
    return 1.0F / std::sqrt(scalar);
  }
  const bool largest = config.n_layers == n_layers_largest;
  const std::int32_t scalar = largest ? config.dim / config.n_heads : config.k_dim;
  return positive(fields, {"attention.scale"}, 1.0F / std::sqrt(static_cast<float>(scalar)));
}

}  // namespace

Expected<void> read_gemma(const Source& source, const GemmaTraits& traits, Config& config) {
  MR_TRY(const Fields fields, fields_of(source));
  const Key both_ways{nullptr, "use_bidirectional_attention"};
  MR_TRY(const bool is_both_ways, get_or<bool>(fields, both_ways, false));
  if (is_both_ways) {
    return fail(Fault::bad_model, name_of(fields, both_ways) + ": wanted false, found true");
  }
  config.has_post_norms = true;
  config.norm_offset = source.gguf != nullptr ? 0.0F : 1.0F;
  config.embed_scale = std::sqrt(static_cast<float>(config.dim));
  MR_TRY(config.attention_scale, read_attention_scale(fields, traits.n_layers_largest, config));
  const Key attention{"attn_logit_softcapping", "attn_logit_softcapping"};
  const Key logits{"final_logit_softcapping", "final_logit_softcapping"};
  if (traits.caps_attention) {
    MR_TRY(config.attention_softcap, read_softcap(fields, attention, traits.attention_softcap));
  }
  MR_TRY(config.logit_softcap, read_softcap(fields, logits, traits.logit_softcap));
  return {};
}

}  // namespace mr::model
