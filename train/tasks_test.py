"""python -m unittest tasks_test: needs the standard library only."""

import re
import unittest
from dataclasses import replace
from random import Random

import corpus
import tasks
from tasks import arithmetic

SUM = re.compile(r"(\d)([+*-])(\d)([+-])(\d)=(\d)(\d)")


def value(sum_: tuple[str, ...]) -> bool:
    """Whether one line of a trace is true; of a difference the first digit is the borrow."""
    a, sign, b, _, carry, tens, ones = sum_
    x, y, c, high, low = (int(digit) for digit in (a, b, carry, tens, ones))
    if sign == "-":
        return x - y - c == low - 10 * high
    return (x * y if sign == "*" else x + y) + c == 10 * high + low


def reply(task: tasks.Task) -> str:
    content = task.messages[-1]["content"]
    return content or f"<tool_call>\n{task.answer}\n</tool_call>"


class TasksTest(unittest.TestCase):
    def all_levels(self, count: int) -> list[tasks.Task]:
        rng = Random(5)
        return [
            generate(rng, level)
            for generate, levels, _ in tasks.KINDS.values()
            for level in range(1, levels + 1)
            for _ in range(count)
        ]

    def test_own_replies_are_correct_and_others_are_not(self) -> None:
        for task in self.all_levels(50):
            self.assertTrue(tasks.correct(task, reply(task)), task)
            self.assertFalse(tasks.correct(task, "7 apples"), task)

    def test_every_line_of_digit_work_is_true(self) -> None:
        for task in self.all_levels(50):
            for line in SUM.findall(task.messages[-1]["reasoning_content"]):
                self.assertTrue(value(line), (task, line))

    def test_digit_lines_spell_the_result(self) -> None:
        rng = Random(6)
        for _ in range(500):
            a, b = rng.randint(0, 99999), rng.randint(0, 99999)
            cases = (
                (arithmetic.add_lines(a, b), a + b),
                (arithmetic.subtract_lines(max(a, b), min(a, b)), abs(a - b)),
            )
            for lines, result in cases:
                self.assertEqual(int("".join(line[-1] for line in reversed(lines))), result)

    def test_no_test_task_is_trained_on(self) -> None:
        trained = {tasks.key(task) for task in tasks.training_tasks(1, 20_000)}
        for kind, (_, levels, _) in tasks.KINDS.items():
            for level in range(1, levels + 1):
                found = tasks.test_tasks(kind, level, 1, 20)
                self.assertTrue(found, (kind, level))
                for task in found:
                    self.assertTrue(corpus.held_out(tasks.key(task)))
                    self.assertNotIn(tasks.key(task), trained)

    def test_countdown_takes_any_way_to_the_target(self) -> None:
        task = tasks.KINDS["countdown"][0](Random(1), 1)
        question = {"role": "user", "content": "Use each of 3, 4, 2 once with + - * to make 14."}
        task = replace(task, messages=(question, *task.messages[1:]))
        for answer, good in (
            ("(3+4)*2", True),
            ("2*(4+3)", True),
            ("3*4+2", True),
            ("14", False),
            ("7*2", False),
            ("__import__('os')", False),
        ):
            self.assertEqual(tasks.correct(task, answer), good, answer)


if __name__ == "__main__":
    unittest.main()
