#!/usr/bin/env python3
"""`millrace chat` at a terminal (tmux): answers, interrupts, another answer, resizes, leaving."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from terminal import Terminal, has_tmux

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
ENDLESS = "--think off --ignore-eos -c 65536"  # an answer that nobody waits for
CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|\x1b[=>78M]|\x1b\][^\x07]*\x07")

SAVED = re.compile(r"saved \d+ messages\n>>>$")


class Chat(unittest.TestCase):
    def setUp(self):
        self.home = tempfile.TemporaryDirectory()
        self.addCleanup(self.home.cleanup)

    def chat(self, flags="", env=(), command="{} chat {}", **size):
        program = command.format(PROGRAM, flags)
        terminal = Terminal(f"cd {self.home.name}; {program}",
                            env=(f"XDG_STATE_HOME={self.home.name}", *env), **size)
        self.addCleanup(terminal.close)
        return terminal

    def said(self, terminal):
        """The messages so far, as /save writes them."""
        self.n_saved = getattr(self, "n_saved", 0) + 1
        file = Path(self.home.name) / f"{self.n_saved}.json"
        terminal.line(f"/save {file.name}")
        terminal.until(lambda s: file.exists() and SAVED.search(s.rstrip()))
        return json.loads(file.read_text())["messages"]

    def test_question_answer_and_leaving(self):
        terminal = self.chat("--temp 0 --verbose")
        terminal.until_prompts(1)
        terminal.line("What is 12 + 7?")
        terminal.until_prompts(2)
        terminal.line("And 3 + 4?")
        screen = terminal.until_prompts(3)
        cached = [int(n) for n in re.findall(r"(\d+) of them cached", screen)]
        self.assertEqual(0, cached[0])
        self.assertGreater(cached[1], 10)  # the turn before was not computed again
        messages = self.said(terminal)
        self.assertEqual(["user", "assistant"] * 2, [m["role"] for m in messages])
        for message in messages:
            self.assertIn(message["content"].strip(), screen)
        self.assertIn(b"\x1b[2m", terminal.raw())  # the thought is dim
        terminal.key("C-d")
        terminal.until("[exit 0]")
        self.assertNotIn(b"\x1b[2m", CONTROL.sub(b"", terminal.raw()))
        self.assertNotIn(b"\x1b", CONTROL.sub(b"", terminal.raw()))

    def test_an_interrupt_stops_the_answer_alone(self):
        terminal = self.chat(ENDLESS)
        terminal.until_prompts(1)
        terminal.line("Tell me a story.")
        terminal.until(lambda s: len(s.split("Tell me a story.")[-1].split()) > 5)
        terminal.key("C-c")
        terminal.until("(interrupted)")
        terminal.until_prompts(2)
        first = self.said(terminal)
        self.assertEqual(2, len(first))
        self.assertTrue(first[1]["content"])  # what there was is kept
        terminal.line("/set num_predict 5")
        terminal.until_prompts(4)
        terminal.line("/regen")
        terminal.until("(length)")
        terminal.until_prompts(5)
        again = self.said(terminal)
        self.assertEqual(2, len(again))
        self.assertNotEqual(first[1]["content"], again[1]["content"])
        terminal.line("/bye")
        terminal.until("[exit 0]")

    def test_interrupts_at_the_prompt(self):
        terminal = self.chat("--temp 0 --think off")
        terminal.until_prompts(1)
        terminal.type("half a line")
        terminal.until("half a line")
        terminal.key("C-c")
        terminal.until("Ctrl-C again")
        terminal.until_prompts(2)
        terminal.line("What is 1 + 1?")  # the half line is gone, and Ctrl-C is forgotten
        terminal.until_prompts(3)
        self.assertEqual("What is 1 + 1?", self.said(terminal)[0]["content"])
        terminal.key("C-c")
        terminal.until(lambda s: s.count("Ctrl-C again") == 2)
        terminal.until_prompts(5)
        terminal.key("C-c")
        terminal.until("[exit 130]")

    def test_a_resize_changes_no_text(self):
        terminal = self.chat("--temp 0 -n 8 --think off")
        terminal.until_prompts(1)
        text = "one two three four five six seven eight nine ten eleven twelve"
        terminal.type(text)
        terminal.until(text[-12:])
        for columns, lines in ((30, 10), (100, 30), (21, 6)):
            terminal.resize(columns, lines)
        terminal.type(" and more")
        terminal.until(lambda s: s.replace("\n", "").rstrip().endswith("and more"))
        terminal.key("Enter")
        terminal.until_prompts(2)
        terminal.resize(80, 24)
        self.assertEqual(text + " and more", self.said(terminal)[0]["content"])
        terminal.line("/set num_predict 3000")
        terminal.until_prompts(4)
        terminal.line("Tell me a long story.")
        for columns in (40, 120, 10, 80):
            terminal.resize(columns, 20)
        terminal.key("C-c")
        terminal.until_prompts(5)
        terminal.line("/bye")
        terminal.until("[exit 0]")

    def test_lines_of_many_lines_and_editing(self):
        terminal = self.chat("--temp 0 -n 4 --think off")
        terminal.until_prompts(1)
        terminal.line('"""first')
        terminal.until("... ")
        terminal.line('second"""')
        terminal.until_prompts(2)
        terminal.line("third \\")
        terminal.line("fourth")
        terminal.until_prompts(3)
        terminal.type("wrong fnd")
        terminal.key("BSpace", "BSpace", "BSpace", "C-w")
        terminal.type("gr\u00fc\u00df dich \U0001f333")
        terminal.key("Home")
        terminal.type("> ")
        terminal.key("Enter")
        terminal.until_prompts(4)
        terminal.key("Up", "Enter")  # once more
        terminal.until_prompts(5)
        content = [m["content"] for m in self.said(terminal) if m["role"] == "user"]
        line = "> gr\u00fc\u00df dich \U0001f333"
        self.assertEqual(["first\nsecond", "third \nfourth", line, line], content)
        terminal.key("C-d")
        terminal.until("[exit 0]")
        later = self.chat("-n 4 --think off")
        later.until_prompts(1)
        later.key("Up", "Up", "Enter")  # behind it stands /save
        later.until_prompts(2)
        self.assertEqual(content[-1], self.said(later)[0]["content"])
        kept = Path(self.home.name) / "millrace/history"
        self.assertEqual(0o600, kept.stat().st_mode & 0o777)

    def test_a_paste_is_one_message(self):
        terminal = self.chat("-n 4 --think off")
        terminal.until_prompts(1)
        terminal.type("look: ")
        terminal.tmux("set-buffer", "--", "one\n/bye\n\x1b[Athree\n")
        terminal.tmux("paste-buffer", "-p")
        terminal.until("three")
        self.assertEqual(1, terminal.screen().count(">>>"))  # nothing of it was a key
        terminal.key("Enter")
        terminal.until_prompts(2)
        self.assertEqual("look: one\n/bye\n[Athree", self.said(terminal)[0]["content"])
        terminal.key("C-d")
        terminal.until("[exit 0]")
        self.assertTrue(terminal.raw().rstrip().count(b"\x1b[?2004l"))
        last = max(terminal.raw().rfind(b"\x1b[?2004" + end) for end in (b"h", b"l"))
        self.assertEqual(b"l", terminal.raw()[last + 7:last + 8])

    def test_a_terminal_too_small_for_the_line(self):
        terminal = self.chat("-n 4 --think off")
        terminal.until_prompts(1)
        text = "\n".join(f"this is line {i} of a long paste" for i in range(12))
        terminal.tmux("set-buffer", "--", text)
        terminal.tmux("paste-buffer", "-p")
        terminal.until("line 11 of")
        terminal.key("Home", "End")
        for columns, lines in ((20, 20), (10, 4), (7, 2), (60, 20)):
            terminal.resize(columns, lines)
            terminal.type(f" w{columns}")
            terminal.until(lambda s: f"w{columns}" in s.replace("\n", ""))
        terminal.key("Enter")
        terminal.resize(80, 24)
        terminal.until_prompts(2)
        self.assertEqual(text + " w20 w10 w7 w60", self.said(terminal)[0]["content"])
        terminal.key("C-d")
        terminal.until("[exit 0]")

    def test_the_users_own_editor(self):
        script = Path(self.home.name) / "editor"
        script.write_text("#!/bin/sh\nprintf 'as\\nedited' >> $1\n")
        script.chmod(0o700)
        terminal = self.chat("-n 4 --think off", env=(f"EDITOR={script}", "VISUAL="))
        terminal.until_prompts(1)
        terminal.type("line ")
        terminal.key("C-g")
        terminal.until("edited")
        terminal.key("Enter")
        terminal.until_prompts(2)
        self.assertEqual("line as\nedited", self.said(terminal)[0]["content"])

    def test_a_dumb_terminal_gets_no_commands(self):
        terminal = self.chat("--temp 0 -n 30", env=("TERM=dumb",), command="TERM=dumb {} chat {}")
        terminal.until_prompts(1)
        terminal.line("What is 12 + 7?")
        terminal.until_prompts(2)
        self.assertIn("(thinking) ", terminal.screen())
        terminal.line("/bye")
        terminal.until("[exit 0]")
        self.assertNotIn(b"\x1b[2m", terminal.raw())
        self.assertNotIn(b"\x1b[?2004", terminal.raw())

    def test_a_model_cannot_steer_the_terminal(self):
        escape = json.loads(subprocess.run([PROGRAM, "tokenize"], input="\x1b", text=True,
                                           capture_output=True, check=True).stdout)
        self.assertEqual(1, len(escape))
        flags = f"--think off --temp 0 -n 5 --allowed-token-ids {escape[0]}"
        terminal = self.chat(flags)
        terminal.until_prompts(1)
        terminal.line("Hello")
        terminal.until_prompts(2)
        self.assertIn("\u241b" * 5, terminal.screen())
        self.assertNotIn(b"\x1b\x1b", terminal.raw())
        piped = subprocess.run([PROGRAM, "chat", *flags.split()], input="Hello\n", text=True,
                               capture_output=True, check=True).stdout
        self.assertEqual("\x1b" * 5 + "\n", piped)

    def test_no_color(self):
        terminal = self.chat("--temp 0", env=("NO_COLOR=1",))
        terminal.until_prompts(1)
        terminal.line("What is 12 + 7?")
        terminal.until_prompts(2)
        self.assertIn("(thinking) ", terminal.screen())
        self.assertNotIn(b"\x1b[2m", terminal.raw())

    def test_a_terminal_that_goes_away_ends_it(self):
        terminal = self.chat(f"{ENDLESS} & echo pid $!; fg", command="set -m; {} chat {}")
        terminal.until_prompts(1)
        pid = int(re.search(r"pid (\d+)", terminal.screen())[1])
        terminal.line("Tell me a story.")
        terminal.until(lambda s: len(s.split("Tell me a story.")[-1].split()) > 5)
        terminal.tmux("kill-server")
        for _ in range(6000):
            if not Path(f"/proc/{pid}").exists():
                break
            subprocess.run(["sleep", "0.02"], check=True)
        self.assertFalse(Path(f"/proc/{pid}").exists())

    def test_it_comes_back_from_the_background(self):
        terminal = self.chat("--temp 0 -n 4 --think off", command="set -m; {} chat {}; fg; true")
        terminal.until_prompts(1)
        terminal.type("stopped ")
        terminal.until("stopped")
        terminal.key("C-z")
        terminal.until("chat --temp 0")  # `fg` says what it goes on with, before or after the line
        terminal.line("in between")
        self.assertEqual("stopped in between", self.said(terminal)[0]["content"])


if __name__ == "__main__":
    if not has_tmux():
        print("no tmux")
        sys.exit(77)
    unittest.main()
