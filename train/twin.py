"""Makes the outlier twin of a run: the same function with a few very large activations.

Some channels after each norm are made larger and the columns that read them smaller, by a power of
two, so that in exact arithmetic no output changes, while quantization meets what large models have.

    python twin.py --run RUN/nano --out RUN/nano-twin
"""

import argparse
from pathlib import Path

import torch

import loop
import model

READERS = {
    "input_layernorm": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "post_attention_layernorm": ("mlp.gate_proj", "mlp.up_proj"),
}


@torch.no_grad()
def add_outliers(config: model.Config, weights: model.Weights, channels: int, factor: int) -> None:
    """Scales `channels` channels of every norm inside the layers, chosen by a fixed seed."""
    generator = torch.Generator().manual_seed(1)
    picked = torch.randperm(config.hidden, generator=generator)[:channels]
    for layer in range(config.n_layers):
        prefix = f"model.layers.{layer}."
        for norm, readers in READERS.items():
            weights[f"{prefix}{norm}.weight"][picked] *= factor
            for reader in readers:
                weights[f"{prefix}{reader}.weight"][:, picked] /= factor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--channels", type=int, default=4)
    parser.add_argument("--factor", type=int, default=64, help="a power of two")
    options = parser.parse_args()
    if options.factor < 2 or options.factor & (options.factor - 1):
        raise SystemExit(f"--factor {options.factor} is not a power of two")
    state = loop.load_state(options.run / "checkpoint.pt")
    add_outliers(state.config, state.weights, options.channels, options.factor)
    options.out.mkdir(parents=True, exist_ok=True)
    loop.save_state(state, options.out / "checkpoint.pt")


if __name__ == "__main__":
    main()
