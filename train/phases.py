"""What the two training commands share: their options and the start or resumption of a run."""

import argparse
from pathlib import Path

import torch

import batches
import loop
import model


def parse(description: str, tokens: int, minutes: float) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder that data.py wrote")
    parser.add_argument("--run", type=Path, required=True, help="folder of checkpoint and log")
    parser.add_argument("--model", choices=model.CONFIGS, default="millrace-tiny")
    parser.add_argument("--tokens", type=int, default=tokens)
    parser.add_argument("--minutes", type=float, default=minutes)
    parser.add_argument("--step-tokens", type=int, default=4096)
    parser.add_argument("--row", type=int, default=512)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--no-compile", action="store_true")
    return parser.parse_args()


def run(options: argparse.Namespace, name: str, chat_share: float, decays: bool) -> None:
    """Resumes from the run's checkpoint if it has one."""
    torch.set_num_threads(options.threads)
    torch.set_default_device(options.device)
    options.run.mkdir(parents=True, exist_ok=True)
    checkpoint = options.run / "checkpoint.pt"
    if checkpoint.exists():
        state = loop.load_state(checkpoint)
    else:
        state = loop.make_state(model.CONFIGS[options.model], options.seed)
    shape = batches.Shape(options.step_tokens, options.row, chat_share)
    phase = loop.Phase(name, shape, options.tokens, options.minutes, decays)
    data = batches.open_data(options.data)
    loop.run_phase(state, phase, data, options.run, not options.no_compile)
