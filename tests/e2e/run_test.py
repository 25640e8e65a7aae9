#!/usr/bin/env python3
"""`millrace run` as scripts see it: stdout, stderr, exit codes, and files that are no models."""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
MODEL = ROOT / "models" / (ROOT / "models/default").read_text().strip()
BAD_MODEL, DOES_NOT_FIT, USAGE, INTERRUPTED = 3, 4, 2, 130


def run(*args, stdin=None, **options):
    if isinstance(stdin, str):
        options["input"] = stdin
    else:
        options["stdin"] = subprocess.DEVNULL if stdin is None else stdin
    return subprocess.run([PROGRAM, "run", *map(str, args)], capture_output=True, text=True,
                          timeout=120, **options)


class Contract(unittest.TestCase):
    def test_stdout_carries_the_text_alone(self):
        done = run("Once upon a time", "-n", 12, "--temp", 0, "--raw")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue(done.stdout.strip())
        self.assertNotIn("Once upon a time", done.stdout)
        self.assertIn("tok/s", done.stderr)

    def test_same_seed_same_text_other_seed_other_text(self):
        first, again, other = (run("Tell me a story.", "-n", 40, "--seed", seed).stdout
                               for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_prompt_from_stdin_and_built_in(self):
        piped = run("-n", 8, "--temp", 0, "--raw", stdin="Once upon a time")
        self.assertEqual(run("Once upon a time", "-n", 8, "--temp", 0, "--raw").stdout,
                         piped.stdout)
        self.assertTrue(run("-n", 40, stdin="").stdout)

    def test_what_is_piped_in_stands_before_the_prompt(self):
        args = ("-n", 8, "--temp", 0, "--raw")
        wanted = run("Once upon\n\na time", *args).stdout
        self.assertEqual(wanted, run("a time", *args, stdin="Once upon\n").stdout)
        self.assertEqual(run("a time", *args).stdout, run("a time", *args, stdin="").stdout)
        with tempfile.TemporaryFile("w+") as file:
            file.write("Once upon\n")
            file.seek(0)
            self.assertEqual(wanted, run("a time", *args, stdin=file).stdout)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            theirs.sendall(b"Once upon\n")
            theirs.shutdown(socket.SHUT_WR)
            self.assertEqual(wanted, run("a time", *args, stdin=ours).stdout)

    def test_a_slow_pipe_is_read_to_its_end(self):
        args = ("-n", 8, "--temp", 0, "--raw")
        command = [PROGRAM, "run", "a time", *map(str, args)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as child:
            told = child.stderr.readline()  # it says that it waits, and goes on waiting
            self.assertIn(b"waiting for standard input", told)
            child.stdin.write(b"Once ")
            child.stdin.flush()
            time.sleep(0.1)
            out, _ = child.communicate(b"upon\n", timeout=120)
        self.assertEqual(run("Once upon\n\na time", *args).stdout, out.decode())

    def test_an_interrupt_ends_the_wait_for_a_pipe(self):
        with subprocess.Popen([PROGRAM, "run", "Hi"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
            self.assertIn(b"waiting", child.stderr.readline())
            child.send_signal(signal.SIGINT)
            self.assertEqual(INTERRUPTED, child.wait(timeout=60))

    def test_system_text_template_and_escapes(self):
        args = ("-n", 6, "--temp", 0, "--think", "off")
        plain = run("Hi", *args, "--json")
        told = run("Hi", *args, "--json", "-sys", "Answer as a pirate.")
        of_prompt = [json.loads(done.stdout)["prompt_tokens"] for done in (plain, told)]
        self.assertLess(of_prompt[0], of_prompt[1])
        bare = "{% for m in messages %}{{ m.content }}{% endfor %}{{ extra }}"
        numbers = [json.loads(run("Hi", *args, "--json", "--chat-template", text).stdout)
                   ["prompt_tokens"] for text in (bare, "{{ bos_token }}" + bare)]
        self.assertEqual(1, numbers[1] - numbers[0])  # the model's own tokens are there
        given = run("Once\\nupon", *args, "-e", "--chat-template", bare,
                    "--chat-template-kwargs", '{"extra": " a time"}')
        self.assertEqual(run("Once\nupon a time", *args, "--raw").stdout, given.stdout)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "t.jinja"
            file.write_text(bare + " a time")
            by_file = run("Once\nupon", *args, "--chat-template-file", file)
            self.assertEqual(given.stdout, by_file.stdout)
            file.write_text("{% if %}")
            self.assertEqual(USAGE, run("Hi", "--chat-template-file", file).returncode)
        self.assertEqual(USAGE, run("Hi", "--raw", "-sys", "x").returncode)

    def test_stop_tokens(self):
        args = ("Once upon a time", "-n", 40, "--temp", 0, "--raw", "--json", "--n-probs", 0)
        whole = json.loads(run(*args).stdout)
        ids = [token["id"] for token in whole["logprobs"]]
        stop = ids[10]
        cut = json.loads(run(*args, "--stop-token-ids", stop).stdout)
        self.assertEqual("stop", cut["finish_reason"])
        self.assertEqual(ids.index(stop) + 1, cut["tokens"])
        self.assertTrue(whole["text"].startswith(cut["text"]))
        self.assertEqual(USAGE, run("Hi", "--stop-token-ids", 1 << 30).returncode)

    def test_json(self):
        done = run("Once upon a time", "-n", 9, "--temp", 0, "--raw", "--json")
        answer = json.loads(done.stdout)
        self.assertEqual(9, answer["tokens"])
        self.assertEqual("length", answer["finish_reason"])
        self.assertEqual(run("Once upon a time", "-n", 9, "--temp", 0, "--raw").stdout.rstrip("\n"),
                         answer["text"].rstrip("\n"))

    def test_answers_that_match_a_grammar(self):
        args = ("Tell me.", "--think", "off", "--seed", 3, "-n", 200)
        grammar = 'root ::= item ("," item)*\nitem ::= [a-c]{2}\n'
        schema = {"type": "object", "required": ["name", "age"], "additionalProperties": False,
                  "properties": {"name": {"type": "string", "maxLength": 12},
                                 "age": {"type": "integer", "minimum": 0, "maximum": 120}}}
        with tempfile.TemporaryDirectory() as folder:
            files = Path(folder) / "g.gbnf", Path(folder) / "s.json"
            files[0].write_text(grammar)
            files[1].write_text(json.dumps(schema))
            for flags in (["--grammar", grammar], ["--grammar-file", files[0]]):
                self.assertRegex(run(*args, *flags).stdout, r"\A[a-c]{2}(,[a-c]{2})*\Z")
            texts = [run(*args, *flags).stdout for flags in
                     (["-j", json.dumps(schema)], ["--json-schema", json.dumps(schema)],
                      ["-jf", files[1]], ["--json-schema-file", files[1]])]
        self.assertEqual(1, len(set(texts)))
        answer = json.loads(texts[0])
        self.assertEqual({"name", "age"}, set(answer))
        self.assertTrue(0 <= answer["age"] <= 120 and len(answer["name"]) <= 12, answer)
        thought = json.loads(run("What is 12 + 7?", "--temp", 0, "--json", "--grammar",
                                 'root ::= "yes" | "no"').stdout)
        self.assertTrue(thought["reasoning"])  # the grammar holds the answer alone
        self.assertIn(thought["text"], ("yes", "no"))

    def test_bad_grammars(self):
        for flags, mention in (
                (["--grammar", "root ::= ("], "--grammar"), (["--grammar", "x ::= y"], "--grammar"),
                (["-j", "{"], "--json-schema"), (["-j", "[1]"], "wanted a schema"),
                (["-j", '{"type": "strnig"}'], "--json-schema"),
                (["-jf", "/no/such/file"], "--json-schema-file"),
                (["--grammar-file", "/no/such/file"], "--grammar-file"),
                (["--grammar", 'root ::= "a"', "-j", "{}"], "--grammar"),
                (["--grammar", 'root ::= "a"', "--ignore-eos"], "--ignore-eos")):
            done = run("Hi", *flags)
            self.assertEqual((USAGE, ""), (done.returncode, done.stdout), flags)
            self.assertEqual(1, done.stderr.count("\n"), done.stderr)
            self.assertIn(mention, done.stderr)

    def test_threads_levels_and_determinism_do_not_change_the_text(self):
        args = ("Once upon a time", "-n", 24, "--seed", 5)
        texts = {run(*args, *more).stdout
                 for more in ((), ("-t", 1), ("-t", 2), ("--deterministic",))}
        self.assertEqual(1, len(texts))

    def test_levels_by_name(self):
        level = dict(os.environ, MILLRACE_ISA="ref")
        self.assertEqual(0, run("Hi", "-n", 4, env=level).returncode)
        level["MILLRACE_ISA"] = "z80"
        done = run("Hi", "-n", 4, env=level)
        self.assertEqual(USAGE, done.returncode)
        self.assertIn("z80", done.stderr)

    def test_usage(self):
        for args in (["--no-such-flag"], ["-n", "many"], ["--temp", "-1"], ["--temp", "nan"],
                     ["--top-p", "1.5"], ["--samplers", "top_q"], ["-l", "5"],
                     ["-t", "100000"], ["--seed", "x"], ["a", "b"]):
            done = run(*args)
            self.assertEqual(USAGE, done.returncode, args)
            self.assertTrue(done.stderr.strip(), args)
            self.assertEqual("", done.stdout, args)

    def test_a_context_that_does_not_fit(self):
        done = run("Hi", "-c", 2_000_000_000)
        self.assertEqual(DOES_NOT_FIT, done.returncode, done.stderr)
        done = run("word " * 5000, "-n", 4)
        self.assertEqual(DOES_NOT_FIT, done.returncode, done.stderr)

    def test_interrupt(self):
        command = [PROGRAM, "run", "Tell me a long story.", "--raw", "--temp", "1.5"]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=dict(os.environ, MILLRACE_ISA="ref"))
        child.stdout.read(1)
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=20)
        self.assertEqual(INTERRUPTED, child.returncode)

    def test_closed_stdout_ends_quietly(self):
        done = subprocess.run(["sh", "-c", f"'{PROGRAM}' run Hi --raw | head -c 1"],
                              capture_output=True, timeout=120)
        self.assertNotIn(b"terminate", done.stderr)


def string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


class BadFiles(unittest.TestCase):
    """One line that names what is wrong, exit 3, within 2 s, memory at most the file + 64 MiB."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def refuse(self, name, data, mention):
        path = Path(self.folder.name) / name
        if data is not None:
            path.write_bytes(data)
        start = time.monotonic()
        out, err = path.with_suffix(".out"), path.with_suffix(".err")
        with out.open("w") as to_out, err.open("w") as to_err:
            child = subprocess.Popen([PROGRAM, "run", "Hi", "-m", path], stdin=subprocess.DEVNULL,
                                     stdout=to_out, stderr=to_err)
            _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        stdout, stderr = out.read_text(), err.read_text()
        self.assertEqual(BAD_MODEL, child.returncode, f"{name}: {stderr}")
        self.assertLess(time.monotonic() - start, 2, name)
        self.assertLess(usage.ru_maxrss * 1024, len(data or b"") + (64 << 20), name)
        self.assertEqual(1, len(stderr.splitlines()), f"{name}: {stderr}")
        self.assertEqual("", stdout)
        self.assertIn(mention, stderr)

    def test_missing_and_foreign(self):
        self.refuse("missing.gguf", None, "missing.gguf")
        self.refuse("empty.gguf", b"", "empty")
        foreign = {"png": b"\x89PNG\r\n\x1a\n" + bytes(100), "zip": b"PK\x03\x04" + bytes(99),
                   "text": b"hello, world\n" * 9, "pickle": b"\x80\x02}q\x00."}
        for name, data in foreign.items():
            self.refuse(name, data, name)

    def test_truncated(self):
        whole = MODEL.read_bytes()
        for size in {4, 8, 12, 20, 23, 24, 100, 4096, 65536, len(whole) // 2, len(whole) - 1}:
            self.refuse(f"cut-{size}.gguf", whole[:size], f"cut-{size}")

    def test_oversized_counts(self):
        header = b"GGUF" + struct.pack("<I", 3)
        huge = 1 << 62
        self.refuse("tensors", header + struct.pack("<QQ", huge, 0), "tensor")
        self.refuse("keys", header + struct.pack("<QQ", 0, huge), "key")
        self.refuse("text", header + struct.pack("<QQQ", 0, 1, huge), "key")
        key = string("general.architecture") + struct.pack("<I", 8)
        self.refuse("value", header + struct.pack("<QQ", 0, 1) + key + struct.pack("<Q", huge),
                    "general.architecture")

    def test_unknown_architecture_lists_the_known(self):
        header = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)
        data = header + string("general.architecture") + struct.pack("<I", 8) + string("abacus")
        self.refuse("abacus.gguf", data, "qwen3")


if __name__ == "__main__":
    if not Path(PROGRAM).exists():
        print(f"skipped: {PROGRAM} is not built")
        sys.exit(77)
    unittest.main()
