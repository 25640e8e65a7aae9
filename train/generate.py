"""Batched generation with a key-value cache, greedy or sampled."""

from dataclasses import dataclass

import torch

import model


@dataclass(frozen=True)
class Choice:
    """How the next token is chosen: greedy at temperature 0, else from the seeded generator."""

    temperature: float = 0.0
    seed: int = 0


def left_padded(prompts: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Shapes: tokens and keep [rows, longest]; keep is false on the padding."""
    longest = max(map(len, prompts))
    tokens = torch.tensor([[0] * (longest - len(p)) + p for p in prompts])
    keep = torch.tensor([[False] * (longest - len(p)) + [True] * len(p) for p in prompts])
    return tokens, keep


def pick(scores: torch.Tensor, choice: Choice, generator: torch.Generator) -> torch.Tensor:
    if choice.temperature == 0:
        return scores.argmax(-1)
    chances = torch.softmax(scores / choice.temperature, -1)
    return torch.multinomial(chances, 1, generator=generator).squeeze(1)


@torch.inference_mode()
def complete(
    config: model.Config,
    weights: model.Weights,
    prompts: list[list[int]],
    limit: int,
    stops: tuple[int, ...],
    choice: Choice = Choice(),
) -> list[list[int]]:
    """What follows each prompt, up to `limit` tokens; a stop token ends a row and is kept."""
    tokens, keep = left_padded(prompts)
    rows, n = tokens.shape
    cache = model.make_cache(config, rows, n + limit)
    cache.keep[:, :n] = keep
    cache.keep[:, n:] = True
    positions = (keep.cumsum(1) - 1).clamp(min=0)
    generator = torch.Generator(torch.get_default_device()).manual_seed(choice.seed)
    results: list[list[int]] = [[] for _ in prompts]
    running = torch.ones(rows, dtype=torch.bool)
    for _ in range(limit):
        states = model.hidden_states(config, weights, tokens, positions, cache)
        chosen = pick(model.logits(weights, states[:, -1]), choice, generator)
        for row in running.nonzero().squeeze(1).tolist():
            results[row].append(int(chosen[row]))
            running[row] = int(chosen[row]) not in stops
        if not running.any():
            break
        tokens, positions = chosen.unsqueeze(1), positions[:, -1:] + 1
    return results
