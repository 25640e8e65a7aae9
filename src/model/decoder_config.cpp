#include "model/decoder_config.h"

#include <cmath>
#include <cstring>
#include <string>

#include "base/half.h"
#include "base/quote.h"

namespace mr::model {
namespace {

constexpr std::int32_t kMaxLayers = 1024;
constexpr std::int32_t kMaxDim = 1 << 18;
constexpr std::int32_t kMaxHeads = 4096;
constexpr std::int32_t kMaxContext = 1 << 28;

/// The keys of one architecture, `<architecture>.<name>`.
struct Keys {
  const gguf::File* file = nullptr;
  std::string prefix;
};

struct Range {
  std::int32_t low = 1;
  std::int32_t high = 0;
};

Expected<std::int32_t> in_range(const std::string& key, std::uint32_t value, Range range) {
  if (value >= static_cast<std::uint32_t>(range.low) &&
      value <= static_cast<std::uint32_t>(range.high)) {
    return static_cast<std::int32_t>(value);
  }
  return fail(Fault::bad_model, key + ": wanted " + std::to_string(range.low) + " to " +
                                    std::to_string(range.high) + ", found " +
                                    std::to_string(value));
}

Expected<std::int32_t> count(const Keys& keys, const char* name, Range range) {
  const std::string key = keys.prefix + name;
  MR_TRY(const auto value, gguf::get<std::uint32_t>(*keys.file, key));
  return in_range(key, value, range);
}

Expected<std::int32_t> count_or(const Keys& keys, const char* name, Range range,
                                std::int32_t fallback) {
  if (gguf::find(*keys.file, keys.prefix + name) == nullptr) return fallback;
  return count(keys, name, range);
}

/// A count that files give once or for every layer; here all layers agree.
Expected<std::int32_t> same_in_layers(const Keys& keys, const char* name, Range range,
                                      std::int32_t n_layers) {
  const std::string key = keys.prefix + name;
  MR_TRY(const auto each,
         gguf::get_each<std::uint32_t>(*keys.file, key, static_cast<std::uint32_t>(n_layers)));
  for (const std::uint32_t value : each) {
    if (value != each[0]) {
      return fail(Fault::bad_model, key + ": wanted the same in every layer, found " +
                                        std::to_string(each[0]) + " and " + std::to_string(value));
    }
  }
  return in_range(key, each[0], range);
}

Expected<float> positive(const Keys& keys, const char* name, float fallback) {
  MR_TRY(const float value, gguf::get_or<float>(*keys.file, keys.prefix + name, fallback));
  if (std::isfinite(value) && value > 0) return value;
  return fail(Fault::bad_model,
              keys.prefix + name + ": wanted a positive number, found " + std::to_string(value));
}

/// Divides the frequencies by the factors of `rope_freqs.weight`, as Llama 3.1's converter left
/// them. Errors: bad_model for another shape or type.
Expected<void> apply_factors(const gguf::File& file, std::vector<float>& inv_freq) {
  const gguf::Tensor* tensor = gguf::find_tensor(file, "rope_freqs.weight");
  if (tensor == nullptr) return {};
  const TensorView& view = tensor->view;
  if (view.type != DType::f32 || elements(view) != inv_freq.size()) {
    return fail(Fault::bad_model, "rope_freqs.weight: wanted " + std::to_string(inv_freq.size()) +
                                      " values of F32, found " + std::to_string(elements(view)) +
                                      " of " + traits(view.type).name);
  }
  for (std::size_t i = 0; i < inv_freq.size(); ++i) {
    float factor;
    std::memcpy(&factor, view.data + i * sizeof(float), sizeof(float));
    if (!std::isfinite(factor) || factor <= 0) {
      return fail(Fault::bad_model,
                  "rope_freqs.weight: wanted positive numbers, found " + std::to_string(factor));
    }
    inv_freq[i] /= factor;
  }
  return {};
}

Expected<RopeConfig> read_rope(const Keys& keys, std::int32_t head_dim) {
  RopeConfig rope;
  MR_TRY(rope.n_dims, count_or(keys, "rope.dimension_count", {2, head_dim}, head_dim));
  if (rope.n_dims % 2 != 0) {
    return fail(Fault::bad_model, keys.prefix +
                                      "rope.dimension_count: wanted an even number, found " +
                                      std::to_string(rope.n_dims));
  }
  MR_TRY(const float base, positive(keys, "rope.freq_base", 10000.0F));
  MR_TRY(const auto scaling,
         gguf::get_or<std::string>(*keys.file, keys.prefix + "rope.scaling.type", "none"));
  MR_TRY(const float factor, positive(keys, "rope.scaling.factor", 1.0F));
  if (scaling != "none" && scaling != "linear") {
    return fail(Fault::bad_model,
                keys.prefix + "rope.scaling.type: wanted none or linear, found " + quote(scaling));
  }
  const float slowdown = scaling == "linear" ? factor : 1.0F;
  for (std::int32_t i = 0; i < rope.n_dims / 2; ++i) {
    const double exponent = 2.0 * i / rope.n_dims;
    rope.inv_freq.push_back(
        static_cast<float>(1.0 / std::pow(static_cast<double>(base), exponent) / slowdown));
  }
  MR_TRY_VOID(apply_factors(*keys.file, rope.inv_freq));
  return rope;
}

Expected<void> read_heads(const Keys& keys, Config& config) {
  MR_TRY(config.n_heads,
         same_in_layers(keys, "attention.head_count", {1, kMaxHeads}, config.n_layers));
  config.n_kv_heads = config.n_heads;
  if (gguf::find(*keys.file, keys.prefix + "attention.head_count_kv") != nullptr) {
    MR_TRY(config.n_kv_heads,
           same_in_layers(keys, "attention.head_count_kv", {1, config.n_heads}, config.n_layers));
  }
  if (config.n_heads % config.n_kv_heads != 0) {
    return fail(Fault::bad_model, keys.prefix + "attention.head_count_kv: wanted a divisor of " +
                                      std::to_string(config.n_heads) + " heads, found " +
                                      std::to_string(config.n_kv_heads));
  }
  const std::int32_t even_share = config.dim / config.n_heads;
  MR_TRY(config.k_dim, count_or(keys, "attention.key_length", {2, kern::kMaxHeadDim}, even_share));
  MR_TRY(config.v_dim,
         count_or(keys, "attention.value_length", {2, kern::kMaxHeadDim}, config.k_dim));
  if (config.k_dim < 2 || config.k_dim > kern::kMaxHeadDim) {
    return fail(Fault::bad_model, keys.prefix + "embedding_length: wanted 2 to " +
                                      std::to_string(kern::kMaxHeadDim) + " for each head, found " +
                                      std::to_string(config.dim) + " for " +
                                      std::to_string(config.n_heads) + " heads");
  }
  config.attention_scale = 1.0F / std::sqrt(static_cast<float>(config.k_dim));
  return {};
}

Expected<std::int32_t> read_vocab_size(const gguf::File& file) {
  const gguf::Tensor* embed = gguf::find_tensor(file, "token_embd.weight");
  if (embed == nullptr) return fail(Fault::bad_model, "token_embd.weight: wanted, not found");
  const std::uint64_t n = embed->view.dim[1];
  if (n >= 1 && n <= (1ULL << 24)) return static_cast<std::int32_t>(n);
  return fail(Fault::bad_model,
              "token_embd.weight: wanted 1 to 16777216 rows, found " + std::to_string(n));
}

}  // namespace

Expected<Config> read_decoder_config(const gguf::File& file) {
  Config config;
  MR_TRY(config.architecture, gguf::get<std::string>(file, "general.architecture"));
  MR_TRY(config.name, gguf::get_or<std::string>(file, "general.name", config.architecture));
  const Keys keys{&file, config.architecture + "."};
  MR_TRY(config.n_layers, count(keys, "block_count", {1, kMaxLayers}));
  MR_TRY(config.n_context, count(keys, "context_length", {1, kMaxContext}));
  MR_TRY(config.dim, count(keys, "embedding_length", {1, kMaxDim}));
  MR_TRY(config.ffn_dim,
         same_in_layers(keys, "feed_forward_length", {1, kMaxDim}, config.n_layers));
  MR_TRY_VOID(read_heads(keys, config));
  MR_TRY(config.norm_eps, positive(keys, "attention.layer_norm_rms_epsilon", 1e-5F));
  MR_TRY(config.rope, read_rope(keys, config.k_dim));
  MR_TRY(config.n_vocab, read_vocab_size(file));
  return config;
}

}  // namespace mr::model
