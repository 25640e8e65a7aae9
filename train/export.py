"""Writes a trained run as safetensors with Hugging Face config, and as GGUF.

python export.py --run RUN/nano --tokenizer RUN/tokenizer --gguf OUT.gguf --type f16
python export.py --run RUN/nano --tokenizer RUN/tokenizer --hf OUT_FOLDER
"""

import argparse
import json
import re
import shutil
from pathlib import Path

import gguf
import numpy as np
from gguf.quants import quantize
from safetensors.torch import save_file

import loop
import model
from tokenizer import CONTROL, MARKERS

TYPES = {
    "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "f16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "bf16": (gguf.GGMLQuantizationType.BF16, gguf.LlamaFileType.MOSTLY_BF16),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}
LAYER_NAMES = {
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
OTHER_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
}


def published_weights(state: loop.State) -> model.Weights:
    """The weights rounded to bf16, which every published form holds or is made from."""
    return {name: tensor.detach().bfloat16() for name, tensor in state.weights.items()}


def gguf_name(name: str) -> str:
    if name in OTHER_NAMES:
        return OTHER_NAMES[name]
    found = re.fullmatch(r"model\.layers\.(\d+)\.(.+)\.weight", name)
    if found is None:
        raise SystemExit(f"no GGUF name for {name}")
    return f"blk.{found[1]}.{LAYER_NAMES[found[2]]}.weight"


def hf_config(config: model.Config, end: int, pad: int) -> dict:
    return {
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "dtype": "bfloat16",
        "vocab_size": config.vocab,
        "hidden_size": config.hidden,
        "intermediate_size": config.ffn,
        "num_hidden_layers": config.n_layers,
        "num_attention_heads": config.n_heads,
        "num_key_value_heads": config.n_kv_heads,
        "head_dim": config.head_dim,
        "hidden_act": "silu",
        "max_position_embeddings": config.context,
        "rms_norm_eps": config.rms_eps,
        "rope_theta": config.rope_theta,
        "rope_scaling": None,
        "attention_bias": False,
        "attention_dropout": 0.0,
        "initializer_range": 0.02,
        "sliding_window": None,
        "use_sliding_window": False,
        "tie_word_embeddings": True,
        "use_cache": True,
        "bos_token_id": None,
        "eos_token_id": end,
        "pad_token_id": pad,
    }


def write_hf(state: loop.State, tokenizer: Path, folder: Path) -> None:
    """model.safetensors, config.json, generation_config.json and the tokenizer's files."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = read_vocabulary(tokenizer)
    end, pad = vocabulary["<|im_end|>"], vocabulary["<|endoftext|>"]
    save_file(published_weights(state), folder / "model.safetensors", {"format": "pt"})
    generation = {"eos_token_id": [end, pad], "pad_token_id": pad, "do_sample": False}
    texts = {
        "config.json": hf_config(state.config, end, pad),
        "generation_config.json": generation,
    }
    for name, value in texts.items():
        (folder / name).write_text(json.dumps(value, indent=2) + "\n", "utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        shutil.copy(tokenizer / name, folder / name)


def read_vocabulary(tokenizer: Path) -> dict[str, int]:
    """Every token's id, those added after the merges included."""
    record = json.loads((tokenizer / "tokenizer.json").read_text("utf-8"))
    added = {entry["content"]: entry["id"] for entry in record["added_tokens"]}
    return record["model"]["vocab"] | added


def token_type(token: str) -> gguf.TokenType:
    if token in CONTROL:
        return gguf.TokenType.CONTROL
    return gguf.TokenType.USER_DEFINED if token in MARKERS else gguf.TokenType.NORMAL


def write_tokenizer(writer: gguf.GGUFWriter, folder: Path) -> None:
    """Vocabulary, merges, special ids and chat template as llama.cpp reads them."""
    record = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    vocabulary = read_vocabulary(folder)
    tokens = sorted(vocabulary, key=lambda token: vocabulary[token])
    merges = [m if isinstance(m, str) else " ".join(m) for m in record["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([token_type(token) for token in tokens])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(vocabulary["<|endoftext|>"])
    writer.add_eos_token_id(vocabulary["<|im_end|>"])
    writer.add_pad_token_id(vocabulary["<|endoftext|>"])
    writer.add_eot_token_id(vocabulary["<|im_end|>"])
    for kind in ("prefix", "suffix", "middle"):
        key = f"tokenizer.ggml.fim_{kind[:3]}_token_id"
        writer.add_uint32(key, vocabulary[f"<|fim_{kind}|>"])
    writer.add_add_bos_token(False)
    writer.add_chat_template((folder / "chat_template.jinja").read_text("utf-8"))


def write_gguf(state: loop.State, tokenizer: Path, path: Path, kind: str) -> None:
    """Matrices in the wanted type, norms in F32; the output head is the embedding."""
    config, (tensor_type, file_type) = state.config, TYPES[kind]
    writer = gguf.GGUFWriter(path, "qwen3")
    writer.add_name(config.name)
    writer.add_license("apache-2.0")
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_block_count(config.n_layers)
    writer.add_context_length(config.context)
    writer.add_embedding_length(config.hidden)
    writer.add_feed_forward_length(config.ffn)
    writer.add_head_count(config.n_heads)
    writer.add_head_count_kv(config.n_kv_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_freq_base(config.rope_theta)
    writer.add_layer_norm_rms_eps(config.rms_eps)
    writer.add_vocab_size(config.vocab)
    write_tokenizer(writer, tokenizer)
    for name, tensor in published_weights(state).items():
        values = tensor.float().numpy()
        if values.ndim == 1:
            writer.add_tensor(gguf_name(name), values)
        else:
            packed = quantize(np.ascontiguousarray(values), tensor_type)
            writer.add_tensor(gguf_name(name), packed, raw_dtype=tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--hf", type=Path)
    parser.add_argument("--gguf", type=Path)
    parser.add_argument("--type", choices=TYPES, default="f16")
    options = parser.parse_args()
    state = loop.load_state(options.run / "checkpoint.pt")
    if options.hf:
        write_hf(state, options.tokenizer, options.hf)
    if options.gguf:
        options.gguf.parent.mkdir(parents=True, exist_ok=True)
        write_gguf(state, options.tokenizer, options.gguf, options.type)


if __name__ == "__main__":
    main()
