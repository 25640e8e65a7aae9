#!/usr/bin/env python3
"""`millrace bench`: the lines it prints, what it leaves out, and when it fails."""
import json
import os
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
USAGE, DOES_NOT_FIT = 2, 4
KEYS = {"test", "rows", "depth", "tok_s", "spread", "gb_s", "gb_s_limit", "tops", "tops_limit",
        "share", "tokens_per_weight_load"}


def bench(*args):
    done = subprocess.run([PROGRAM, "bench", "--json", *map(str, args)], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


class Lines(unittest.TestCase):
    def check(self, code, lines, err):
        for line in lines:
            self.assertLessEqual(KEYS, line.keys())
            share = max(line["gb_s"] / line["gb_s_limit"], line["tops"] / line["tops_limit"])
            self.assertAlmostEqual(share, line["share"])
            self.assertGreater(line["tok_s"], 0)
        # The default model lies in the caches, so its share of the memory's rate may be any.
        self.assertEqual(int(any(line["share"] > 1 for line in lines)), code)
        self.assertEqual(code == 1, "wanted shares of at most 100 %" in err)

    def test_prefill_and_decode(self):
        code, lines, err = bench("-p", "40,0,600", "-r", 1, "-n", 2, "-b", "1,3", "-d", "5,70")
        self.check(code, lines, err)
        self.assertEqual([("prefill", 40, 0), ("prefill", 512, 0), ("decode", 1, 5),
                          ("decode", 3, 5), ("decode", 1, 70), ("decode", 3, 70)],
                         [(line["test"].split()[0], line["rows"], line["depth"])
                          for line in lines])
        self.assertEqual([40, 300, 1, 3, 1, 3],
                         [line["tokens_per_weight_load"] for line in lines])

    def test_parts_that_are_skipped(self):
        code, lines, err = bench("-p", 0, "-n", 1)
        self.check(code, lines, err)
        self.assertEqual([("decode", 128)],
                         [(line["test"].split()[0], line["depth"]) for line in lines])
        code, lines, err = bench("-p", 16, "-r", 1, "-n", 0)
        self.check(code, lines, err)
        self.assertEqual(["prefill"], [line["test"].split()[0] for line in lines])


class Refused(unittest.TestCase):
    def test_nothing_to_do(self):
        self.assertEqual((USAGE, []), bench("-p", 0, "-n", 0)[:2])

    def test_more_than_fits(self):
        code, lines, err = bench("-p", 0, "-n", 1, "-b", 4096, "-d", 2**20)
        self.assertEqual((DOES_NOT_FIT, []), (code, lines))
        self.assertEqual(1, err.count("\n"), err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
