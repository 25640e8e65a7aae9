"""Reach a target with all given numbers: a search with backtracking and a check at the end."""

import ast
from collections.abc import Iterator
from random import Random

from tasks.task import Task, listed, question_and_answer, unordered

LARGEST = 150


def results(a: int, b: int) -> Iterator[tuple[str, int]]:
    """The sums of two numbers that the search tries, in order; large products are left out."""
    yield f"{a}+{b}", a + b
    if a * b <= LARGEST:
        yield f"{a}*{b}", a * b
    yield (f"{a}-{b}", a - b) if a >= b else (f"{b}-{a}", b - a)


def search(numbers: tuple[int, ...], target: int) -> tuple[list[str], list[str]]:
    """The lines of the search up to the first hit, and the sums that reach the target."""
    if len(numbers) == 2:
        tried = []
        for text, value in results(*numbers):
            tried.append(f"{text}={value} {'yes' if value == target else 'no'}")
            if value == target:
                return [", ".join(tried)], [f"{text}={value}"]
        return [", ".join(tried)], []
    lines: list[str] = []
    for i, j in ((0, 1), (0, 2), (1, 2)):
        rest = numbers[3 - i - j]
        for text, value in results(numbers[i], numbers[j]):
            inner, steps = search((value, rest), target)
            lines.append(f"{text}={value}: {inner[0]}")
            if steps:
                return lines, [f"{text}={value}", *steps]
    return lines, []


def expression(steps: list[str]) -> str:
    """(3+7)*12 from 3+7=10 and 10*12=120."""
    if len(steps) == 1:
        return steps[0].split("=")[0]
    first, value = steps[0].split("=")
    second = steps[1].split("=")[0]
    sign = next(c for c in second if not c.isdigit())
    a, b = second.split(sign)
    return f"({first}){sign}{b}" if a == value else f"{a}{sign}({first})"


def countdown(rng: Random, level: int) -> Task:
    """Level 1: two numbers; level 2: three of at most 9; level 3: three of at most 15."""
    while True:
        count, largest = {1: (2, 20), 2: (3, 9), 3: (3, 15)}[level]
        numbers = tuple(rng.randint(2, largest) for _ in range(count))
        value = numbers[0]
        for other in rng.sample(numbers[1:], count - 1):
            value = rng.choice([v for _, v in results(value, other)])
        lines, steps = search(numbers, value)
        if steps:
            break
    check = f"Wait, let me check: {listed(steps)}. Correct."
    question = f"Use each of {listed(numbers)} once with + - * to make {value}."
    think = "\n".join([*lines, check])
    core = f"{unordered(numbers)} to {value}"
    return question_and_answer("countdown", level, question, think, expression(steps), core)


def evaluate(node: ast.AST) -> tuple[int, list[int]]:
    """Value of an expression of whole numbers with + - *, and the numbers it uses."""
    match node:
        case ast.Expression():
            return evaluate(node.body)
        case ast.Constant(value=int(value)):
            return value, [value]
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() as op, right=right):
            (a, first), (b, second) = evaluate(left), evaluate(right)
            value = (
                a + b if isinstance(op, ast.Add) else a - b if isinstance(op, ast.Sub) else a * b
            )
            return value, first + second
    raise ValueError("not a sum of whole numbers")


def reaches(task: Task, answer: str) -> bool:
    """Whether the expression, any that does, uses the numbers and hits the target."""
    question = task.messages[0]["content"]
    given, target = question.removeprefix("Use each of ").split(" once with + - * to make ")
    try:
        value, used = evaluate(ast.parse(answer.strip(), mode="eval"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    wanted = sorted(int(n) for n in given.split(", "))
    return value == int(target.rstrip(".")) and sorted(used) == wanted
