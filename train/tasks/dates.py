"""Days of the year."""

from random import Random

from tasks.task import Task, question_and_answer

MONTHS = (
    ("January", 31),
    ("February", 28),
    ("March", 31),
    ("April", 30),
    ("May", 31),
    ("June", 30),
    ("July", 31),
    ("August", 31),
    ("September", 30),
    ("October", 31),
    ("November", 30),
    ("December", 31),
)


def date(rng: Random, level: int) -> Task:
    """The date up to 25 * level days later in a year of 365 days; a line for each month passed."""
    month = rng.randrange(12)
    day = rng.randint(1, MONTHS[month][1])
    added = rng.randint(25 * level - 24, 25 * level)
    question = f"What is the date {added} days after {day} {MONTHS[month][0]}? (no leap year)"
    total = day + added
    lines = [f"{day}+{added}={total}"]
    while total > MONTHS[month][1]:
        name, length = MONTHS[month]
        lines.append(f"{name} has {length}: {total}-{length}={total - length}")
        total -= length
        month = (month + 1) % 12
    answer = f"{total} {MONTHS[month][0]}"
    lines.append(answer)
    return question_and_answer("date", level, question, "\n".join(lines), answer)
