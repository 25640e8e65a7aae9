"""Small word problems: a quantity that changes in up to five steps."""

from random import Random

from tasks.task import Task, question_and_answer

NAMES = (
    "Anna Ben Clara David Ella Finn Grace Hugo Iris Jack Kate Leo Mary Noah Olga Paul Rosa Sam "
    "Tina Victor"
).split()
THINGS = (
    "apples books cards coins eggs flowers marbles nuts pears pencils shells stamps stones tickets"
).split()


def step(rng: Random, have: int, name: str) -> tuple[str, str, int]:
    """A sentence, its sum and the new quantity, kept between 1 and 99."""
    options = []
    if have < 90:
        more = rng.randint(2, min(30, 99 - have))
        options.append((f"{name} finds {more} more.", f"{have}+{more}={have + more}", have + more))
    if have > 3:
        less = rng.randint(1, have - 1)
        verb = rng.choice(["gives away", "loses", "sells"])
        options.append((f"{name} {verb} {less}.", f"{have}-{less}={have - less}", have - less))
    if have <= 33:
        times = rng.randint(2, 99 // have if have > 9 else 9)
        sentence = f"Then {name} has {times} times as many."
        options.append((sentence, f"{have}*{times}={have * times}", have * times))
    return rng.choice(options)


def word_problem(rng: Random, level: int) -> Task:
    """`level` steps, one line of the trace for each."""
    name, things = rng.choice(NAMES), rng.choice(THINGS)
    have = rng.randint(2, 30)
    sentences, lines = [f"{name} has {have} {things}."], []
    for _ in range(level):
        sentence, line, have = step(rng, have, name)
        sentences.append(sentence)
        lines.append(line)
    question = " ".join([*sentences, f"How many {things} does {name} have now?"])
    return question_and_answer("word problem", level, question, "\n".join(lines), str(have))
