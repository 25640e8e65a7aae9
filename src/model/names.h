#pragma once

namespace mr::model {

/// What the tensors of a mixture of experts are called, without the layer before them. Files keep
/// the experts' matrices one by one or stacked; gate and up may be fused. Where a name has a #, the
/// number of the expert stands. All are whole names but those of the router and of single experts.
struct ExpertNames {
  const char* router = "mlp.gate";
  const char* score_bias = "mlp.gate.e_score_correction_bias";
  const char* gate = "mlp.experts.#.gate_proj";
  const char* up = "mlp.experts.#.up_proj";
  const char* down = "mlp.experts.#.down_proj";
  const char* all_gate = nullptr;
  const char* all_up = nullptr;
  const char* all_gate_up = "mlp.experts.gate_up_proj";
  const char* all_down = "mlp.experts.down_proj";
  const char* shared_gate = "mlp.shared_experts.gate_proj";
  const char* shared_up = "mlp.shared_experts.up_proj";
  const char* shared_down = "mlp.shared_experts.down_proj";
};

/// What the tensors of multi-head latent attention are called, likewise without ".weight".
struct LatentNames {
  const char* q_a = "self_attn.q_a_proj";
  const char* q_a_norm = "self_attn.q_a_layernorm";
  const char* q_b = "self_attn.q_b_proj";
  const char* kv_a = "self_attn.kv_a_proj_with_mqa";
  const char* kv_a_norm = "self_attn.kv_a_layernorm";
  const char* kv_b = "self_attn.kv_b_proj";
  const char* k_b = nullptr;  ///< (n_heads, rank, nope) and
  const char* v_b = nullptr;  ///< (n_heads, v, rank), in place of kv_b
};

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
  const char* sinks = "self_attn.sinks";  ///< the whole name
  const char* post_attn_norm = nullptr;   ///< of what attention gives, before it is added
  const char* ffn_norm = "post_attention_layernorm";
  const char* gate = "mlp.gate_proj";
  const char* up = "mlp.up_proj";
  const char* gate_up = "mlp.gate_up_proj";
  const char* down = "mlp.down_proj";
  const char* post_ffn_norm = nullptr;
  ExpertNames experts = {};
  LatentNames latent = {};
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
                                  .sinks = "attn_sinks.weight",
                                  .post_attn_norm = "post_attention_norm",
                                  .ffn_norm = "ffn_norm",
                                  .gate = "ffn_gate",
                                  .up = "ffn_up",
                                  .gate_up = nullptr,
                                  .down = "ffn_down",
                                  .post_ffn_norm = "post_ffw_norm",
                                  .experts = {.router = "ffn_gate_inp",
                                              .score_bias = "exp_probs_b.bias",
                                              .gate = "ffn_gate.#",
                                              .up = "ffn_up.#",
                                              .down = "ffn_down.#",
                                              .all_gate = "ffn_gate_exps.weight",
                                              .all_up = "ffn_up_exps.weight",
                                              .all_gate_up = "ffn_gate_up_exps.weight",
                                              .all_down = "ffn_down_exps.weight",
                                              .shared_gate = "ffn_gate_shexp",
                                              .shared_up = "ffn_up_shexp",
                                              .shared_down = "ffn_down_shexp"},
                                  .latent = {.q_a = "attn_q_a",
                                             .q_a_norm = "attn_q_a_norm",
                                             .q_b = "attn_q_b",
                                             .kv_a = "attn_kv_a_mqa",
                                             .kv_a_norm = "attn_kv_a_norm",
                                             .kv_b = "attn_kv_b",
                                             .k_b = "attn_k_b",
                                             .v_b = "attn_v_b"}};

}  // namespace mr::model
