"""Checks the published forms of a run against transformers: logits, greedy text and tokens.

python agree.py --hf FOLDER [--gguf FILE]
"""

import argparse
from pathlib import Path

import gguf
import numpy as np
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

import export
import model
import render
import tasks

PROMPTS = ("multiplication", "countdown", "json", "tool call", "sorting")
BOUND = 2e-3


def read_config(folder: Path, hf) -> model.Config:
    return model.Config(
        folder.name,
        hf.num_hidden_layers,
        hf.hidden_size,
        hf.num_attention_heads,
        hf.num_key_value_heads,
        hf.intermediate_size,
        hf.head_dim,
        hf.vocab_size,
        hf.max_position_embeddings,
        hf.rope_parameters["rope_theta"],
        hf.rms_norm_eps,
    )


@torch.inference_mode()
def check_hf(folder: Path) -> None:
    """Rendering, tokens and logits of tasks and their replies are those of transformers."""
    reference = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    renderer = render.open_renderer(folder)
    config = read_config(folder, reference.config)
    weights = {name: w.float() for name, w in load_file(folder / "model.safetensors").items()}
    worst = 0.0
    for kind in PROMPTS:
        task = tasks.test_tasks(kind, 2, 7, 1)[0]
        chat = {"messages": list(task.messages), "tools": list(task.tools) or None}
        text = render.text(renderer, chat)
        if text != tokenizer.apply_chat_template(
            chat["messages"], tools=chat["tools"], tokenize=False
        ):
            raise SystemExit(f"{kind}: transformers renders the dialogue otherwise")
        ids = renderer.tokenizer.encode(text).ids
        if ids != tokenizer.encode(text):
            raise SystemExit(f"{kind}: transformers finds other tokens")
        tokens = torch.tensor([ids])
        positions = torch.arange(len(ids))[None]
        ours = model.logits(weights, model.hidden_states(config, weights, tokens, positions))
        worst = max(worst, (ours - reference(tokens).logits).abs().max().item())
    print(f"largest difference of logits to transformers: {worst:.2e}")
    if worst > BOUND:
        raise SystemExit(f"more than {BOUND}")
    prompt = render.text(renderer, chat, prompt_only=True)
    ids = torch.tensor([tokenizer.encode(prompt)])
    made = reference.generate(ids, max_new_tokens=80, do_sample=False)[0]
    print(tokenizer.decode(made))


def check_gguf(path: Path, folder: Path) -> None:
    """Every tensor of the file is that of the safetensors up to its type's rounding."""
    weights = load_file(folder / "model.safetensors")
    wanted = {export.gguf_name(name): tensor.float().numpy() for name, tensor in weights.items()}
    reader = gguf.GGUFReader(path)
    for entry in reader.tensors:
        values = gguf.dequantize(entry.data, entry.tensor_type)
        reference = wanted.pop(entry.name)
        error = np.abs(values.reshape(reference.shape) - reference).max()
        if error > np.abs(reference).max() / 127:
            raise SystemExit(f"{entry.name}: off by {error}")
    if wanted:
        raise SystemExit(f"{path}: without {', '.join(wanted)}")
    print(f"{path}: {len(reader.tensors)} tensors agree, {len(reader.fields)} fields")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hf", type=Path, required=True)
    parser.add_argument("--gguf", type=Path)
    options = parser.parse_args()
    check_hf(options.hf)
    if options.gguf:
        check_gguf(options.gguf, options.hf)


if __name__ == "__main__":
    main()
