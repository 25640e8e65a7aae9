#pragma once

namespace mr::model {

/// What the tensors of a decoder are called, without the layer before them and ".weight" or
/// ".bias" after. Null: the format has no such tensor. Fused tensors hold the rows of theirs one
/// after the other, in the order of their names.
struct Names {
  const char* layer = "layers.";  ///< before the layer's number
  const char* embed = "embed_tokens";
  const char* out_norm = "norm";
  const char* head = "lm_head";
  const char* attn_norm = "input_layernorm";
  const char* q = "self_attn.q_proj";
  const char* k = "self_attn.k_proj";
  const char* v = "self_attn.v_proj";
  const char* qkv = "self_attn.qkv_proj";
  const char* attn_out = "self_attn.o_proj";
  const char* q_norm = "self_attn.q_norm";
  const char* k_norm = "self_attn.k_norm";
  const char* sinks = "self_attn.sinks";
  const char* post_attn_norm = nullptr;  ///< of what attention gives, before it is added
  const char* ffn_norm = "post_attention_layernorm";
  const char* gate = "mlp.gate_proj";
  const char* up = "mlp.up_proj";
  const char* gate_up = "mlp.gate_up_proj";
  const char* down = "mlp.down_proj";
  const char* post_ffn_norm = nullptr;
};

/// Those of Hugging Face's Llama, which most follow.
inline constexpr Names kHfNames{};

/// Those of models that norm before and after attention and feed-forward, as Gemma 2.
inline constexpr Names kHfPostNormNames{.post_attn_norm = "post_attention_layernorm",
                                        .ffn_norm = "pre_feedforward_layernorm",
                                        .post_ffn_norm = "post_feedforward_layernorm"};

/// GGUF's, which do not depend on the architecture.
/// Source: gguf-py/gguf/constants.py of ggml-org/llama.cpp.
inline constexpr Names kGgufNames{.layer = "blk.",
                                  .embed = "token_embd",
                                  .out_norm = "output_norm",
                                  .head = "output",
                                  .attn_norm = "attn_norm",
                                  .q = "attn_q",
                                  .k = "attn_k",
                                  .v = "attn_v",
                                  .qkv = "attn_qkv",
                                  .attn_out = "attn_output",
                                  .q_norm = "attn_q_norm",
                                  .k_norm = "attn_k_norm",
                                  .sinks = "attn_sinks",
                                  .post_attn_norm = "post_attention_norm",
                                  .ffn_norm = "ffn_norm",
                                  .gate = "ffn_gate",
                                  .up = "ffn_up",
                                  .gate_up = nullptr,
                                  .down = "ffn_down",
                                  .post_ffn_norm = "post_ffw_norm"};

}  // namespace mr::model
