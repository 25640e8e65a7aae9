"""Batches drawn from the token files; a batch depends on the seed and the step alone."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

TEXT_SHARES = {"stories": 0.55, "prose": 0.3, "code": 0.15}
CHAT_SHARES = {"tasks": 0.87, "tales": 0.06, "orders": 0.02, "sums": 0.02, "small_talk": 0.03}
LONG_ONE_IN = 16
LONG = 2048
TRIES = 3


@dataclass(frozen=True)
class Chats:
    """Dialogues one after another: dialogue i is ids[starts[i] : starts[i + 1]]."""

    ids: np.ndarray
    marks: np.ndarray
    starts: np.ndarray


@dataclass(frozen=True)
class Data:
    texts: dict[str, np.ndarray]
    chats: dict[str, Chats]


@dataclass(frozen=True)
class Shape:
    """A step's tokens and the length of its rows; one step in sixteen has rows of 2048."""

    tokens: int
    row: int
    chat_share: float


def open_data(folder: Path) -> Data:
    def load(name: str) -> np.ndarray:
        return np.load(folder / f"{name}.npy", mmap_mode="r")

    chats = {
        name: Chats(*(load(f"{name}.{part}") for part in ("ids", "marks", "starts")))
        for name in CHAT_SHARES
    }
    return Data({name: load(name) for name in TEXT_SHARES}, chats)


def draw(rng: np.random.Generator, shares: dict[str, float]) -> str:
    weights = np.array(list(shares.values()))
    return list(shares)[rng.choice(len(shares), p=weights / weights.sum())]


def text_row(rng: np.random.Generator, data: Data, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A window of a text, every token of which is learned."""
    ids = data.texts[draw(rng, TEXT_SHARES)]
    start = rng.integers(0, len(ids) - n - 1)
    return np.asarray(ids[start : start + n + 1]), np.ones(n + 1, bool)


def chat_row(rng: np.random.Generator, data: Data, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole dialogues until the row is full; only one longer than the row is cut."""
    ids = np.zeros(n + 1, np.uint16)
    marks = np.zeros(n + 1, bool)
    at, tries = 0, 0
    while tries < TRIES:
        chats = data.chats[draw(rng, CHAT_SHARES)]
        i = rng.integers(0, len(chats.starts) - 1)
        start, end = chats.starts[i], chats.starts[i + 1]
        if at and at + end - start > n + 1:
            tries += 1
            continue
        end = min(end, start + n + 1)
        ids[at : at + end - start] = chats.ids[start:end]
        marks[at : at + end - start] = chats.marks[start:end]
        at += end - start
    return ids, marks


def make_batch(data: Data, shape: Shape, seed: int, step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Shapes: tokens [rows, n + 1] int64; counted [rows, n], true where the target is learned."""
    rng = np.random.default_rng([seed, step])
    n = LONG if step % LONG_ONE_IN == LONG_ONE_IN - 1 else shape.row
    rows = [
        (chat_row if rng.random() < shape.chat_share else text_row)(rng, data, n)
        for _ in range(max(1, shape.tokens // n))
    ]
    tokens = np.stack([ids for ids, _ in rows]).astype(np.int64)
    counted = np.stack([marks for _, marks in rows])[:, 1:]
    return torch.from_numpy(tokens), torch.from_numpy(counted)
