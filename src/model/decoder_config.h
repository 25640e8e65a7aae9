#pragma once
#include <optional>

#include "base/error.h"
#include "model/config.h"
#include "model/fields.h"
#include "model/rope_config.h"

namespace mr::model {

/// What a model means by saying nothing. The counts are those of its class in transformers, for
/// config.json alone.
struct DecoderDefaults {
  kern::Rope gguf_rope = kern::Rope::neox;  ///< how GGUF keeps the pairs; config.json: neox
  float norm_eps = 1e-6F;
  float rope_base = 10000.0F;
  bool has_rope = true;        ///< whether the RoPE is that of whole heads, stated as usual
  bool yarn_truncates = true;  ///< see RopeScaling; of GGUF, config.json says it
  const RopeScaling* unstated_scaling = nullptr;  ///< see RopeDefaults
  kern::Activation activation = kern::Activation::silu;
  Key activation_key{nullptr, "hidden_act"};
  std::optional<std::int32_t> n_context = {};
  std::optional<std::int32_t> n_heads = {};
  std::optional<std::int32_t> n_kv_heads = {};  ///< as many as heads
  std::optional<std::int32_t> head_dim = {};    ///< an even share of dim
  std::optional<std::int32_t> n_original = {};  ///< see RopeDefaults
};

/// What every decoder states in the same keys: counts, dims, RoPE (one for all layers) with its
/// scaling. Architectures start from it and set what is their own.
/// Errors: bad_model, naming the key, the range wanted and the value found.
Expected<Config> read_decoder_config(const Source& source, const DecoderDefaults& defaults = {});

/// A soft-cap that a model may state, state not to have (null), or leave to its class.
Expected<float> read_softcap(const Fields& fields, Key key, float fallback);

}  // namespace mr::model
