#!/usr/bin/env python3
"""Writes tests/data/architectures: small random models of every architecture, as safetensors and
as GGUF, and what transformers computes for them.

usage: architectures.py OUT [CASE ...]
  needs torch 2.15, transformers 5.24, safetensors 0.8 and gguf 0.19

A case is OUT/CASE.config.json with the weights OUT/WEIGHTS.safetensors, and OUT/CASE.gguf. Its line
of OUT/golden.jsonl has the prompt, logits at some of its positions (base64 of float32), the 64
tokens that follow greedily, and `margin`: how many times the smallest lead of the best token over
the second is larger than the tolerance, 1e-4 of the logits' L2 norm. Prompts are tried until it is
100 or more. Weights are rounded to BF16, the arithmetic is fp32.
"""
import base64
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import gguf
import numpy as np
import mixtures
import quantized
import torch
import transformers
from safetensors.torch import save_file

N_PROMPT, N_NEW, N_KEPT = 24, 64, 6
TOLERANCE, MARGIN = 1e-4, 100
N_TRIED = 128  # prompts at a time
SHAPE = {"vocab_size": 96, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128,
         "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0, "use_cache": False}

# What config.json files of such models state.
KEPT_FIELDS = set(SHAPE) - {"use_cache"} | {
    "attention_bias", "attn_logit_softcapping", "final_logit_softcapping",
    "head_dim", "hidden_act", "hidden_activation", "layer_types", "max_window_layers", "mlp_bias",
    "model_type", "original_max_position_embeddings", "query_pre_attn_scalar", "rms_norm_eps",
    "rope_parameters", "sliding_window", "tie_word_embeddings", "use_sliding_window"} | \
    mixtures.FIELDS


@dataclass
class Case:
    """A model: its class in transformers, its fields, and how GGUF says the same."""
    name: str
    model_class: str
    config: dict
    arch: str  # of GGUF
    weights: str = ""  # the case whose weights it has, by default its own
    config_json: dict = field(default_factory=dict)  # fields as older files have them; None: absent
    quantized: str = ""  # one of quantized.KINDS, for the matrices of the layers
    has_gguf: bool = True  # not where it would be that of another case, or GGUF cannot say it
    gguf: object = None  # called with the writer and the config, to add keys and tensors
    tensor: object = None  # called with name, tensor, config: the tensor as GGUF keeps it
    checkpoint: object = None  # called with tensors, config: those of the safetensors, renamed
    gguf_tensors: object = None  # the same for GGUF; some may have its names already
    lengths: object = None  # called with the config: heads and their lengths, where not plain


def permuted(name, tensor, config):
    """Llama's converter puts the pairs of RoPE side by side."""
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for part, n_heads in heads.items():
        if part in name:
            halves = tensor.reshape(n_heads, 2, tensor.shape[0] // n_heads // 2, *tensor.shape[1:])
            return halves.swapaxes(1, 2).reshape(tensor.shape)
    return tensor


def plus_one(name, tensor, config):
    return tensor + 1 if name.endswith("norm.weight") else tensor


def gemma_keys(writer, config):
    writer.add_sliding_window(config.sliding_window)
    if config.attn_logit_softcapping:
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)


def linear_keys(writer, factor):
    writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
    writer.add_rope_scaling_factor(factor)


def gemma3_keys(writer, config):
    gemma_keys(writer, config)
    linear_keys(writer, config.rope_parameters["full_attention"]["factor"])


def llama3_factors(writer, config):
    """What Llama 3.1's frequencies are divided by."""
    scaled, _ = transformers.modeling_rope_utils.ROPE_INIT_FUNCTIONS["llama3"](config)
    dims = config.hidden_size // config.num_attention_heads
    plain = 1.0 / config.rope_parameters["rope_theta"] ** (torch.arange(0, dims, 2) / dims)
    writer.add_tensor("rope_freqs.weight", (plain / scaled).numpy().astype(np.float32))


def yarn_keys(writer, config):
    rope = config.rope_parameters
    writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
    writer.add_rope_scaling_factor(rope["factor"])
    writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])


def longrope_keys(writer, config):
    rope = config.rope_parameters
    n_original = config.original_max_position_embeddings
    factor = config.max_position_embeddings / n_original
    writer.add_rope_scaling_orig_ctx_len(n_original)
    if factor > 1:
        magnitude = np.sqrt(1 + np.log(factor) / np.log(n_original))
        writer.add_rope_scaling_attn_factors(float(magnitude))
    for length in "long", "short":
        writer.add_tensor(f"rope_factors_{length}.weight",
                          np.array(rope[f"{length}_factor"], dtype=np.float32))


def longrope(n_original):
    return {"rope_type": "longrope", "short_factor": [1.0, 1.1, 1.3],
            "long_factor": [1.0, 2.5, 4.0], "rope_theta": 10000.0, "partial_rotary_factor": 0.75,
            "original_max_position_embeddings": n_original}


LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 64, "rope_theta": 500.0}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32,
        "rope_theta": 10000.0}
GEMMA = {"head_dim": 12, "query_pre_attn_scalar": 12, "sliding_window": 16}
PHI3 = {"hidden_act": "silu", "tie_word_embeddings": False}

CASES = [
    Case("llama", "Llama", {}, "llama", tensor=permuted),
    Case("llama-biases", "Llama", {"attention_bias": True, "mlp_bias": True, "head_dim": 16},
         "llama", tensor=permuted),
    Case("llama-linear", "Llama", {"rope_parameters": {
        "rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}}, "llama", weights="llama",
        config_json={"rope_parameters": None, "rope_theta": 10000.0,
                     "rope_scaling": {"type": "linear", "factor": 4.0}},
         gguf=lambda writer, config: linear_keys(writer, 4.0), tensor=permuted),
    Case("llama-llama3", "Llama", {"rope_parameters": LLAMA3}, "llama",
         weights="llama", gguf=llama3_factors, tensor=permuted),
    Case("llama-yarn", "Llama", {"rope_parameters": YARN}, "llama",
         weights="llama", gguf=yarn_keys, tensor=permuted),
    Case("mistral", "Mistral", {"sliding_window": 16}, "llama", tensor=permuted,
         gguf=lambda writer, config: writer.add_sliding_window(config.sliding_window)),
    Case("qwen2", "Qwen2", {"tie_word_embeddings": True}, "qwen2"),
    Case("qwen2-windows", "Qwen2", {"tie_word_embeddings": True, "use_sliding_window": True,
                                    "sliding_window": 16, "max_window_layers": 1}, "qwen2",
         weights="qwen2", has_gguf=False, config_json={"layer_types": None}),
    Case("qwen3", "Qwen3", {"head_dim": 16, "tie_word_embeddings": False}, "qwen3"),
    Case("gemma2", "Gemma2", {**GEMMA, "attn_logit_softcapping": 4.0,
                              "final_logit_softcapping": 6.0}, "gemma2",
         gguf=gemma_keys, tensor=plus_one),
    Case("gemma3", "Gemma3", {**GEMMA, "num_hidden_layers": 6, "rope_parameters": {
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}}, "gemma3",
         gguf=gemma3_keys, tensor=plus_one),
    Case("gemma3-old", "Gemma3", {**GEMMA, "num_hidden_layers": 6, "rope_parameters": {
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}}, "gemma3",
         weights="gemma3", has_gguf=False, config_json={
             "rope_parameters": None, "layer_types": None, "rope_theta": 1000000.0,
             "rope_local_base_freq": 10000.0, "sliding_window_pattern": 6,
             "rope_scaling": {"rope_type": "linear", "factor": 8.0}}),
    Case("phi3", "Phi3", PHI3, "phi3"),
    Case("phi3-odd", "Phi3", {**PHI3, "rope_parameters": {
        "rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.9}}, "phi3",
         weights="phi3", has_gguf=False),
    Case("phi3-short", "Phi3", {**PHI3, "original_max_position_embeddings": 128,
                                "max_position_embeddings": 512, "rope_parameters": longrope(128)},
         "phi3", weights="phi3", gguf=longrope_keys),
    Case("phi3-long", "Phi3", {**PHI3, "original_max_position_embeddings": 16,
                               "rope_parameters": longrope(16)},
         "phi3", weights="phi3", gguf=longrope_keys),
    Case("gemma3-capped", "Gemma3", {**GEMMA, "num_hidden_layers": 6,
                                     "attn_logit_softcapping": 4.0,
                                     "final_logit_softcapping": 6.0}, "gemma3",
         weights="gemma3", has_gguf=False),
    Case("olmo2", "Olmo2", {"tie_word_embeddings": False}, "olmo2"),
    *(Case("qwen2-" + kind, "Qwen2", {"tie_word_embeddings": True}, "qwen2", quantized=kind,
           has_gguf=False, config_json={"quantization_config": quantization})
      for kind, (_, quantization) in quantized.KINDS.items()),
    Case("qwen2-fp8-structure", "Qwen2", {"tie_word_embeddings": True}, "qwen2",
         weights="qwen2-fp8-block", quantized="fp8-block", has_gguf=False, config_json={
             "quantization_config": {
                 **quantized.compressed("float-quantized"), "config_groups": {"group_0": {
                     "weights": {"block_structure": list(quantized.FP8_BLOCK)}}}}}),
    *mixtures.cases(Case, permuted),
]


def make_config(case):
    name = {"Gemma3": "Gemma3Text"}.get(case.model_class, case.model_class)
    return getattr(transformers, name + "Config")(**{**SHAPE, **case.config})


def make_model(case):
    """The model with numbers that make every tensor count."""
    torch.manual_seed(7)
    config = make_config(case)
    config._attn_implementation = "eager"
    model = getattr(transformers, case.model_class + "ForCausalLM")(config).eval()
    for name, tensor in model.state_dict().items():
        is_norm = name.endswith("norm.weight")
        center = 1.0 if is_norm and not case.model_class.startswith("Gemma") else 0.0
        scale = 0.2 if is_norm or tensor.dim() == 1 else 1.5 / tensor.shape[-1] ** 0.5
        values = center + scale * torch.randn(tensor.shape)
        if "embed_tokens" in name or "lm_head" in name:  # tokens of unequal weight: clear winners
            values *= torch.randn(tensor.shape[0], 1).exp()
        tensor.copy_(values.to(torch.bfloat16).float())
    model.tie_weights()
    return model


def logits_of(model, tokens):
    with torch.no_grad():
        return model(torch.as_tensor(tokens), use_cache=False).logits.float()


def margins(logits):
    top = logits.topk(2, dim=-1).values
    return (top[..., 0] - top[..., 1]) / (TOLERANCE * logits.norm(dim=-1))


def clear_prompts(model, tokens):
    """Those of the prompts whose continuation is clear at every step, with it."""
    cache, new = transformers.DynamicCache(), tokens
    for _ in range(N_NEW):
        with torch.no_grad():
            logits = model(new, past_key_values=cache, use_cache=True).logits[:, -1]
        clear = (margins(logits) > MARGIN).nonzero()[:, 0]
        cache.batch_select_indices(clear)
        new = logits[clear].argmax(-1, keepdim=True)
        tokens = torch.cat([tokens[clear], new], 1)
        if len(clear) == 0:
            break
    return tokens


def greedy(model, config):
    """A prompt with its continuation, and the smallest margin of that."""
    rng = np.random.default_rng(3)
    while True:
        prompts = torch.as_tensor(rng.integers(3, config.vocab_size, (N_TRIED, N_PROMPT)))
        for tokens in clear_prompts(model, prompts):
            logits = logits_of(model, tokens[None, :-1])[0, N_PROMPT - 1 :]
            margin = float(margins(logits).min())
            if margin > MARGIN and torch.equal(logits.argmax(-1), tokens[N_PROMPT:]):
                return tokens, margin


def write_config(case, config, path):
    fields = json.loads(config.to_json_string(use_diff=False))
    fields = {key: value for key, value in fields.items() if key in KEPT_FIELDS}
    for key, value in case.config_json.items():
        fields.pop(key, None)
        if value is not None:
            fields[key] = value
    path.write_text(json.dumps(fields, indent=1, sort_keys=True) + "\n")


def write_gguf(case, model, config, path):
    writer = gguf.GGUFWriter(path, case.arch)
    writer.add_name(case.name)
    head_dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    rope = config.rope_parameters.get("full_attention", config.rope_parameters)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    lengths = case.lengths(config) if case.lengths is not None else {
        "heads": config.num_key_value_heads, "key": head_dim, "value": head_dim,
        "rope": int(head_dim * rope.get("partial_rotary_factor", 1.0))}
    writer.add_head_count_kv(lengths["heads"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_key_length(lengths["key"])
    writer.add_value_length(lengths["value"])
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_count(lengths["rope"])
    if case.gguf is not None:
        case.gguf(writer, config)
    arch = {name: arch for arch, name in gguf.MODEL_ARCH_NAMES.items()}[case.arch]
    names = gguf.get_tensor_name_map(arch, config.num_hidden_layers)
    tensors = tensors_of(model)
    if case.gguf_tensors is not None:
        tensors = case.gguf_tensors(tensors, config)
    for name, tensor in tensors.items():
        data = tensor.numpy().copy()
        data = case.tensor(name, data, config) if case.tensor is not None else data
        given = name.startswith("blk.")
        to = name if given else names.get_name(name, try_suffixes=(".weight", ".bias"))
        if data.ndim == 1 or to.endswith(".bias"):
            writer.add_tensor(to, data.astype(np.float32))
            continue
        kind = gguf.GGMLQuantizationType.BF16
        if case.quantized == "mxfp4" and "_exps" in to:
            kind = gguf.GGMLQuantizationType.MXFP4
        writer.add_tensor(to, gguf.quants.quantize(data, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def tensors_of(model):
    tensors = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        tensors.pop("lm_head.weight")
    return tensors


def quantize(model, kind):
    """Puts what the quantized matrices stand for into the model; their tensors."""
    made = {}
    for name, module in model.named_modules():
        if not isinstance(module, torch.nn.Linear) or name == "lm_head":
            continue
        tensors, floats = quantized.KINDS[kind][0](module.weight.detach())
        module.weight.data = floats.contiguous()
        made |= {f"{name}.{end}": tensor.contiguous() for end, tensor in tensors.items()}
    return made


def write_case(case, out):
    model = make_model(case)
    config = model.config
    made = {}
    if case.quantized:
        made = (mixtures.mxfp4(model) if case.quantized == "mxfp4"
                else quantize(model, case.quantized))
    tokens, margin = greedy(model, config)
    write_config(case, config, out / f"{case.name}.config.json")
    if not case.weights:
        plain = {name: tensor.to(torch.bfloat16).contiguous()
                 for name, tensor in tensors_of(model).items()}
        if case.checkpoint is not None:
            plain = {name: tensor.contiguous().clone()
                     for name, tensor in case.checkpoint(plain, config).items()}
        if case.quantized == "mxfp4":
            plain = {name: tensor for name, tensor in plain.items()
                     if name + "_blocks" not in made} | made
        elif made:
            plain = {name: tensor for name, tensor in plain.items()
                     if tensor.dim() == 1 or "embed" in name} | made
        save_file(plain, out / f"{case.name}.safetensors", metadata={"format": "pt"})
    if case.has_gguf:
        write_gguf(case, model, config, out / f"{case.name}.gguf")
    kept = [round(i * (N_PROMPT + N_NEW - 2) / (N_KEPT - 1)) for i in range(N_KEPT)]
    logits = logits_of(model, tokens[None])[0, kept].numpy()
    print(f"{case.name}: margin {margin:.0f}")
    return {"name": case.name, "weights": case.weights or case.name,
            "gguf": case.has_gguf, "blocks": case.quantized == "mxfp4",
            "n_context": N_PROMPT + N_NEW, "prompt": tokens[:N_PROMPT].tolist(),
            "greedy": tokens[N_PROMPT:].tolist(), "margin": round(margin, 1), "kept": kept,
            "logits": base64.b64encode(logits.astype("<f4").tobytes()).decode()}


def main():
    torch.set_num_threads(1)
    out, chosen = Path(sys.argv[1]), sys.argv[2:]
    out.mkdir(parents=True, exist_ok=True)
    golden = out / "golden.jsonl"
    lines = {}
    if golden.exists():
        lines = {json.loads(line)["name"]: line for line in golden.read_text().splitlines()}
    for case in CASES:
        if not chosen or case.name in chosen:
            lines[case.name] = json.dumps(write_case(case, out))
    golden.write_text("".join(lines[case.name] + "\n" for case in CASES if case.name in lines))


if __name__ == "__main__":
    main()
