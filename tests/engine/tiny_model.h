#pragma once
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "io/gguf.h"
#include "io/gguf_write.h"

/// A GGUF of random weights made in memory: a real architecture, small enough for thousands of
/// steps under sanitizers.
namespace mr::tiny {

inline constexpr std::int32_t kVocab = 96;
inline constexpr std::int32_t kPoison = 95;  ///< its embedding is NaN

struct Weights {
  gguf::Draft draft;
  std::vector<std::vector<float>> data;
};

/// Adds a tensor of (n_out, n_in) normal-ish numbers around `mean`.
inline void add(Weights& weights, Rng& rng, const std::string& name, std::uint64_t n_out,
                std::uint64_t n_in, double mean = 0) {
  std::vector<float> values(n_out * n_in);
  const double scale = 1.7 / std::sqrt(static_cast<double>(n_in));
  for (float& x : values) {
    x = static_cast<float>(mean + scale * (unit(rng) + unit(rng) + unit(rng) - 1.5));
  }
  weights.data.push_back(std::move(values));
  TensorView view;
  view.type = DType::f32;
  view.n_dims = n_out == 1 ? 1 : 2;
  view.dim[0] = n_in;
  view.dim[1] = n_out;
  view.bytes = n_out * n_in * sizeof(float);
  weights.draft.tensors.push_back({name, view});
}

inline void add_layer(Weights& weights, Rng& rng, const std::string& prefix) {
  add(weights, rng, prefix + "attn_norm.weight", 1, 32, 1);
  add(weights, rng, prefix + "attn_q.weight", 64, 32);
  add(weights, rng, prefix + "attn_k.weight", 32, 32);
  add(weights, rng, prefix + "attn_v.weight", 32, 32);
  add(weights, rng, prefix + "attn_output.weight", 32, 64);
  add(weights, rng, prefix + "attn_q_norm.weight", 1, 16, 1);
  add(weights, rng, prefix + "attn_k_norm.weight", 1, 16, 1);
  add(weights, rng, prefix + "ffn_norm.weight", 1, 32, 1);
  add(weights, rng, prefix + "ffn_gate.weight", 64, 32);
  add(weights, rng, prefix + "ffn_up.weight", 64, 32);
  add(weights, rng, prefix + "ffn_down.weight", 32, 64);
}

/// The bytes of a qwen3 of 2 layers, 4 heads over 2, and 4,096 positions.
inline std::vector<std::byte> file() {
  Weights weights;
  gguf::Draft& draft = weights.draft;
  const auto count = [&](const char* key, std::uint32_t value) { gguf::put(draft, key, value); };
  gguf::put(draft, "general.architecture", std::string_view("qwen3"));
  count("qwen3.block_count", 2);
  count("qwen3.context_length", 4096);
  count("qwen3.embedding_length", 32);
  count("qwen3.feed_forward_length", 64);
  count("qwen3.attention.head_count", 4);
  count("qwen3.attention.head_count_kv", 2);
  count("qwen3.attention.key_length", 16);
  count("qwen3.attention.value_length", 16);
  gguf::put(draft, "qwen3.attention.layer_norm_rms_epsilon", 1e-6F);
  gguf::put(draft, "qwen3.rope.freq_base", 1e4F);
  Rng rng{11};
  add(weights, rng, "token_embd.weight", kVocab, 32);
  for (std::size_t i = 0; i < 32; ++i) {
    weights.data.back()[kPoison * 32 + i] = std::numeric_limits<float>::quiet_NaN();
  }
  add(weights, rng, "output_norm.weight", 1, 32, 1);
  add(weights, rng, "output.weight", kVocab, 32);
  add_layer(weights, rng, "blk.0.");
  add_layer(weights, rng, "blk.1.");
  std::vector<std::byte> bytes = gguf::header(draft).value();
  for (const std::vector<float>& values : weights.data) {
    const auto* begin = reinterpret_cast<const std::byte*>(values.data());
    bytes.insert(bytes.end(), begin, begin + values.size() * sizeof(float));
    bytes.resize((bytes.size() + 31) / 32 * 32);
  }
  return bytes;
}

}  // namespace mr::tiny
