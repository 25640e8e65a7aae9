"""Checks a GGUF against llama.cpp: tokens, greedy replies and the KL of its next-token chances.

pip install llama-cpp-python==0.3.36
python agree_llama.py --run RUN/nano --tokenizer RUN/tokenizer --gguf nano.gguf
"""

import argparse
from pathlib import Path

import llama_cpp
import numpy as np
import torch

import evaluate
import export
import generate
import loop
import model
import render
import tasks

LENGTH = 150
SEED = 9


@torch.inference_mode()
def our_scores(subject: evaluate.Subject, ids: list[int]) -> torch.Tensor:
    """Log-probabilities after every token. Shapes: [tokens, vocabulary]."""
    positions = torch.arange(len(ids))[None]
    states = model.hidden_states(subject.config, subject.weights, torch.tensor([ids]), positions)
    return torch.log_softmax(model.logits(subject.weights, states[0]), -1)


def compare(subject: evaluate.Subject, other: llama_cpp.Llama, kind: str) -> tuple[int, int, float]:
    """Prints where llama.cpp first chooses otherwise in our greedy reply, and our gap there.

    Gives the tokens chosen alike, all tokens, and the sum of KL(ours || theirs) over them.
    """
    task = tasks.test_tasks(kind, 2, SEED, 1)[0]
    prompt = evaluate.prompt_ids(subject, task, True)
    chat = {"messages": list(task.messages), "tools": list(task.tools)}
    text = render.text(subject.renderer, chat, prompt_only=True)
    if other.tokenize(text.encode(), add_bos=False, special=True) != prompt:
        raise SystemExit(f"{kind}: llama.cpp finds other tokens")
    stops = (subject.renderer.turn_end,)
    reply = generate.complete(subject.config, subject.weights, [prompt], LENGTH, stops)[0]
    other.reset()
    other.eval(prompt + reply)
    theirs = torch.log_softmax(torch.tensor(np.array(other.scores[: other.n_tokens])), -1)
    ours = our_scores(subject, prompt + reply)
    alike = ours.argmax(-1) == theirs.argmax(-1)
    first = next((i for i in range(len(prompt) - 1, len(alike) - 1) if not alike[i]), None)
    if first is None:
        print(f"{kind}: all {len(reply)} tokens of the reply agree")
    else:
        top = ours[first].topk(2).values
        gap = float(top[0] - top[1])
        print(f"{kind}: {first - len(prompt) + 1} of {len(reply)} agree, then a gap of {gap:.4f}")
    kl = (ours.exp() * (ours - theirs)).sum()
    return int(alike.sum()), len(alike), float(kl)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--gguf", type=Path, required=True)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    state = loop.load_state(options.run / "checkpoint.pt")
    weights = {name: w.float() for name, w in export.published_weights(state).items()}
    subject = evaluate.Subject(state.config, weights, render.open_renderer(options.tokenizer))
    other = llama_cpp.Llama(
        str(options.gguf), n_ctx=1024, n_threads=options.threads, logits_all=True, verbose=False
    )
    rows = [compare(subject, other, kind) for kind in tasks.KINDS]
    alike, n, kl = (sum(column) for column in zip(*rows))
    print(f"top-1 agreement {100 * alike / n:.2f} % of {n} tokens, mean KL {kl / n:.2e} nats")


if __name__ == "__main__":
    main()
