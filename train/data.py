"""Builds the training data: token files of texts and of dialogues, both without held-out items.

python data.py --tokenizer RUN/tokenizer --out RUN/data --seed 1 --tasks 200000
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random

import numpy as np

import chats
import corpus
import render
import tasks

ENCODED_AT_ONCE = 32
FIM_SHARE = 0.5
THINKING_SHARE, CUT_SHARE = 0.65, 0.1


def fill_in_middle(rng: Random, text: str) -> str:
    """Prefix, suffix, then the middle, cut at two random places."""
    a, b = sorted(rng.sample(range(len(text)), 2))
    return f"<|fim_prefix|>{text[:a]}<|fim_suffix|>{text[b:]}<|fim_middle|>{text[a:b]}"


def code_texts(rng: Random, texts: list[str]) -> list[str]:
    """Code files, half of them as pieces of 1500 characters to be filled in."""
    result = []
    for text in texts:
        if rng.random() >= FIM_SHARE:
            result.append(text)
            continue
        pieces = [text[i : i + 1500] for i in range(0, len(text), 1500)]
        result += [fill_in_middle(rng, piece) for piece in pieces if len(piece) > 100]
    return result


def write_text(renderer: render.Renderer, texts: list[str], path: Path) -> None:
    """All texts in one row of ids, each followed by the end-of-text token."""
    end = renderer.tokenizer.token_to_id(corpus.END_OF_TEXT)
    parts: list[np.ndarray] = []
    for first in range(0, len(texts), ENCODED_AT_ONCE):
        for encoding in renderer.tokenizer.encode_batch_fast(
            texts[first : first + ENCODED_AT_ONCE]
        ):
            parts.append(np.array([*encoding.ids, end], np.uint16))
    ids = np.concatenate(parts)
    np.save(path, ids)
    n_bytes = sum(len(text.encode()) for text in texts)
    print(f"{path.name}: {len(ids)} tokens, {n_bytes} bytes", flush=True)


def encode_chat(renderer: render.Renderer, rng: Random, chat: dict) -> tuple[list[int], list[bool]]:
    """A dialogue with its thinking whole, absent or cut, chosen at random."""
    mode = rng.random()
    if mode >= THINKING_SHARE + CUT_SHARE:
        chat = render.without_thinking(chat)
    ids = renderer.tokenizer.encode(render.text(renderer, chat)).ids
    has_thought = "reasoning_content" in chat["messages"][-1]
    if has_thought and THINKING_SHARE <= mode < THINKING_SHARE + CUT_SHARE:
        return render.cut_thinking(renderer, ids, rng.random())
    return ids, render.learned(renderer, ids)


def write_chats(
    renderer: render.Renderer, rng: Random, rows: Iterable[dict], folder: Path, name: str
) -> None:
    """ids, marks and starts of the dialogues: NAME.ids.npy, NAME.marks.npy, NAME.starts.npy."""
    ids: list[np.ndarray] = []
    marks: list[np.ndarray] = []
    for chat in rows:
        row_ids, row_marks = encode_chat(renderer, rng, chat)
        ids.append(np.array(row_ids, np.uint16))
        marks.append(np.array(row_marks, bool))
    starts = np.cumsum([0, *(len(row) for row in ids)], dtype=np.int64)
    np.save(folder / f"{name}.ids.npy", np.concatenate(ids))
    np.save(folder / f"{name}.marks.npy", np.concatenate(marks))
    np.save(folder / f"{name}.starts.npy", starts)
    print(f"{name}: {len(ids)} dialogues, {starts[-1]} tokens", flush=True)


def task_chats(seed: int, count: int) -> Iterator[dict]:
    for task in tasks.training_tasks(seed, count):
        yield {"messages": list(task.messages), "tools": list(task.tools)}


def build(root: Path, tokenizer: Path, out: Path, seed: int, n_tasks: int) -> None:
    out.mkdir(parents=True, exist_ok=True)
    renderer = render.open_renderer(tokenizer)
    rng = Random(seed)
    for source in corpus.SOURCES:
        train, test = corpus.split_documents(corpus.read_documents(root, source))
        train = train[:: source.one_in]
        if source.name == "code":
            train = code_texts(rng, train)
        write_text(renderer, train, out / f"{source.name}.npy")
        (out / f"{source.name}.test.json").write_text(json.dumps(test), "utf-8")
    groups = {
        "tasks": task_chats(seed, n_tasks),
        "tales": chats.stories(root, rng, 6),
        "orders": chats.orders(root),
        "sums": chats.sums(root),
        "small_talk": (chat for _ in range(4) for chat in chats.small_talk()),
    }
    for name, rows in groups.items():
        write_chats(renderer, rng, rows, out, name)
    licences = [asdict(source) for source in corpus.SOURCES]
    record = {"seed": seed, "n_tasks": n_tasks, "sources": licences}
    (out / "record.json").write_text(json.dumps(record, indent=2) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data")
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tasks", type=int, default=200_000)
    options = parser.parse_args()
    root = corpus.data_root(options.data)
    build(root, options.tokenizer, options.out, options.seed, options.tasks)


if __name__ == "__main__":
    main()
