#!/usr/bin/env python3
"""`millrace plan`: what it says of a model, what it proposes where something does not fit, and that
loading says the same before it takes the memory."""
import json
import os
import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
USAGE, BAD_MODEL, DOES_NOT_FIT = 2, 3, 4
HUGE = ("--ctx-size", str(2**31 - 1))


def millrace(*args, before=None):
    done = subprocess.run([PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=60, preexec_fn=before)
    return done.returncode, done.stdout, done.stderr


def plan(*args, **how):
    code, out, err = millrace("plan", *args, "--json", **how)
    return code, json.loads(out) if out else None, err


def proposed(err):
    """The flags after "this fits:"."""
    return re.search(r"; this fits: (.*)\n", err)[1].split()


class Fits(unittest.TestCase):
    def test_memory_and_speed(self):
        code, found, err = plan("--ctx", 128, "--parallel", 2, "--kv-type", "f32")
        self.assertEqual((0, ""), (code, err))
        self.assertTrue(found["fits"])
        self.assertEqual({"ctx": 128, "parallel": 2, "kv_type": "f32"}, found["options"])
        memory = found["memory"]
        parts = sum(memory[part] for part in ("weights", "kv", "activations"))
        self.assertGreater(memory["needed"], parts)
        self.assertLess(memory["needed"], memory["available"])
        self.assertGreater(found["limits"]["read_bytes_s"], 0)
        for what in ("decode", "decode_full", "prefill"):
            self.assertGreater(found["speed"][what]["tok_s"], 0)
        self.assertEqual(2, found["speed"]["decode"]["rows"])

    def test_cache_by_type_and_size(self):
        kv = {args: plan("--ctx", args[0], "--kv-type", args[1])[1]["memory"]["kv"]
              for args in ((640, "f16"), (640, "f32"), (1408, "f16"))}
        self.assertEqual(2 * kv[640, "f16"], kv[640, "f32"])
        self.assertEqual(2 * kv[640, "f16"], kv[1408, "f16"])  # 12 and 24 pages

    def test_drafts(self):
        draft = next((ROOT / "models").glob("*/*.gguf"))
        plain = plan("--ctx", 128)[1]["memory"]
        self.assertEqual(0, plain["drafts"])
        for flags, least in ((["--model-draft", draft], plain["weights"] + plain["kv"]),
                             (["--model-draft", draft, "--model-draft", draft],
                              2 * (plain["weights"] + plain["kv"])),
                             (["--spec", "selfquant"], plain["weights"] // 3 + plain["kv"]),
                             (["--spec", "exit"], plain["kv"] // 3),
                             (["--spec", "skip", "--skip-layers", "0"], plain["kv"] // 2)):
            memory = plan("--ctx", 128, *flags)[1]["memory"]
            self.assertGreater(memory["drafts"], least, flags)
            self.assertEqual(memory["needed"], plain["needed"] + memory["drafts"], flags)
        self.assertIn("drafts", millrace("plan", "--ctx", 64, "--model-draft", draft)[1])
        self.assertEqual(USAGE, millrace("plan", "--spec", "draft")[0])

    def test_text(self):
        code, out, err = millrace("plan", "--ctx", 64)
        self.assertEqual((0, ""), (code, err))
        for part in ("weights", "KV cache", "activations", "in all", "memory read", "prefill"):
            self.assertIn(part, out)

    def test_usage(self):
        for args in (["--parallel", 0], ["--ctx", -1], ["--kv-type", "q0"], ["--nonsense"]):
            self.assertEqual(USAGE, millrace("plan", *args)[0], args)
        self.assertEqual(BAD_MODEL, millrace("plan", "/nonexistent")[0])


class DoesNotFit(unittest.TestCase):
    def test_plan_and_loading_agree(self):
        code, found, err = plan(*HUGE)
        self.assertEqual(DOES_NOT_FIT, code)
        self.assertFalse(found["fits"])
        self.assertRegex(err, r"^millrace: memory: wanted .*; this fits: --ctx-size \d+\n$")
        self.assertEqual(found["nearest"]["ctx"], int(proposed(err)[1]))
        code, out, run_err = millrace("run", "Hi", "-n", 1, *HUGE)
        self.assertEqual((DOES_NOT_FIT, ""), (code, out))
        self.assertRegex(run_err, r"^millrace: memory: wanted .*; this fits: --ctx-size \d+\n$")

    def test_what_it_proposes_fits(self):
        for args in (HUGE, (*HUGE, "--parallel", 65536), (*HUGE, "--kv-type", "f32"),
                     ("--ctx-size", 2048, "--parallel", 65536)):
            code, _, err = plan(*args)
            self.assertEqual(DOES_NOT_FIT, code, args)
            flags = proposed(err)
            changed = dict(zip(args[::2], map(str, args[1::2])))
            changed.update(zip(flags[::2], flags[1::2]))
            # A little less than was free a moment ago.
            changed["--ctx-size"] = int(changed["--ctx-size"]) * 9 // 10
            code, _, err = plan(*[part for pair in changed.items() for part in pair])
            self.assertEqual(0, code, (args, changed, err))

    def test_a_cgroup_counts(self):
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        own = next((line.split(":", 2)[2] for line in lines if ":memory:" in line), "")
        group = Path("/sys/fs/cgroup/memory" + own) / f"millrace_{os.getpid()}"
        limit = 48 << 20
        try:
            group.mkdir()
            (group / "memory.limit_in_bytes").write_text(str(limit))
        except OSError:
            self.skipTest("no cgroup of version 1 to make")
        try:
            def enter():
                (group / "cgroup.procs").write_text(str(os.getpid()))

            code, found, err = plan("--ctx", 2**20, before=enter)
            self.assertEqual(DOES_NOT_FIT, code, err)
            self.assertLessEqual(found["memory"]["available"], limit)
            ctx = found["nearest"]["ctx"]
            code, out, err = millrace("run", "Hi", "-n", 8, "--ctx-size", ctx * 9 // 10,
                                      before=enter)
            self.assertEqual(0, code, err)
            code, out, err = millrace("perplexity", "-f", ROOT / "README.md", "--ctx-size", 2**20,
                                      before=enter)
            self.assertEqual((DOES_NOT_FIT, ""), (code, out), err)
        finally:
            group.rmdir()


if __name__ == "__main__":
    unittest.main()
