#pragma once
#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/half.h"
#include "base/rng.h"
#include "io/gguf_write.h"
#include "kern/ref/decode.h"

/// Small models with random weights, the same bytes everywhere: one of each architecture, and one
/// of each tensor type. tools/golden/peer_models.cpp writes them to files for llama.cpp to run.
namespace mr::golden {

inline constexpr std::uint32_t kVocab = 64;

struct Shape {
  std::string architecture;
  std::uint32_t n_layers = 2;
  std::uint32_t dim = 64;
  std::uint32_t n_heads = 4;
  std::uint32_t n_kv_heads = 2;
  std::uint32_t head_dim = 16;
  std::uint32_t ffn_dim = 96;
  std::uint32_t n_experts = 0;
  DType type = DType::f32;         ///< of the matrices
  DType expert_type = DType::f32;  ///< of the experts'
  bool tied = false;
};

inline bool has_plain(const Shape& shape) {
  return shape.type != DType::f32 || (shape.n_experts > 0 && shape.expert_type != DType::f32);
}

/// A model as it is made; `plain`: the matrices decoded to F32, the same numbers.
struct RandomModel {
  gguf::Draft draft;
  std::vector<std::vector<std::byte>> data;
  Rng rng;
  bool plain = false;
};

/// Where the F16 factors of a block stand: the one that scales, and the one that shifts so that the
/// numbers are about zero, as a multiple of the first.
struct Factors {
  std::size_t scale = 0;
  std::size_t shift = 0;  ///< 0: none
  double shift_by = 0;
};

inline Factors factors(DType type) {
  switch (type) {
    case DType::q4_1:
      return {0, 2, -7.5};
    case DType::q5_1:
      return {0, 2, -15.5};
    case DType::q4_k:
      return {0, 2, 7.5};
    case DType::q5_k:
      return {0, 2, 15.5};
    case DType::q2_k:
      return {80, 82, 1.5};
    case DType::q3_k:
      return {108};
    case DType::q6_k:
      return {208};
    default:
      return {};
  }
}

/// Random blocks of factors about `scale`, give or take a quarter.
inline std::vector<std::byte> blocks(DType type, std::size_t n, double scale, Rng& rng) {
  const TypeTraits of = traits(type);
  const Factors where = factors(type);
  std::vector<std::byte> bytes(row_bytes(type, n));
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(next(rng) >> 56);
  const auto put = [&](std::size_t at, double value) {
    const std::uint16_t bits = f32_to_f16(static_cast<float>(value));
    std::memcpy(&bytes[at], &bits, 2);
  };
  for (std::size_t at = 0; at < bytes.size(); at += of.block_bytes) {
    const double factor = scale * (0.75 + 0.5 * unit(rng));
    if (type == DType::mxfp4) {
      bytes[at] = static_cast<std::byte>(127 + std::lround(std::log2(factor)));
    } else {
      put(at + where.scale, factor);
      if (where.shift != 0) put(at + where.shift, factor * where.shift_by);
    }
  }
  return bytes;
}

inline std::vector<float> decoded(DType type, const std::vector<std::byte>& bytes, std::size_t n) {
  std::vector<float> values(n);
  kern::ref::decode(type, bytes.data(), values.data(), n);
  return values;
}

inline std::vector<std::byte> bytes_of(const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

/// `n` numbers of `type` around zero, `deviation` their root mean square, roughly.
inline std::vector<std::byte> random_bytes(DType type, std::size_t n, double deviation, Rng& rng) {
  if (traits(type).block > 1) {
    Rng probe{1};
    constexpr std::size_t kProbe = 4096;
    double squares = 0;
    for (const float x : decoded(type, blocks(type, kProbe, 1, probe), kProbe)) {
      squares += static_cast<double>(x) * static_cast<double>(x);
    }
    return blocks(type, n, deviation / std::sqrt(squares / kProbe), rng);
  }
  std::vector<float> values(n);
  for (float& x : values) x = static_cast<float>(deviation * 3.46 * (unit(rng) - 0.5));
  if (type == DType::f32) return bytes_of(values);
  std::vector<std::byte> bytes(n * 2);
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint16_t bits = type == DType::f16 ? f32_to_f16(values[i]) : f32_to_bf16(values[i]);
    std::memcpy(&bytes[2 * i], &bits, 2);
  }
  return bytes;
}

inline void add(RandomModel& to, const std::string& name, DType type,
                const std::vector<std::uint64_t>& dims, std::vector<std::byte> bytes) {
  std::size_t n = 1;
  gguf::DraftTensor tensor{.name = name, .view = {}};
  tensor.view.n_dims = static_cast<std::uint32_t>(dims.size());
  for (std::size_t i = 0; i < dims.size(); ++i) n *= tensor.view.dim[i] = dims[i];
  tensor.view.type = to.plain ? DType::f32 : type;
  to.data.push_back(to.plain ? bytes_of(decoded(type, bytes, n)) : std::move(bytes));
  tensor.view.bytes = to.data.back().size();
  to.draft.tensors.push_back(tensor);
}

/// A matrix, or with n_experts a stack of them.
inline void add_matrix(RandomModel& to, const std::string& name, DType type, std::uint64_t n_in,
                       std::uint64_t n_out, std::uint64_t n_experts = 0) {
  std::vector<std::uint64_t> dims{n_in, n_out};
  if (n_experts > 0) dims.push_back(n_experts);
  const double deviation = 1 / std::sqrt(static_cast<double>(n_in));
  const std::size_t n = n_in * n_out * (n_experts > 0 ? n_experts : 1);
  add(to, name, type, dims, random_bytes(type, n, deviation, to.rng));
}

/// A vector, or a bias of every expert, of numbers around `mean`.
inline void add_vector(RandomModel& to, const std::string& name, std::uint64_t n, double mean,
                       std::uint64_t n_experts = 0) {
  std::vector<float> values(n * (n_experts > 0 ? n_experts : 1));
  for (float& x : values) x = static_cast<float>(mean + 0.5 * (unit(to.rng) - 0.5));
  std::vector<std::uint64_t> dims{n};
  if (n_experts > 0) dims.push_back(n_experts);
  add(to, name, DType::f32, dims, bytes_of(values));
}

inline void put_tokenizer(gguf::Draft& draft) {
  std::vector<std::string> tokens{"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> types{2, 3, 3};
  std::vector<float> scores(kVocab);
  while (tokens.size() < kVocab) {
    tokens.emplace_back(1, static_cast<char>(';' + tokens.size()));
    types.push_back(1);
    scores[tokens.size() - 1] = -static_cast<float>(tokens.size());
  }
  const std::vector<std::string_view> views(tokens.begin(), tokens.end());
  gguf::put<std::string_view>(draft, "tokenizer.ggml.model", "llama");
  gguf::put_array<std::string_view>(draft, "tokenizer.ggml.tokens", views);
  gguf::put_array<float>(draft, "tokenizer.ggml.scores", scores);
  gguf::put_array<std::int32_t>(draft, "tokenizer.ggml.token_type", types);
  gguf::put<std::uint32_t>(draft, "tokenizer.ggml.bos_token_id", 1);
  gguf::put<std::uint32_t>(draft, "tokenizer.ggml.eos_token_id", 2);
  gguf::put<std::uint32_t>(draft, "tokenizer.ggml.unknown_token_id", 0);
}

inline void put_shape(gguf::Draft& draft, const Shape& shape) {
  const std::string prefix = shape.architecture + ".";
  const auto count = [&](const char* name, std::uint32_t value) {
    gguf::put<std::uint32_t>(draft, prefix + name, value);
  };
  const auto number = [&](const char* name, float value) {
    gguf::put<float>(draft, prefix + name, value);
  };
  gguf::put<std::string_view>(draft, "general.architecture", shape.architecture);
  count("block_count", shape.n_layers);
  count("context_length", 64);
  count("embedding_length", shape.dim);
  count("feed_forward_length", shape.ffn_dim);
  count("attention.head_count", shape.n_heads);
  count("attention.head_count_kv", shape.n_kv_heads);
  count("attention.key_length", shape.head_dim);
  count("attention.value_length", shape.head_dim);
  number("attention.layer_norm_rms_epsilon", 1e-5F);
  number("rope.freq_base", shape.architecture == "gemma3" ? 1e6F : 1e4F);
  if (shape.n_experts > 0) {
    count("expert_count", shape.n_experts);
    count("expert_used_count", 2);
    count("expert_feed_forward_length", shape.ffn_dim);
  }
  if (shape.architecture == "gemma3" || shape.architecture == "gpt-oss") {
    count("attention.sliding_window", 8);
  }
  if (shape.architecture == "gpt-oss") {
    gguf::put<std::string_view>(draft, prefix + "rope.scaling.type", "yarn");
    number("rope.scaling.factor", 4);
    count("rope.scaling.original_context_length", 16);
  }
}

inline void add_attention(RandomModel& to, const Shape& s, const std::string& prefix) {
  const bool gpt_oss = s.architecture == "gpt-oss";
  const std::uint32_t q = s.n_heads * s.head_dim;
  const std::uint32_t kv = s.n_kv_heads * s.head_dim;
  add_vector(to, prefix + "attn_norm.weight", s.dim, 1);
  const auto linear = [&](const char* name, std::uint32_t n_in, std::uint32_t n_out) {
    add_matrix(to, prefix + name + ".weight", s.type, n_in, n_out);
    if (gpt_oss) add_vector(to, prefix + name + ".bias", n_out, 0);
  };
  linear("attn_q", s.dim, q);
  linear("attn_k", s.dim, kv);
  linear("attn_v", s.dim, kv);
  linear("attn_output", q, s.dim);
  if (s.architecture.starts_with("qwen3") || s.architecture == "gemma3") {
    add_vector(to, prefix + "attn_q_norm.weight", s.head_dim, 1);
    add_vector(to, prefix + "attn_k_norm.weight", s.head_dim, 1);
  }
  if (gpt_oss) add_vector(to, prefix + "attn_sinks.weight", s.n_heads, 0);
  if (gpt_oss || s.architecture == "gemma3") {
    add_vector(to, prefix + "post_attention_norm.weight", s.dim, 1);
  }
}

inline void add_feed_forward(RandomModel& to, const Shape& s, const std::string& prefix) {
  const bool gpt_oss = s.architecture == "gpt-oss";
  if (!gpt_oss) add_vector(to, prefix + "ffn_norm.weight", s.dim, 1);
  if (s.n_experts == 0) {
    add_matrix(to, prefix + "ffn_gate.weight", s.type, s.dim, s.ffn_dim);
    add_matrix(to, prefix + "ffn_up.weight", s.type, s.dim, s.ffn_dim);
    add_matrix(to, prefix + "ffn_down.weight", s.type, s.ffn_dim, s.dim);
  } else {
    add_matrix(to, prefix + "ffn_gate_inp.weight", DType::f32, s.dim, s.n_experts);
    if (gpt_oss) add_vector(to, prefix + "ffn_gate_inp.bias", s.n_experts, 0);
    const auto experts = [&](const char* name, std::uint32_t n_in, std::uint32_t n_out) {
      add_matrix(to, prefix + name + ".weight", s.expert_type, n_in, n_out, s.n_experts);
      if (gpt_oss) add_vector(to, prefix + name + ".bias", n_out, 0, s.n_experts);
    };
    experts("ffn_gate_exps", s.dim, s.ffn_dim);
    experts("ffn_up_exps", s.dim, s.ffn_dim);
    experts("ffn_down_exps", s.ffn_dim, s.dim);
  }
  if (s.architecture == "gemma3") add_vector(to, prefix + "post_ffw_norm.weight", s.dim, 1);
}

inline RandomModel random_model(const Shape& shape, bool plain) {
  RandomModel made{.draft = {}, .data = {}, .rng = {7}, .plain = plain};
  put_shape(made.draft, shape);
  put_tokenizer(made.draft);
  add_matrix(made, "token_embd.weight", shape.type, shape.dim, kVocab);
  for (std::uint32_t layer = 0; layer < shape.n_layers; ++layer) {
    const std::string prefix = "blk." + std::to_string(layer) + ".";
    add_attention(made, shape, prefix);
    add_feed_forward(made, shape, prefix);
  }
  add_vector(made, "output_norm.weight", shape.dim, 1);
  if (!shape.tied) add_matrix(made, "output.weight", shape.type, shape.dim, kVocab);
  for (std::size_t i = 0; i < made.data.size(); ++i) {
    made.draft.tensors[i].view.data = made.data[i].data();
  }
  return made;
}

/// The models by name: architectures as GGUF calls them, types in lower case.
inline std::optional<Shape> shape_named(const std::string& name) {
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto type = static_cast<DType>(i);
    std::string lower = traits(type).name;
    for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    if (lower == name) {
      return Shape{.architecture = "llama",
                   .n_layers = 1,
                   .dim = 256,
                   .head_dim = 64,
                   .ffn_dim = 256,
                   .type = type};
    }
  }
  if (name == "llama") return Shape{.architecture = name};
  if (name == "qwen3") return Shape{.architecture = name, .tied = true};
  if (name == "gemma3") return Shape{.architecture = name, .n_layers = 6, .tied = true};
  if (name == "qwen3moe") return Shape{.architecture = name, .n_experts = 8};
  if (name == "gpt-oss") {
    return Shape{.architecture = name, .n_experts = 4, .expert_type = DType::mxfp4};
  }
  return std::nullopt;
}

/// Those that the golden file is made of.
inline constexpr const char* kNames[] = {
    "llama",  "qwen3",  "gemma3", "qwen3moe", "gpt-oss", "f32",    "f16",   "bf16", "q4_0",
    "q4_1",   "q5_0",   "q5_1",   "q8_0",     "q2_k",    "q3_k",   "q4_k",  "q5_k", "q6_k",
    "iq4_nl", "iq4_xs", "iq3_s",  "iq3_xxs",  "iq2_xxs", "iq2_xs", "iq2_s", "mxfp4"};

/// The bytes of the file that gguf::write makes of it.
inline std::vector<std::byte> file_bytes(const RandomModel& model) {
  std::vector<std::byte> bytes = gguf::header(model.draft).value();
  for (const auto& tensor : model.data) {
    bytes.insert(bytes.end(), tensor.begin(), tensor.end());
    const std::size_t unit = model.draft.alignment;
    bytes.resize((bytes.size() + unit - 1) / unit * unit);
  }
  return bytes;
}

}  // namespace mr::golden
