#!/usr/bin/env python3
"""Thoughts, budgets and stop strings of `millrace run`, with the model that ships."""
import json
import os
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
QUESTION = "What is 12 + 7?"


def run(*args, **options):
    return subprocess.run([PROGRAM, "run", QUESTION, "--temp", "0", *map(str, args)],
                          capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, **options)


def answer(*args):
    done = run("--json", *args)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Thoughts(unittest.TestCase):
    def test_the_answer_goes_to_stdout_and_the_thought_to_stderr(self):
        said, done = answer(), run()
        self.assertTrue(said["reasoning"])
        self.assertEqual(said["text"], done.stdout)
        self.assertIn(said["reasoning"], done.stderr)
        for mark in ("<think>", "</think>"):
            self.assertNotIn(mark, done.stdout + done.stderr)

    def test_off_there_is_none(self):
        for flags in (["--think", "off"], ["--reasoning-budget", 0]):
            said = answer(*flags)
            self.assertEqual("", said["reasoning"])
            self.assertEqual(0, said["reasoning_tokens"])
            self.assertTrue(said["text"])
        env = dict(os.environ, MILLRACE_THINK="off")
        self.assertNotIn("(thinking)", run(env=env).stderr)

    def test_on_is_what_the_template_says_of_itself(self):
        self.assertEqual(answer()["reasoning"], answer("--think", "on")["reasoning"])

    def test_a_budget_that_is_not_reached_changes_nothing(self):
        free = answer()
        held = answer("--reasoning-budget", free["reasoning_tokens"] + 1)
        self.assertEqual((free["reasoning"], free["text"]), (held["reasoning"], held["text"]))

    def test_budget_then_message_then_close(self):
        free = answer()["reasoning"]
        for budget in (1, 3, 7):
            plain = answer("--reasoning-budget", budget, "--reasoning-budget-message", "")
            self.assertEqual(budget, plain["reasoning_tokens"])
            self.assertTrue(free.startswith(plain["reasoning"]))
            self.assertEqual("stop", plain["finish_reason"])
            said = answer("--reasoning-budget", budget, "--reasoning-budget-message", " Enough!")
            self.assertTrue(said["reasoning"].endswith(" Enough!"), said["reasoning"])
            self.assertTrue(said["text"])
            self.assertLess(said["steps"], said["tokens"])  # the message goes in one step

    def test_grace_lets_the_model_go_on(self):
        short = answer("--reasoning-budget", 4, "--reasoning-budget-message", " So")
        long = answer("--reasoning-budget", 4, "--reasoning-budget-message", " So",
                      "--reasoning-budget-grace", 3)
        self.assertTrue(long["reasoning"].startswith(short["reasoning"]))
        self.assertLessEqual(long["reasoning_tokens"], short["reasoning_tokens"] + 3)
        self.assertGreater(long["reasoning_tokens"], short["reasoning_tokens"])

    def test_where_thoughts_go(self):
        apart = answer()
        self.assertEqual(apart, {**apart, **{k: v for k, v in answer(
            "--reasoning-format", "auto").items() if k in ("text", "reasoning")}})
        deepseek = answer("--reasoning-format", "deepseek")
        self.assertNotIn("reasoning", deepseek)
        self.assertEqual((apart["reasoning"], apart["text"]),
                         (deepseek["reasoning_content"], deepseek["text"]))
        within = answer("--reasoning-format", "none")
        self.assertEqual("", within["reasoning"])
        self.assertRegex(within["text"], r"(?s)\A<think>\n.+\n</think>\n")
        thought, text = within["text"].removeprefix("<think>").split("</think>")
        self.assertEqual((apart["reasoning"], apart["text"]),
                         (thought.strip("\n"), text.lstrip("\n")))
        self.assertEqual(within["text"], run("--reasoning-format", "none").stdout)

    def test_wrong_values(self):
        for flags in (["--think", "maybe"], ["--reasoning-format", "some"],
                      ["--reasoning-budget", "-2"],
                      ["--reasoning-budget", "many"], ["--reasoning-budget-grace", "-1"]):
            done = run(*flags)
            self.assertEqual(2, done.returncode, flags)
            self.assertEqual(1, done.stderr.count("\n"), done.stderr)


class StopStrings(unittest.TestCase):
    def test_every_part_of_an_answer_can_stop_it(self):
        flags = ("--think", "off", "-n", 40, "--ignore-eos", "--seed", 1)
        whole = answer(*flags)["text"]
        self.assertGreater(len(whole), 20)
        for begin in range(0, 20):
            for length in (1, 2, 5):
                stop = whole[begin:begin + length]
                at = whole.index(stop)
                if begin % 7 and length != 2:
                    continue
                self.assertEqual(whole[:at], answer(*flags, "--stop", stop)["text"], stop)
                self.assertEqual(whole[:at] + stop,
                                 answer(*flags, "--stop", stop, "--include-stop")["text"])
        self.assertEqual("stop", answer(*flags, "--stop", whole[5:8])["finish_reason"])
        self.assertEqual(whole, answer(*flags, "--stop", "\u2603")["text"])


class Output(unittest.TestCase):
    def test_a_stdout_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([PROGRAM, "run", QUESTION, "--think", "off"], stdout=full,
                                  stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                                  timeout=120)
        self.assertEqual(1, done.returncode)
        self.assertIn("standard output cannot be written", done.stderr)


if __name__ == "__main__":
    unittest.main()
