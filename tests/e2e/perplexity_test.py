#!/usr/bin/env python3
"""`millrace perplexity` against llama.cpp's tool on the same file, and against itself."""
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
MODEL = ROOT / "models/millrace-nano/millrace-nano-f16.gguf"
# llama-perplexity -m MODEL -f LICENSE -c 256 -b 256, llama.cpp 0c1e57098.
PEER_PPL = 631.7460


def perplexity(*args):
    done = subprocess.run([PROGRAM, "perplexity", "-m", MODEL, "-c", "256", *map(str, args)],
                          capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    return done


class Perplexity(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return Path(self.folder.name) / name

    def test_equals_the_peers(self):
        found = json.loads(perplexity("-f", ROOT / "LICENSE", "--json").stdout)
        self.assertAlmostEqual(1, found["ppl"] / PEER_PPL, delta=1e-3)
        self.assertEqual({"nll", "ppl", "ppl_err", "tokens"}, set(found))

    def test_log_probabilities_are_those_summed(self):
        lines = self.path("logprobs")
        done = perplexity("-f", ROOT / "LICENSE", "--chunks", 3, "--logprobs", lines, "--json")
        found = json.loads(done.stdout)
        values = [float(line.split()[2]) for line in lines.read_text().splitlines()]
        self.assertEqual(3 * 127, found["tokens"])
        self.assertEqual(found["tokens"], len(values))
        self.assertAlmostEqual(found["nll"], -sum(values) / len(values), places=9)

    def test_divergence_from_itself_is_none(self):
        base = self.path("base")
        args = ("-f", ROOT / "LICENSE", "--chunks", 2)
        self.assertEqual(0, perplexity(*args, "--save-logits", base).returncode)
        found = json.loads(perplexity(*args, "--kl", base, "--json").stdout)
        self.assertLess(abs(found["kl"]), 1e-5)
        self.assertEqual(1, found["same_top"])
        self.assertAlmostEqual(1, found["ppl_ratio"], places=4)
        other = perplexity("-f", ROOT / "LICENSE", "--chunks", 3, "--kl", base)
        self.assertEqual(2, other.returncode)
        base.write_bytes(base.read_bytes()[:-1])
        self.assertEqual(2, perplexity(*args, "--kl", base).returncode)

    def test_the_base_file_is_laid_out_as_the_peers(self):
        """llama.cpp's log_softmax: a step, the least log-probability, then 16-bit multiples."""
        base, lines = self.path("base"), self.path("logprobs")
        perplexity("-f", ROOT / "LICENSE", "--chunks", 2, "--save-logits", base, "--logprobs",
                   lines)
        raw = base.read_bytes()
        self.assertEqual(b"_logits_", raw[:8])
        n_context, n_vocab, n_windows = struct.unpack("<3i", raw[8:20])
        self.assertEqual((256, 2), (n_context, n_windows))
        tokens = struct.unpack(f"<{256 * 2}i", raw[20:20 + 4 * 256 * 2])
        rows = raw[20 + 4 * 256 * 2:]
        row_bytes = 8 + 2 * (n_vocab + n_vocab % 2)
        told = [line.split() for line in lines.read_text().splitlines()]
        self.assertEqual(len(told) * row_bytes, len(rows))
        for i, (index, token, logprob) in enumerate(told):
            row = rows[i * row_bytes:(i + 1) * row_bytes]
            step, least = struct.unpack("<2f", row[:8])
            multiple, = struct.unpack_from("<H", row, 8 + 2 * int(token))
            self.assertEqual(tokens[int(index)], int(token))
            self.assertAlmostEqual(max(float(logprob), least), least + step * multiple, delta=2e-4)

    def test_bad_input(self):
        self.path("short").write_text("too short")
        self.assertEqual(2, perplexity("-f", self.path("short")).returncode)
        self.assertNotEqual(0, perplexity("-f", self.path("missing")).returncode)
        self.assertEqual(2, perplexity("-f", ROOT / "LICENSE", "-c", 0).returncode)
        nowhere = perplexity("-f", ROOT / "LICENSE", "--chunks", 2, "--logprobs", "/nowhere/x")
        self.assertEqual(1, nowhere.returncode)


if __name__ == "__main__":
    if not Path(PROGRAM).exists():
        print(f"skipped: {PROGRAM} is not built")
        sys.exit(77)
    unittest.main()
