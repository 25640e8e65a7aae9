#include "model/decoder_config.h"

#include <cmath>
#include <filesystem>
#include <string>

#include "base/quote.h"

namespace mr::model {
namespace {

constexpr std::int32_t kMaxLayers = 1024;
constexpr std::int32_t kMaxDim = 1 << 18;
constexpr std::int32_t kMaxHeads = 4096;
constexpr std::int32_t kMaxContext = 1 << 28;

constexpr Key kHeads{"attention.head_count", "num_attention_heads"};
constexpr Key kKvHeads{"attention.head_count_kv", "num_key_value_heads"};
constexpr Key kHeadDim{"attention.key_length", "head_dim"};
constexpr Key kDim{"embedding_length", "hidden_size"};

Expected<void> read_heads(const Fields& fields, const DecoderDefaults& defaults, Config& config) {
  const bool is_json = fields.json != nullptr;
  MR_TRY(config.n_heads, same_in_layers(fields, kHeads, {1, kMaxHeads}, config.n_layers,
                                        is_json ? defaults.n_heads : std::nullopt));
  const bool shares = is_json && !is_null(fields, kKvHeads);
  MR_TRY(config.n_kv_heads,
         same_in_layers(fields, kKvHeads, {1, config.n_heads}, config.n_layers,
                        shares ? defaults.n_kv_heads.value_or(config.n_heads) : config.n_heads));
  if (config.n_heads % config.n_kv_heads != 0) {
    return fail(Fault::bad_model, name_of(fields, kKvHeads) + ": wanted a divisor of " +
                                      std::to_string(config.n_heads) + " heads, found " +
                                      std::to_string(config.n_kv_heads));
  }
  const Range range{2, kern::kMaxHeadDim};
  const std::int32_t share = config.dim / config.n_heads;
  const std::int32_t head_dim = is_json ? defaults.head_dim.value_or(share) : share;
  MR_TRY(config.k_dim, count(fields, kHeadDim, range, head_dim));
  MR_TRY(config.v_dim, count(fields, {"attention.value_length"}, range, config.k_dim));
  if (config.k_dim < range.low || config.k_dim > range.high) {
    return fail(Fault::bad_model, name_of(fields, kDim) + ": wanted 2 to " +
                                      std::to_string(range.high) + " for each head, found " +
                                      std::to_string(config.dim) + " for " +
                                      std::to_string(config.n_heads) + " heads");
  }
  config.attention_scale = 1.0F / std::sqrt(static_cast<float>(config.k_dim));
  return {};
}

Expected<kern::Activation> read_activation(const Fields& fields, const DecoderDefaults& defaults) {
  MR_TRY(const auto name, find<std::string>(fields, defaults.activation_key));
  if (!name) return defaults.activation;
  if (*name == "silu" || *name == "swish") return kern::Activation::silu;
  if (*name == "gelu_pytorch_tanh" || *name == "gelu_new") return kern::Activation::gelu_tanh;
  return fail(Fault::bad_model, name_of(fields, defaults.activation_key) +
                                    ": wanted silu or gelu_pytorch_tanh, found " + quote(*name));
}

/// The architecture's and the model's own name.
Expected<void> read_names(const Source& source, const Fields& fields, Config& config) {
  if (source.gguf != nullptr) {
    config.architecture = fields.prefix.substr(0, fields.prefix.size() - 1);
    MR_TRY(config.name,
           gguf::get_or<std::string>(*source.gguf, "general.name", config.architecture));
    return {};
  }
  MR_TRY(config.architecture, get_or<std::string>(fields, {nullptr, "model_type"}, ""));
  config.name = std::filesystem::path(source.checkpoint->path).parent_path().filename().string();
  if (config.name.empty()) config.name = config.architecture;
  return {};
}

}  // namespace

Expected<Config> read_decoder_config(const Source& source, const DecoderDefaults& defaults) {
  Config config;
  MR_TRY(const Fields fields, fields_of(source));
  MR_TRY_VOID(read_names(source, fields, config));
  MR_TRY(config.n_layers, count(fields, {"block_count", "num_hidden_layers"}, {1, kMaxLayers}));
  MR_TRY(config.n_context,
         count(fields, {"context_length", "max_position_embeddings"}, {1, kMaxContext},
               fields.json != nullptr ? defaults.n_context : std::nullopt));
  MR_TRY(config.dim, count(fields, kDim, {1, kMaxDim}));
  MR_TRY(config.ffn_dim, same_in_layers(fields, {"feed_forward_length", "intermediate_size"},
                                        {1, kMaxDim}, config.n_layers));
  MR_TRY_VOID(read_heads(fields, defaults, config));
  const Key eps{"attention.layer_norm_rms_epsilon", "rms_norm_eps"};
  MR_TRY(config.norm_eps, positive(fields, eps, defaults.norm_eps));
  MR_TRY(config.activation, read_activation(fields, defaults));
  config.layers.resize(static_cast<std::size_t>(config.n_layers));
  if (!defaults.has_rope) return config;
  const bool is_gguf = source.gguf != nullptr;
  MR_TRY(RopeConfig rope,
         read_rope(source, {.kind = is_gguf ? defaults.gguf_rope : kern::Rope::neox,
                            .head_dim = config.k_dim,
                            .n_context = config.n_context,
                            .base = defaults.rope_base,
                            .yarn_truncates = !is_gguf || defaults.yarn_truncates,
                            .unstated_scaling = defaults.unstated_scaling,
                            .n_original = defaults.n_original}));
  config.ropes.push_back(std::move(rope));
  return config;
}

Expected<float> read_softcap(const Fields& fields, Key key, float fallback) {
  if (is_null(fields, key)) return 0.0F;
  if (!has(fields, key)) return fallback;
  return positive(fields, key);
}

}  // namespace mr::model
