"""Mixtures of experts and latent attention for architectures.py: their models, and how checkpoints
and GGUFs keep the tensors that transformers holds stacked."""
import re

import gguf
import numpy as np
import torch
from transformers.integrations.mxfp4 import convert_moe_packed_tensors

FIELDS = {
    "num_experts", "num_local_experts", "num_experts_per_tok", "moe_intermediate_size",
    "norm_topk_prob", "decoder_sparse_step", "mlp_only_layers", "first_k_dense_replace",
    "n_routed_experts", "n_shared_experts", "n_group", "topk_group", "topk_method",
    "routed_scaling_factor", "kv_lora_rank", "q_lora_rank", "qk_nope_head_dim",
    "qk_rope_head_dim", "v_head_dim", "rope_interleave"}

DEEPSEEK = {"num_hidden_layers": 3, "num_key_value_heads": 4, "moe_intermediate_size": 24,
            "n_routed_experts": 8, "num_experts_per_tok": 3, "first_k_dense_replace": 1,
            "kv_lora_rank": 16, "q_lora_rank": 24, "qk_nope_head_dim": 12, "qk_rope_head_dim": 8,
            "v_head_dim": 10, "tie_word_embeddings": False, "head_dim": 8}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32,
        "rope_theta": 10000.0, "beta_fast": 32, "beta_slow": 1, "mscale": 0.7,
        "mscale_all_dim": 0.7}
GPT_OSS = {"num_local_experts": 6, "num_experts_per_tok": 3, "head_dim": 16, "sliding_window": 16,
           "intermediate_size": 32, "tie_word_embeddings": False, "rope_parameters": {
               "rope_type": "yarn", "factor": 4.0, "beta_fast": 32.0, "beta_slow": 1.0,
               "truncate": False, "original_max_position_embeddings": 32,
               "rope_theta": 150000.0}}


def layer_of(name):
    return re.search(r"layers\.(\d+)\.", name)[1]


def single(tensors, gate, up, down, part="mlp"):
    """A tensor for each expert, as checkpoints had them before transformers 5."""
    made = {}
    for name, tensor in tensors.items():
        base = name.replace(".mlp.experts.gate_up_proj", "").replace(".mlp.experts.down_proj", "")
        for e, one in enumerate(tensor if base != name else []):
            if name.endswith("gate_up_proj"):
                for which, half in zip((gate, up), one.chunk(2)):
                    made[f"{base}.{part}.experts.{e}.{which}.weight"] = half
            else:
                made[f"{base}.{part}.experts.{e}.{down}.weight"] = one
        if base == name:
            made[name.replace(".mlp.gate.", f".{part}.gate.")] = tensor
    return made


def mixtral_checkpoint(tensors, _):
    return single(tensors, "w1", "w3", "w2", "block_sparse_moe")


def single_checkpoint(tensors, _):
    return single(tensors, "gate_proj", "up_proj", "down_proj")


def gguf_experts(tensors, _):
    """Gate and up apart, each stacked."""
    made = {}
    for name, tensor in tensors.items():
        if name.endswith("experts.gate_up_proj"):
            for which, half in zip(("gate", "up"), tensor.chunk(2, dim=1)):
                made[f"blk.{layer_of(name)}.ffn_{which}_exps.weight"] = half
        elif name.endswith("experts.down_proj"):
            made[f"blk.{layer_of(name)}.ffn_down_exps.weight"] = tensor
        elif name.endswith("e_score_correction_bias"):
            made[f"blk.{layer_of(name)}.exp_probs_b.bias"] = tensor
        else:
            made[name] = tensor
    return made


def old_mixtral_gguf(tensors, config):
    """A tensor for each expert, as the first GGUFs of Mixtral."""
    made = {}
    for name, tensor in gguf_experts(tensors, config).items():
        found = re.fullmatch(r"(blk\.\d+\.ffn_\w+)_exps\.weight", name)
        if not found:
            made[name] = tensor
            continue
        made |= {f"{found[1]}.{e}.weight": one for e, one in enumerate(tensor)}
    return made


def split_latent(tensors, config):
    """kv_b as the two matrices of the absorbed form."""
    made = {}
    nope, v_dim = config.qk_nope_head_dim, config.v_head_dim
    for name, tensor in gguf_experts(tensors, config).items():
        if not name.endswith("kv_b_proj.weight"):
            made[name] = tensor
            continue
        both = tensor.reshape(config.num_attention_heads, nope + v_dim, config.kv_lora_rank)
        made[f"blk.{layer_of(name)}.attn_k_b.weight"] = both[:, :nope].transpose(1, 2).contiguous()
        made[f"blk.{layer_of(name)}.attn_v_b.weight"] = both[:, nope:].contiguous()
    return made


def gpt_oss_gguf(tensors, _):
    """Rows of gate and up apart, nothing transposed."""
    made = {}
    for name, tensor in tensors.items():
        found = re.search(r"mlp\.experts\.(gate_up|down)_proj(_bias)?$", name)
        if not found:
            made[name.replace("self_attn.sinks", "self_attn.sinks.weight")] = tensor
            continue
        end = "bias" if found[2] else "weight"
        rows = tensor if found[2] else tensor.transpose(1, 2)
        parts = {"down": rows}
        if found[1] == "gate_up":
            parts = {"gate": rows[:, ::2], "up": rows[:, 1::2]}
        made |= {f"blk.{layer_of(name)}.ffn_{which}_exps.{end}": part.contiguous()
                 for which, part in parts.items()}
    return made


def mxfp4(model):
    """Puts what MXFP4 experts stand for into a gpt-oss model; their blocks and scales."""
    made = {}
    for name, tensor in model.state_dict().items():
        if not re.search(r"mlp\.experts\.(gate_up|down)_proj$", name):
            continue
        rows = tensor.transpose(1, 2).contiguous().numpy()
        packed = gguf.quants.quantize(rows, gguf.GGMLQuantizationType.MXFP4)
        blocks = packed.reshape(*rows.shape[:2], -1, 17)
        nibbles = np.concatenate([blocks[..., 1:] & 15, blocks[..., 1:] >> 4], axis=-1)
        pairs = torch.from_numpy(nibbles[..., ::2] | nibbles[..., 1::2] << 4)
        scales = torch.from_numpy(blocks[..., 0].copy())
        made[f"{name}_blocks"], made[f"{name}_scales"] = pairs, scales
        tensor.copy_(convert_moe_packed_tensors(pairs, scales, dtype=torch.float32))
    return made


def mixtral_keys(writer, config):
    writer.add_expert_count(config.num_local_experts)
    writer.add_expert_used_count(config.num_experts_per_tok)


def qwen3_moe_keys(writer, config):
    writer.add_expert_count(config.num_experts)
    writer.add_expert_used_count(config.num_experts_per_tok)
    writer.add_expert_feed_forward_length(config.moe_intermediate_size)


def gpt_oss_keys(writer, config):
    mixtral_keys(writer, config)
    writer.add_expert_feed_forward_length(config.intermediate_size)
    writer.add_sliding_window(config.sliding_window)
    rope = config.rope_parameters
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(rope["factor"])
    writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])


def deepseek_keys(writer, config):
    third = config.model_type == "deepseek_v3"
    writer.add_expert_count(config.n_routed_experts)
    writer.add_expert_used_count(config.num_experts_per_tok)
    writer.add_expert_feed_forward_length(config.moe_intermediate_size)
    writer.add_leading_dense_block_count(config.first_k_dense_replace)
    writer.add_expert_shared_count(config.n_shared_experts)
    writer.add_expert_weights_scale(config.routed_scaling_factor)
    writer.add_expert_weights_norm(third)
    writer.add_expert_gating_func(gguf.ExpertGatingFuncType.SIGMOID if third
                                  else gguf.ExpertGatingFuncType.SOFTMAX)
    if config.n_group:
        writer.add_expert_group_count(config.n_group)
        writer.add_expert_group_used_count(config.topk_group)
    writer.add_kv_lora_rank(config.kv_lora_rank)
    if config.q_lora_rank:
        writer.add_q_lora_rank(config.q_lora_rank)
    rope = config.rope_parameters
    if rope["rope_type"] == "yarn":
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        writer.add_rope_scaling_yarn_log_mul(0.1 * rope["mscale_all_dim"])


def old_lengths(config):
    """Those of a head, as the first GGUFs of DeepSeek have them."""
    return {"heads": config.num_attention_heads, "rope": config.qk_rope_head_dim,
            "key": config.qk_nope_head_dim + config.qk_rope_head_dim, "value": config.v_head_dim}


def new_lengths(config):
    """Those of the cache."""
    return {"heads": 1, "rope": config.qk_rope_head_dim, "value": config.kv_lora_rank,
            "key": config.kv_lora_rank + config.qk_rope_head_dim}


def new_deepseek_keys(writer, config):
    deepseek_keys(writer, config)
    writer.add_key_length_mla(config.qk_nope_head_dim + config.qk_rope_head_dim)
    writer.add_value_length_mla(config.v_head_dim)


def cases(case, permuted):
    """`case` makes one of architectures.py, `permuted` turns Llama's tensors."""
    mixtral = {"num_local_experts": 5, "num_experts_per_tok": 2}
    qwen3 = {"num_experts": 8, "num_experts_per_tok": 3, "moe_intermediate_size": 24,
             "head_dim": 16, "norm_topk_prob": True}
    third = {**DEEPSEEK, "n_shared_experts": 1, "n_group": 4, "topk_group": 2}
    return [
        case("mixtral", "Mixtral", mixtral, "llama", tensor=permuted, gguf=mixtral_keys,
             checkpoint=mixtral_checkpoint, gguf_tensors=gguf_experts),
        case("mixtral-other", "Mixtral", mixtral, "llama", tensor=permuted, gguf=mixtral_keys,
             gguf_tensors=old_mixtral_gguf),
        case("qwen3-moe", "Qwen3Moe", qwen3, "qwen3moe", gguf=qwen3_moe_keys,
             checkpoint=single_checkpoint, gguf_tensors=gguf_experts,
             config_json={"num_local_experts": None, "num_experts": 8}),
        case("qwen3-moe-stacked", "Qwen3Moe", {**qwen3, "norm_topk_prob": False}, "qwen3moe",
             gguf=lambda writer, config: (qwen3_moe_keys(writer, config),
                                          writer.add_expert_weights_norm(False)),
             gguf_tensors=gguf_experts),
        case("qwen3-moe-dense", "Qwen3Moe",
             {**qwen3, "num_hidden_layers": 4, "mlp_only_layers": [1], "decoder_sparse_step": 2,
              "use_sliding_window": True, "sliding_window": 16, "norm_topk_prob": False},
             "qwen3moe", has_gguf=False,
             config_json={"max_window_layers": 3, "num_key_value_heads": 2}),
        case("gpt-oss", "GptOss", GPT_OSS, "gpt-oss", gguf=gpt_oss_keys,
             gguf_tensors=gpt_oss_gguf),
        case("gpt-oss-unstated", "GptOss", {**GPT_OSS, "rope_parameters": None}, "gpt-oss",
             weights="gpt-oss", has_gguf=False, config_json={"rope_parameters": None}),
        case("gpt-oss-mxfp4", "GptOss", GPT_OSS, "gpt-oss", gguf=gpt_oss_keys,
             gguf_tensors=gpt_oss_gguf, quantized="mxfp4"),
        case("deepseek-v2", "DeepseekV2",
             {**DEEPSEEK, "n_shared_experts": 2, "topk_method": "group_limited_greedy",
              "n_group": 4, "topk_group": 2, "routed_scaling_factor": 1.5},
             "deepseek2", gguf=deepseek_keys, checkpoint=single_checkpoint,
             gguf_tensors=gguf_experts, lengths=old_lengths),
        case("deepseek-v2-lite", "DeepseekV2",
             {**DEEPSEEK, "n_shared_experts": 2, "q_lora_rank": None, "topk_method": "greedy",
              "n_group": None, "topk_group": None, "rope_parameters": YARN},
             "deepseek2", gguf=deepseek_keys, gguf_tensors=gguf_experts, lengths=old_lengths),
        case("deepseek-v3", "DeepseekV3", {**third, "rope_parameters": YARN}, "deepseek2",
             gguf=new_deepseek_keys, checkpoint=single_checkpoint, gguf_tensors=split_latent,
             lengths=new_lengths),
        case("deepseek-v3-neox", "DeepseekV3",
             {**third, "rope_interleave": False, "rms_norm_eps": 1e-3}, "deepseek2",
             gguf_tensors=None, has_gguf=False),
        case("deepseek-v3-biases", "DeepseekV3", {**third, "attention_bias": True}, "deepseek2",
             has_gguf=False),
    ]
