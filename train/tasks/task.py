"""What a generated task is: a dialogue whose last message is the wanted reply, and its check."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """`messages` end with the assistant's reply; `answer` is what a checker compares with.

    `level` orders the difficulty within a kind: the trace of a higher level is longer. `core` is
    what is asked whatever the wording; empty where the wording is part of it.
    """

    kind: str
    level: int
    messages: tuple[dict, ...]
    answer: str
    tools: tuple[dict, ...] = ()
    core: str = ""


def question_and_answer(
    kind: str, level: int, question: str, think: str, answer: str, core: str = ""
) -> Task:
    reply = {"role": "assistant", "reasoning_content": think, "content": answer}
    messages = ({"role": "user", "content": question}, reply)
    return Task(kind, level, messages, answer, core=core)


def key(task: Task) -> str:
    """What the task asks, without the reply: equal keys are the same task."""
    if task.core:
        return f"{task.kind} {task.core}"
    return json.dumps([task.messages[:-1], task.tools], sort_keys=True)


def unordered(numbers: Iterable[int]) -> str:
    return listed(sorted(numbers))


def listed(items: Sequence[object]) -> str:
    return ", ".join(str(item) for item in items)
