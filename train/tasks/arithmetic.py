"""Addition, subtraction, multiplication and comparison, worked digit by digit."""

from random import Random

from tasks.task import Task, question_and_answer, unordered


def number(rng: Random, digits: int) -> int:
    return rng.randint(10 ** (digits - 1) if digits > 1 else 0, 10**digits - 1)


def add_lines(a: int, b: int) -> list[str]:
    """One line a column from the right: digit + digit + carry = carry and digit."""
    lines, carry = [], 0
    while a or b or carry or not lines:
        total = a % 10 + b % 10 + carry
        lines.append(f"{a % 10}+{b % 10}+{carry}={total // 10}{total % 10}")
        a, b, carry = a // 10, b // 10, total // 10
        if not (a or b) and carry:
            lines.append(f"0+0+{carry}=0{carry}")
            break
    return lines


def subtract_lines(a: int, b: int) -> list[str]:
    """One line a column from the right: digit - digit - borrow = new borrow and digit; a >= b."""
    lines, borrow = [], 0
    while a or not lines:
        rest = a % 10 - b % 10 - borrow
        lines.append(f"{a % 10}-{b % 10}-{borrow}={int(rest < 0)}{rest % 10}")
        a, b, borrow = a // 10, b // 10, int(rest < 0)
    return lines


def times_digit_lines(a: int, digit: int) -> list[str]:
    """One line a column from the right: digit * digit + carry = carry and digit."""
    lines, carry = [], 0
    while a or not lines:
        total = a % 10 * digit + carry
        lines.append(f"{a % 10}*{digit}+{carry}={total // 10}{total % 10}")
        a, carry = a // 10, total // 10
    return lines


def multiply_lines(a: int, b: int) -> list[str]:
    """A row for each digit of b, each added to the sum of those before it."""
    lines: list[str] = []
    total = 0
    for place, digit in enumerate(reversed(str(b))):
        row = a * int(digit)
        lines += [f"{a}*{digit}:", *times_digit_lines(a, int(digit)), f"{row}"]
        if place == 0:
            total = row
            continue
        shifted = row * 10**place
        lines += [f"{total}+{shifted}:", *add_lines(total, shifted)]
        total += shifted
        lines.append(f"{total}")
    return lines


def addition(rng: Random, level: int) -> Task:
    """Level 1 to 5: numbers of level and level + 1 digits at most."""
    a, b = number(rng, rng.randint(level, level + 1)), number(rng, rng.randint(1, level + 1))
    if rng.random() < 0.5:
        a, b = b, a
    form = rng.choice(["What is {}+{}?", "{}+{}=?", "Add {} and {}.", "Calculate {}+{}."])
    think = "\n".join([f"{a}+{b}:", *add_lines(a, b), f"{a + b}"])
    return question_and_answer(
        "addition", level, form.format(a, b), think, str(a + b), unordered((a, b))
    )


def subtraction(rng: Random, level: int) -> Task:
    """Level 1 to 4; the result is never negative."""
    a, b = number(rng, level + 1), number(rng, rng.randint(1, level + 1))
    a, b = max(a, b), min(a, b)
    form = rng.choice(["What is {}-{}?", "{}-{}=?", "Calculate {}-{}."])
    think = "\n".join([f"{a}-{b}:", *subtract_lines(a, b), f"{a - b}"])
    return question_and_answer(
        "subtraction", level, form.format(a, b), think, str(a - b), unordered((a, b))
    )


def multiplication(rng: Random, level: int) -> Task:
    """Level 1: two digits by one; 2: two by two; 3: three by two; 4: three by three."""
    digits = {1: (2, 1), 2: (2, 2), 3: (3, 2), 4: (3, 3)}[level]
    a, b = (number(rng, n) for n in digits)
    form = rng.choice(["What is {}*{}?", "{}*{}=?", "Multiply {} by {}.", "Calculate {}*{}."])
    think = "\n".join(multiply_lines(a, b))
    return question_and_answer(
        "multiplication", level, form.format(a, b), think, str(a * b), unordered((a, b))
    )


def comparison(rng: Random, level: int) -> Task:
    """Two numbers of up to level + 2 digits that agree in some leading digits."""
    a = number(rng, level + 2)
    kept = rng.randint(0, level + 1)
    b = int(str(a)[:kept] + "".join(str(rng.randint(0, 9)) for _ in range(level + 2 - kept)))
    if rng.random() < 0.3:
        b = number(rng, rng.randint(1, level + 2))
    if a == b:
        b += 1
    larger = rng.random() < 0.5
    lines = [f"{a} has {len(str(a))} digits, {b} has {len(str(b))}."]
    if len(str(a)) == len(str(b)):
        for x, y in zip(str(a), str(b)):
            lines.append(f"{x}{'=' if x == y else '>' if x > y else '<'}{y}")
            if x != y:
                break
    answer = max(a, b) if larger else min(a, b)
    lines.append(f"The {'larger' if larger else 'smaller'} is {answer}.")
    question = f"Which number is {'larger' if larger else 'smaller'}, {a} or {b}?"
    return question_and_answer(
        "comparison", level, question, "\n".join(lines), str(answer), unordered((a, b))
    )
