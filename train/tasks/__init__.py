"""Seeded generators of tasks with checkable answers; KINDS names them with their levels."""

import json
from collections.abc import Callable, Iterator
from random import Random

import corpus
from tasks import arithmetic, countdown, dates, lists, structured, words
from tasks.task import Task, key

Generator = Callable[[Random, int], Task]

KINDS: dict[str, tuple[Generator, int, float]] = {
    # name: generator, number of levels, share of the training tasks
    "addition": (arithmetic.addition, 5, 1.0),
    "subtraction": (arithmetic.subtraction, 4, 1.0),
    "multiplication": (arithmetic.multiplication, 4, 2.0),
    "comparison": (arithmetic.comparison, 3, 0.5),
    "counting": (lists.counting, 5, 0.7),
    "sorting": (lists.sorting, 5, 0.7),
    "date": (dates.date, 3, 0.7),
    "word problem": (words.word_problem, 5, 1.2),
    "countdown": (countdown.countdown, 3, 1.2),
    "json": (structured.json_extraction, 4, 1.0),
    "tool call": (structured.tool_call, 3, 1.0),
}


def training_tasks(seed: int, count: int) -> Iterator[Task]:
    """`count` tasks of all kinds, none of which is held out."""
    rng = Random(f"train {seed}")
    names, shares = list(KINDS), [share for _, _, share in KINDS.values()]
    while count > 0:
        generate, levels, _ = KINDS[rng.choices(names, shares)[0]]
        task = generate(rng, rng.randint(1, levels))
        if not corpus.held_out(key(task)):
            count -= 1
            yield task


def test_tasks(kind: str, level: int, seed: int, count: int) -> list[Task]:
    """`count` different held-out tasks of one kind and level (fewer if there are not so many)."""
    generate = KINDS[kind][0]
    rng = Random(f"test {seed} {kind} {level}")
    found: dict[str, Task] = {}
    for _ in range(400 * count):
        task = generate(rng, level)
        if task.kind == kind and corpus.held_out(key(task)):
            found.setdefault(key(task), task)
        if len(found) == count:
            break
    return list(found.values())


def correct(task: Task, reply: str) -> bool:
    """Whether a reply (what follows the thinking) answers the task."""
    if task.kind == "countdown":
        return countdown.reaches(task, reply)
    if task.kind == "json":
        return parsed(reply) == parsed(task.answer)
    if task.kind == "tool call":
        inner = reply.strip().removeprefix("<tool_call>").removesuffix("</tool_call>")
        return reply.strip().startswith("<tool_call>") and parsed(inner) == parsed(task.answer)
    return reply.strip() == task.answer


def parsed(text: str) -> object:
    """The JSON value, or None where it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None
