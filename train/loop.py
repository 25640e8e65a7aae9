"""The training loop that both phases share: optimizers, checkpoints, log and rate of learning."""

import json
import os
import platform
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

import batches
import model

CHECKPOINT_SECONDS = 480
LOG_STEPS = 20
WARMUP_STEPS = 100
MUON_RATE, ADAM_RATE = 0.02, 0.003


@dataclass(frozen=True)
class Phase:
    """One phase of training; it ends after `tokens` or `minutes`, whichever comes first.

    With `decays` the learning rate falls linearly to nothing over the phase.
    """

    name: str
    shape: batches.Shape
    tokens: int
    minutes: float
    decays: bool


@dataclass
class State:
    """All that a checkpoint keeps."""

    config: model.Config
    weights: model.Weights
    muon: torch.optim.Muon
    adam: torch.optim.AdamW
    seed: int
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    phases: dict[str, dict] = field(default_factory=dict)


def make_state(config: model.Config, seed: int, weights: model.Weights | None = None) -> State:
    """Muon for the matrices of the layers, AdamW for the embedding and the norms."""
    weights = weights or model.make_weights(config, seed)
    for tensor in weights.values():
        tensor.requires_grad_(True)
    matrices = [w for name, w in weights.items() if w.dim() == 2 and "embed" not in name]
    others = [w for name, w in weights.items() if w.dim() == 1 or "embed" in name]
    muon = torch.optim.Muon(matrices, lr=MUON_RATE, weight_decay=0.02)
    adam = torch.optim.AdamW(others, lr=ADAM_RATE, betas=(0.9, 0.95), weight_decay=0.0)
    return State(config, weights, muon, adam, seed)


def save_state(state: State, path: Path) -> None:
    """Written beside and renamed, so that a stop never leaves half a checkpoint."""
    record = {
        "config": model.as_dict(state.config),
        "weights": {name: tensor.detach() for name, tensor in state.weights.items()},
        "muon": state.muon.state_dict(),
        "adam": state.adam.state_dict(),
        "counts": (state.seed, state.step, state.tokens, state.seconds, state.phases),
    }
    torch.save(record, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def load_state(path: Path) -> State:
    record = torch.load(path, weights_only=True, map_location=torch.get_default_device())
    state = make_state(model.Config(**record["config"]), 0, record["weights"])
    state.muon.load_state_dict(record["muon"])
    state.adam.load_state_dict(record["adam"])
    state.seed, state.step, state.tokens, state.seconds, state.phases = record["counts"]
    return state


def log(folder: Path, **entry: object) -> None:
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")


def train_step(state: State, phase: Phase, data: batches.Data, rate: float, compiled) -> float:
    """One step of both optimizers at a share of their rates; gives the mean loss in nats.

    `compiled` computes the states of rows of the usual length; the few long ones are not worth it.
    """
    device = torch.get_default_device()
    batch = batches.make_batch(data, phase.shape, state.seed, state.step)
    tokens, counted = (part.to(device) for part in batch)
    states_of = compiled if counted.shape[1] == phase.shape.row else model.hidden_states
    with torch.autocast(device.type, torch.bfloat16):
        total = model.loss_sum(state.config, state.weights, tokens, counted, states_of)
    loss = total / counted.sum()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(state.weights.values(), 1.0)
    for optimizer, full in ((state.muon, MUON_RATE), (state.adam, ADAM_RATE)):
        optimizer.param_groups[0]["lr"] = full * rate
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    state.step += 1
    state.tokens += counted.numel()
    return loss.item()


def progress(phase: Phase, spent: dict) -> float:
    """How much of the phase is over, from 0 to 1."""
    return min(1.0, max(spent["tokens"] / phase.tokens, spent["seconds"] / (60 * phase.minutes)))


def run_phase(state: State, phase: Phase, data: batches.Data, folder: Path, compile_: bool) -> None:
    """Trains until the phase is over, with a checkpoint every eight minutes and at its end."""
    compiled = (
        torch.compile(model.hidden_states, dynamic=False) if compile_ else model.hidden_states
    )
    spent = state.phases.setdefault(phase.name, {"tokens": 0, "seconds": 0.0})
    versions = {"torch": torch.__version__, "python": platform.python_version()}
    log(folder, phase=phase.name, seed=state.seed, step=state.step, **versions)
    saved = last = time.monotonic()
    losses: list[float] = []
    while (done := progress(phase, spent)) < 1.0:
        rate = min(1.0, (state.step + 1) / WARMUP_STEPS) * (1.0 - done if phase.decays else 1.0)
        before = state.tokens
        losses.append(train_step(state, phase, data, rate, compiled))
        now = time.monotonic()
        spent["tokens"] += state.tokens - before
        spent["seconds"] += now - last
        state.seconds += now - last
        last = now
        if state.step % LOG_STEPS == 0:
            mean = sum(losses) / len(losses)
            entry = {"step": state.step, "tokens": state.tokens, "seconds": round(state.seconds, 1)}
            log(folder, phase=phase.name, **entry, loss=round(mean, 4), rate=round(rate, 4))
            losses.clear()
        if now - saved > CHECKPOINT_SECONDS:
            save_state(state, folder / "checkpoint.pt")
            saved = now
    save_state(state, folder / "checkpoint.pt")
