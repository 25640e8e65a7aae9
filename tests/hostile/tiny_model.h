#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/gguf_write.h"

/// A model of a few kilobytes that loads, to be damaged: constant weights, 32 tokens.
namespace mr::hostile {

constexpr std::uint32_t kVocab = 32;
constexpr std::uint32_t kDim = 32;
constexpr std::uint32_t kFfn = 64;
constexpr std::uint32_t kHeads = 4;
constexpr std::uint32_t kHeadDim = 8;
constexpr std::uint32_t kKvHeads = 2;
constexpr std::uint32_t kExperts = 4;  ///< of the architectures that have any
constexpr std::uint32_t kExpertFfn = 16;

/// The architectures whose files are damaged.
constexpr const char* kArchitectures[] = {"llama",    "qwen3",  "qwen2",
                                          "qwen3moe", "gemma3", "gpt-oss"};

inline bool has_experts(const std::string& architecture) {
  return architecture == "qwen3moe" || architecture == "gpt-oss";
}

inline void put_tokenizer(gguf::Draft& draft) {
  std::vector<std::string> tokens{"<unk>", "<s>", "</s>"};
  std::vector<std::int32_t> types{2, 3, 3};
  std::vector<float> scores(kVocab);
  while (tokens.size() < kVocab) {
    tokens.emplace_back(1, static_cast<char>('a' + tokens.size() - 3));
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
  gguf::put<std::string_view>(draft, "tokenizer.chat_template",
                              "{% for m in messages %}{{ m.content }}{% endfor %}");
}

inline void put_shape(gguf::Draft& draft, const std::string& architecture) {
  const auto put = [&](const char* name, std::uint32_t value) {
    gguf::put<std::uint32_t>(draft, architecture + "." + name, value);
  };
  gguf::put<std::string_view>(draft, "general.architecture", architecture);
  gguf::put<std::string_view>(draft, "general.name", "tiny");
  gguf::put<std::uint32_t>(draft, "general.alignment", 32);
  put("block_count", 1);
  put("context_length", 64);
  put("embedding_length", kDim);
  put("feed_forward_length", kFfn);
  put("attention.head_count", kHeads);
  put("attention.head_count_kv", kKvHeads);
  put("attention.key_length", kHeadDim);
  put("attention.value_length", kHeadDim);
  if (has_experts(architecture)) {
    put("expert_count", kExperts);
    put("expert_used_count", 2);
    put("expert_feed_forward_length", kExpertFfn);
  }
  gguf::put<float>(draft, architecture + ".attention.layer_norm_rms_epsilon", 1e-5F);
  gguf::put<float>(draft, architecture + ".rope.freq_base", 10000.0F);
}

inline void add_tensor(gguf::Draft& draft, const std::string& name, std::uint32_t columns,
                       std::uint32_t n_rows, std::uint32_t n_matrices = 0) {
  static const std::vector<float> values(std::size_t{kFfn} * kFfn, 0.125F);
  gguf::DraftTensor tensor{.name = name, .view = {}};
  tensor.view.n_dims = n_matrices > 0 ? 3 : n_rows > 0 ? 2 : 1;
  tensor.view.dim[0] = columns;
  tensor.view.dim[1] = n_rows > 0 ? n_rows : 1;
  tensor.view.dim[2] = n_matrices > 0 ? n_matrices : 1;
  tensor.view.bytes = 4 * elements(tensor.view);
  tensor.view.data = reinterpret_cast<const std::byte*>(values.data());
  draft.tensors.push_back(tensor);
}

inline void add_feed_forward(gguf::Draft& draft, const std::string& architecture) {
  const auto layer = [&](const char* name, std::uint32_t columns, std::uint32_t n_rows,
                         std::uint32_t n_matrices) {
    add_tensor(draft, std::string("blk.0.") + name + ".weight", columns, n_rows, n_matrices);
  };
  const bool experts = has_experts(architecture);
  const std::uint32_t ffn = experts ? kExpertFfn : kFfn;
  const std::uint32_t n = experts ? kExperts : 0;
  if (experts) layer("ffn_gate_inp", kDim, kExperts, 0);
  layer(experts ? "ffn_gate_exps" : "ffn_gate", kDim, ffn, n);
  layer(experts ? "ffn_down_exps" : "ffn_down", ffn, kDim, n);
  layer(experts ? "ffn_up_exps" : "ffn_up", kDim, ffn, n);
}

inline gguf::Draft tiny_model(const std::string& architecture) {
  gguf::Draft draft;
  put_shape(draft, architecture);
  put_tokenizer(draft);
  const auto layer = [&](const char* name, std::uint32_t columns, std::uint32_t n_rows) {
    add_tensor(draft, std::string("blk.0.") + name + ".weight", columns, n_rows);
  };
  add_tensor(draft, "token_embd.weight", kDim, kVocab);
  layer("attn_norm", kDim, 0);
  layer("attn_q", kDim, kHeads * kHeadDim);
  layer("attn_k", kDim, kKvHeads * kHeadDim);
  layer("attn_v", kDim, kKvHeads * kHeadDim);
  layer("attn_output", kHeads * kHeadDim, kDim);
  if (architecture.starts_with("qwen3") || architecture == "gemma3") {
    layer("attn_q_norm", kHeadDim, 0);
    layer("attn_k_norm", kHeadDim, 0);
  }
  layer(architecture == "gpt-oss" ? "post_attention_norm" : "ffn_norm", kDim, 0);
  if (architecture == "gpt-oss") layer("attn_sinks", kHeads, 0);
  add_feed_forward(draft, architecture);
  if (architecture == "gemma3") {
    layer("post_attention_norm", kDim, 0);
    layer("post_ffw_norm", kDim, 0);
  }
  add_tensor(draft, "output_norm.weight", kDim, 0);
  return draft;
}

/// The bytes of the file that `gguf::write` would make of it.
inline std::vector<std::byte> file_bytes(const gguf::Draft& draft) {
  auto bytes = gguf::header(draft).value();
  for (const gguf::DraftTensor& tensor : draft.tensors) {
    bytes.insert(bytes.end(), tensor.view.data, tensor.view.data + tensor.view.bytes);
    bytes.resize((bytes.size() + draft.alignment - 1) / draft.alignment * draft.alignment);
  }
  return bytes;
}

}  // namespace mr::hostile
