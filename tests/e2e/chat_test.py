#!/usr/bin/env python3
"""`millrace chat` without a terminal: lines from a pipe, commands, files, exit codes."""
import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
SHORT = ("--think", "off", "-n", "6", "--seed", "1")


def chat(*lines, flags=SHORT, **options):
    return subprocess.run([PROGRAM, "chat", *map(str, flags)],
                          input="".join(f"{line}\n" for line in lines),
                          capture_output=True, text=True, timeout=120, **options)


class Pipe(unittest.TestCase):
    def test_each_line_is_a_prompt_and_stdout_holds_the_answers_alone(self):
        both, first = chat("Tell me a story.", "And again."), chat("Tell me a story.")
        self.assertEqual(0, both.returncode, both.stderr)
        self.assertTrue(both.stdout.startswith(first.stdout))
        self.assertGreater(len(both.stdout), len(first.stdout))
        self.assertNotIn(">>>", both.stdout + both.stderr)
        self.assertNotIn("\x1b", both.stdout + both.stderr)
        self.assertEqual("", chat().stdout)

    def test_the_conversation_is_the_context(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "it.json"
            whole = chat("Tell me a story.", "And again.", f"/save {file}")
            messages = json.loads(file.read_text())["messages"]
            self.assertEqual(["user", "assistant"] * 2, [m["role"] for m in messages])
            self.assertEqual("".join(m["content"].removesuffix("\n") + "\n"
                                     for m in messages[1::2]), whole.stdout)
            file.write_text(json.dumps({"messages": messages[:2]}))
            later = chat(f"/load {file}", "And again.")
            self.assertTrue(later.stdout)
            self.assertTrue(whole.stdout.endswith(later.stdout))

    def test_earlier_turns_are_not_computed_again(self):
        said = chat("Tell me a story.", "And again.", "And again.", flags=(*SHORT, "--verbose"))
        figures = re.findall(r"prompt (\d+) tokens, (\d+) of them cached", said.stderr)
        prompts, cached = zip(*((int(a), int(b)) for a, b in figures))
        self.assertEqual(0, cached[0])
        for turn in (1, 2):
            # All but the marks that close the empty thought, which is no part of the history.
            self.assertGreaterEqual(cached[turn], prompts[turn - 1] - 4, figures)

    def test_another_answer_and_a_new_beginning(self):
        said = chat("Tell me a story.", "/regen", "/clear", "Tell me a story.",
                    flags=("--think", "off", "-n", "20", "--seed", "1"))
        first, again, anew = said.stdout.splitlines()[:3]
        self.assertNotEqual(first, again)
        self.assertIn("cleared", said.stderr)
        self.assertNotEqual(first, anew)  # its seed went on

    def test_the_system_text_counts(self):
        flags = (*SHORT, "--verbose")
        plain = chat("Hello", flags=flags)
        told = chat("Hello", flags=(*flags, "--system", "Answer with a number."))
        later = chat("/system Answer with a number.", "Hello", flags=flags)
        self.assertEqual(told.stdout, later.stdout)
        n_plain, n_told, n_later = (int(re.search(r"prompt (\d+) tokens", said.stderr)[1])
                                    for said in (plain, told, later))
        self.assertEqual(n_told, n_later)
        self.assertGreater(n_told, n_plain + 4)

    def test_a_file_is_read_and_settings_are_shown(self):
        with tempfile.TemporaryDirectory() as folder:
            text, saved = Path(folder) / "text", Path(folder) / "saved.json"
            text.write_text("Once\nupon a time\n")
            said = chat(f"/read {text} What is this?", f"/save {saved}", f"/read {folder}/none",
                        "/set temperature 0.5", "/show parameters", "/show", "/show licence",
                        "/set system Be brief.", "/show system")
            messages = json.loads(saved.read_text())["messages"]
        self.assertEqual("Once\nupon a time\n\n\nWhat is this?", messages[0]["content"])
        self.assertIn("temperature 0.5\n", said.stderr)
        self.assertRegex(said.stderr, r"context \d+ of the model's \d+\nmessages 2\n")
        self.assertIn("wanted info, license, settings, system or template, found 'licence'; did "
                      "you mean 'license'?", said.stderr)
        self.assertIn("system: 'Be brief.'", said.stderr)
        self.assertEqual(2, said.returncode)

    def test_what_the_model_brings_is_shown(self):
        said = chat("/show template", "/show license", "/show settings", "/show parameters",
                    "/set wordwrap 30", "/show settings")
        self.assertEqual(0, said.returncode, said.stderr)
        shown = json.loads(subprocess.run([PROGRAM, "show", "--json"], capture_output=True,
                                          text=True, check=True).stdout)["metadata"]
        self.assertIn(shown["tokenizer.chat_template"], said.stderr)
        self.assertIn(shown.get("general.license", "the model names no license"), said.stderr)
        self.assertEqual(2, said.stderr.count("nowordwrap\n"))
        self.assertEqual(1, said.stderr.count("\nwordwrap 30\n"))

    def test_answers_in_json(self):
        for seed in range(1, 20):  # the model may go on and on within a string
            flags = ("--think", "off", "-n", "200", "--seed", seed)
            said = chat("/set format json", "Write JSON with name and age.", flags=flags)
            self.assertTrue(said.stdout.startswith("{"), said.stdout)
            if "(length)" not in said.stderr:
                break
        self.assertIsInstance(json.loads(said.stdout), dict)
        said = chat("/set format json", "/set format off", "Hello", "/set format xml")
        self.assertIn("format: wanted json or off, found 'xml'", said.stderr)
        self.assertEqual(chat("Hello").stdout, said.stdout)

    def test_lines_are_broken_between_words(self):
        flags = ("--think", "off", "-n", "60", "--seed", "1")
        plain = chat("Tell me a story.", flags=flags).stdout
        self.assertGreater(max(map(len, plain.splitlines())), 24)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "it.json"
            broken = chat("/set wordwrap 24", "Tell me a story.", f"/save {file}", flags=flags)
            content = json.loads(file.read_text())["messages"][1]["content"]
        self.assertLessEqual(max(map(len, broken.stdout.splitlines())), 24)
        self.assertEqual(plain.split(), broken.stdout.split())
        self.assertEqual(plain.rstrip("\n"), content.rstrip("\n"))  # the text itself is whole

    def test_lines_that_belong_together(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "it.json"
            chat('"""one', 'two', 'three"""', "four\\", "five", "/etc/hosts is a path",
                 f"/save {file}")
            messages = json.loads(file.read_text())["messages"]
            self.assertEqual(["one\ntwo\nthree", "four\nfive", "/etc/hosts is a path"],
                             [m["content"] for m in messages if m["role"] == "user"])

    def test_mistakes_are_said_and_the_talk_goes_on(self):
        said = chat("/hlep", "/set temperature hot", "/load /no/such/file", "/save", "/regen",
                    "Hello", "/bye", "Never read")
        self.assertEqual(5, said.stderr.count("millrace: "), said.stderr)
        self.assertIn("did you mean '/help'", said.stderr)
        self.assertEqual(1, len(said.stdout.splitlines()))
        self.assertNotEqual(0, said.returncode)
        self.assertEqual(0, chat("Hello", "/bye").returncode)

    def test_a_conversation_that_is_too_long(self):
        said = chat("word " * 300, "Hello", flags=(*SHORT, "-c", 128))
        self.assertIn("the context", said.stderr)
        self.assertEqual(1, len(said.stdout.splitlines()))  # the second fits
        self.assertEqual(4, said.returncode)

    def test_bytes_that_are_no_text(self):
        done = subprocess.run([PROGRAM, "chat", *SHORT], input=b"\xff\xfe\x00\xc3 what\n\xf0",
                              capture_output=True, timeout=120, check=True)
        done.stdout.decode()

    def test_flags(self):
        for flags in (["--no-such-flag"], ["-c", "-1"], ["prompt"]):
            self.assertEqual(2, chat(flags=flags).returncode)
        self.assertEqual(3, chat(flags=["-m", "/no/such/model"]).returncode)
        help_text = chat(flags=["--help"]).stdout
        self.assertLessEqual(len(help_text.splitlines()), 42)


class Ends(unittest.TestCase):
    def test_a_closed_or_full_stdout_is_an_error(self):
        for redirect in (">&-", "> /dev/full"):
            script = f'echo Hello | "$0" chat --think off {redirect}'
            done = subprocess.run(["sh", "-c", script, PROGRAM], stderr=subprocess.PIPE, text=True,
                                  timeout=120)
            self.assertEqual(1, done.returncode)
            self.assertIn("standard output cannot be written", done.stderr)

    def test_a_reader_that_leaves(self):
        script = 'yes Hello | "$0" chat -n 4 --think off | head -c 1'
        done = subprocess.run(["sh", "-c", script, PROGRAM], capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(1, len(done.stdout))
        self.assertEqual("", done.stderr)

    def test_a_closed_stdin_or_stderr(self):
        for script in ('"$0" chat <&-', 'echo Hello | "$0" chat -n 4 --think off 2>&-'):
            done = subprocess.run(["sh", "-c", script, PROGRAM], capture_output=True, timeout=120)
            self.assertEqual(0, done.returncode)

    def test_signals(self):
        for name, code in ((signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGHUP, 130)):
            flags = ("--think", "off", "--ignore-eos", "-c", "65536")
            child = subprocess.Popen([PROGRAM, "chat", *flags],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.DEVNULL)
            child.stdin.write(b"Hello\n")
            child.stdin.flush()
            self.assertTrue(os.read(child.stdout.fileno(), 1))
            child.send_signal(signal.SIGWINCH)
            child.send_signal(name)
            child.stdout.read()
            self.assertEqual(code, child.wait(timeout=120))
            child.stdin.close()
            child.stdout.close()

    def test_a_signal_that_means_nothing_here_costs_nothing(self):
        child = subprocess.Popen([PROGRAM, "chat", *SHORT], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        child.stdin.write(b"Hello\n")
        child.stdin.flush()
        self.assertTrue(child.stdout.readline())  # though it waits for more
        child.send_signal(signal.SIGWINCH)
        child.send_signal(signal.SIGCONT)
        time.sleep(0.2)
        before = cpu_ticks(child.pid)
        time.sleep(1)
        self.assertLess(cpu_ticks(child.pid) - before, 20)  # of 100
        child.stdin.close()
        child.stdout.close()
        self.assertEqual(0, child.wait(timeout=120))


def cpu_ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


if __name__ == "__main__":
    unittest.main()
