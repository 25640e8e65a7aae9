"""Measures a run: bits per byte, accuracy by task and by allowed thinking, stories.

python evaluate.py --run RUN/nano --tokenizer RUN/tokenizer --data RUN/data
"""

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path

import torch

import generate
import loop
import model
import render
import tasks

BUDGETS = (0, 8, 16, 32, 64, 128, 256, 512)
ANSWER_LIMIT = 96
ROWS = 64
TEST_SEED = 1
WINDOW = 1024
TEXT_BYTES = 400_000


@dataclass(frozen=True)
class Subject:
    """The model under test with its tokenizer."""

    config: model.Config
    weights: model.Weights
    renderer: render.Renderer


@torch.inference_mode()
def bits_per_byte(subject: Subject, texts: list[str]) -> float:
    """Over windows of 1024 tokens, each predicted from its own beginning."""
    nats, n_bytes = 0.0, 0
    for text in texts:
        if n_bytes > TEXT_BYTES:
            break
        ids = subject.renderer.tokenizer.encode("<|endoftext|>" + text).ids
        n_bytes += len(text.encode())
        for start in range(0, len(ids) - 1, WINDOW):
            tokens = torch.tensor([ids[start : start + WINDOW + 1]])
            positions = torch.arange(tokens.shape[1] - 1)[None]
            states = model.hidden_states(subject.config, subject.weights, tokens[:, :-1], positions)
            scores = model.logits(subject.weights, states[0]).float()
            nats += torch.nn.functional.cross_entropy(scores, tokens[0, 1:], reduction="sum").item()
    return nats / math.log(2) / n_bytes


def prompt_ids(subject: Subject, task: tasks.Task, thinking: bool) -> list[int]:
    chat = {"messages": list(task.messages), "tools": list(task.tools)}
    text = render.text(subject.renderer, chat, prompt_only=True, thinking=thinking)
    return subject.renderer.tokenizer.encode(text).ids


def replies(subject: Subject, prompts: list[list[int]]) -> list[str]:
    """The answers that follow prompts whose thought is closed; equal prompts are asked once."""
    stops = (subject.renderer.turn_end,)
    unique = sorted({tuple(prompt) for prompt in prompts}, key=len)
    answers: dict[tuple[int, ...], str] = {}
    for start in range(0, len(unique), ROWS):
        rows = [list(prompt) for prompt in unique[start : start + ROWS]]
        found = generate.complete(subject.config, subject.weights, rows, ANSWER_LIMIT, stops)
        for row, ids in zip(rows, found):
            kept = [token for token in ids if token not in stops]
            text = subject.renderer.tokenizer.decode(kept, skip_special_tokens=False)
            answers[tuple(row)] = text
    return [answers[tuple(prompt)] for prompt in prompts]


def closed(subject: Subject, prompt: list[int], thought: list[int], budget: int) -> list[int]:
    """A prompt with its thought, which is cut and closed where it is longer than the budget."""
    if len(thought) <= budget and thought[-1] == subject.renderer.think_end:
        return prompt + thought + subject.renderer.close_think[-1:]
    return prompt + thought[:budget] + subject.renderer.close_think


def score(subject: Subject, found: list[tasks.Task]) -> dict:
    """Right answers for every thinking budget; the whole thought is made once and then cut.

    Budget 0 is the prompt with thinking switched off.
    """
    prompts = [prompt_ids(subject, task, True) for task in found]
    stops = (subject.renderer.think_end, subject.renderer.turn_end)
    thoughts = generate.complete(subject.config, subject.weights, prompts, BUDGETS[-1], stops)
    asked = [prompt_ids(subject, task, False) for task in found]
    for budget in BUDGETS[1:]:
        asked += [closed(subject, *pair, budget) for pair in zip(prompts, thoughts)]
    texts = replies(subject, asked)
    n = len(found)
    right = {
        budget: sum(map(tasks.correct, found, texts[i * n : (i + 1) * n]))
        for i, budget in enumerate(BUDGETS)
    }
    mean = sum(map(len, thoughts)) / n
    valid = sum(tasks.parsed(text) is not None for text in texts[-n:])
    return {"n": n, "right": right, "thinking_tokens": round(mean, 1), "valid_json": valid}


def score_kinds(subject: Subject, per_level: int) -> dict:
    """A row for each kind and level."""
    table: dict[str, dict] = {}
    for kind, (_, levels, _) in tasks.KINDS.items():
        table[kind] = {}
        for level in range(1, levels + 1):
            found = tasks.test_tasks(kind, level, TEST_SEED, per_level)
            if found:
                table[kind][level] = score(subject, found)
                print(kind, level, table[kind][level], flush=True)
    return table


def stories(subject: Subject, count: int, length: int) -> list[str]:
    """The first `count` seeds at temperature 0.8: nothing is selected."""
    chat = {"messages": [{"role": "user", "content": "Tell me a short story."}, {}]}
    text = render.text(subject.renderer, chat, prompt_only=True, thinking=False)
    prompt = subject.renderer.tokenizer.encode(text).ids
    result = []
    for seed in range(1, count + 1):
        ids = generate.complete(
            subject.config,
            subject.weights,
            [prompt],
            length,
            (subject.renderer.turn_end,),
            generate.Choice(0.8, seed),
        )[0]
        result.append(subject.renderer.tokenizer.decode(ids))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder that data.py wrote")
    parser.add_argument("--per-level", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_default_device(options.device)
    state = loop.load_state(options.run / "checkpoint.pt")
    weights = {name: tensor.detach().bfloat16().float() for name, tensor in state.weights.items()}
    subject = Subject(state.config, weights, render.open_renderer(options.tokenizer))
    texts = {
        name: json.loads((options.data / f"{name}.test.json").read_text("utf-8"))
        for name in ("stories", "prose")
    }
    result = {
        "tokens": state.tokens,
        "seconds": round(state.seconds),
        "bits_per_byte": {name: bits_per_byte(subject, rows) for name, rows in texts.items()},
        "stories": stories(subject, 10, 200),
        "tasks": score_kinds(subject, options.per_level),
    }
    (options.run / "results.json").write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
