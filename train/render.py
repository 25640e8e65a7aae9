"""Dialogues as token ids, with the tokens that the model has to learn marked."""

import json
from dataclasses import dataclass
from pathlib import Path

import jinja2.ext
import jinja2.sandbox
from tokenizers import Tokenizer


@dataclass(frozen=True)
class Renderer:
    """The chat template beside the tokenizer, and the ids that delimit turns."""

    tokenizer: Tokenizer
    template: jinja2.Template
    header: list[int]
    empty_think: list[int]
    close_think: list[int]
    think_end: int
    turn_end: int


def open_renderer(folder: Path) -> Renderer:
    """Reads tokenizer.json and chat_template.jinja; renders as Hugging Face transformers does."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return Renderer(
        tokenizer,
        environment.from_string((folder / "chat_template.jinja").read_text("utf-8")),
        tokenizer.encode("<|im_start|>assistant\n").ids,
        tokenizer.encode("<think>\n\n</think>\n\n").ids,
        tokenizer.encode("\n</think>\n\n").ids,
        tokenizer.token_to_id("</think>"),
        tokenizer.token_to_id("<|im_end|>"),
    )


def text(
    renderer: Renderer, chat: dict, *, prompt_only: bool = False, thinking: bool = True
) -> str:
    """The dialogue as text; `prompt_only` leaves out the last message and opens its turn."""
    messages = chat["messages"][:-1] if prompt_only else chat["messages"]
    return renderer.template.render(
        messages=messages,
        tools=chat.get("tools") or None,
        add_generation_prompt=prompt_only,
        enable_thinking=thinking,
    )


def without_thinking(chat: dict) -> dict:
    last = {k: v for k, v in chat["messages"][-1].items() if k != "reasoning_content"}
    return chat | {"messages": [*chat["messages"][:-1], last]}


def learned(renderer: Renderer, ids: list[int]) -> list[bool]:
    """Marks the assistant's turns up to their end; an empty thought is given, not learned."""
    marks = [False] * len(ids)
    n_header, n_empty = len(renderer.header), len(renderer.empty_think)
    i = 0
    while i < len(ids):
        if ids[i : i + n_header] != renderer.header:
            i += 1
            continue
        i += n_header
        if ids[i : i + n_empty] == renderer.empty_think:
            i += n_empty
        while i < len(ids):
            marks[i] = True
            i += 1
            if ids[i - 1] == renderer.turn_end:
                break
    return marks


def cut_thinking(renderer: Renderer, ids: list[int], share: float) -> tuple[list[int], list[bool]]:
    """The dialogue with its last thought cut to a share, closed as an engine's budget closes it.

    Only what follows the thought is marked, so that the model learns to answer from what it has.
    """
    starts = [i for i in range(len(ids)) if ids[i : i + len(renderer.header)] == renderer.header]
    start = starts[-1] + len(renderer.header) + 2
    end = len(ids) - 1 - ids[::-1].index(renderer.think_end)
    kept = ids[: start + int(share * (end - start))] + renderer.close_think
    answer = ids[end + 2 :]
    marks = [False] * len(kept) + [True] * len(answer)
    if renderer.turn_end in answer:
        after = len(kept) + answer.index(renderer.turn_end) + 1
        marks[after:] = [False] * (len(marks) - after)
    return kept + answer, marks
