"""Counting words and sorting numbers."""

from random import Random

from tasks.task import Task, listed, question_and_answer, unordered

WORDS = (
    "cat dog bird fish cow horse sheep goat frog bear apple pear plum tree leaf rose star moon sun "
    "rain snow wind stone river boat house door king queen ship bread milk egg hat shoe book bell"
).split()


def counting(rng: Random, level: int) -> Task:
    """How often a word stands in a list of 3 * level + 2 words or fewer; the trace keeps count."""
    choice = rng.sample(WORDS, rng.randint(2, 4))
    words = [rng.choice(choice) for _ in range(rng.randint(3 * level, 3 * level + 2))]
    wanted = choice[0]
    count, lines = 0, []
    for word in words:
        count += word == wanted
        lines.append(f"{word} {count}")
    question = f"How many times does {wanted} appear in this list? {listed(words)}"
    return question_and_answer("counting", level, question, "\n".join(lines), str(count))


def sorting(rng: Random, level: int) -> Task:
    """Sort level + 2 numbers; the trace takes out the smallest again and again."""
    numbers = rng.sample(range(1, 100 if level < 4 else 1000), level + 2)
    left, lines = list(numbers), []
    while left:
        lines.append(f"{' '.join(map(str, left))}: {min(left)}")
        left.remove(min(left))
    question = f"Sort these numbers from small to large: {listed(numbers)}"
    answer = listed(sorted(numbers))
    think = "\n".join(lines)
    return question_and_answer("sorting", level, question, think, answer, unordered(numbers))
