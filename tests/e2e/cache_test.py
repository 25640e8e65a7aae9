#!/usr/bin/env python3
"""The cache of packed weights: second starts, damaged, foreign, unwritable caches, full disks."""
import json
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
MODEL = ROOT / "models/millrace-nano/millrace-nano-f16.gguf"
MESSAGE = "cache of packed weights"


class Cache(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.model = self.folder / "nano.gguf"
        shutil.copy(MODEL, self.model)
        self.home = self.folder / "cache"

    def run_program(self, *args, before=None):
        done = subprocess.run(
            [PROGRAM, "run", "-m", self.model, "Once", "--raw", "-n", "8", "--temp", "0", "--json",
             *args],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120,
            preexec_fn=before, env=os.environ | {"XDG_CACHE_HOME": str(self.home)})
        self.assertEqual(0, done.returncode, done.stderr)
        return json.loads(done.stdout)["text"], done.stderr.count(MESSAGE), done.stderr

    def files(self):
        return sorted(self.home.rglob("*.p*")) if self.home.exists() else []

    def packed(self):
        paths = [path for path in self.files() if path.is_file()]
        self.assertEqual([".packed"], [path.suffix for path in paths])
        return paths[0]

    def test_second_start(self):
        text, said, _ = self.run_program()
        self.assertEqual(0, said)
        before = (self.packed().stat().st_ino, self.packed().stat().st_mtime_ns)
        self.assertEqual((text, 0), self.run_program()[:2])
        self.assertEqual((text, 0), self.run_program("--verify-cache")[:2])
        after = self.packed().stat()
        self.assertEqual(before, (after.st_ino, after.st_mtime_ns))

    def test_not_wanted(self):
        self.assertEqual(0, self.run_program("--no-repack-cache")[1])
        self.assertFalse(self.home.exists())

    def test_damaged(self):
        text, _, _ = self.run_program()
        path = self.packed()
        whole = path.read_bytes()
        for damage in (whole[:-1], whole[:1000], b"x" * 1000,
                       whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]):
            path.write_bytes(damage)
            self.assertEqual((text, 1), self.run_program()[:2])
            self.assertEqual(whole, path.read_bytes())
            self.assertEqual((text, 0), self.run_program()[:2])

    def test_foreign(self):
        text, _, _ = self.run_program()
        os.utime(self.model, (1, 1))
        again, said, err = self.run_program()
        self.assertEqual((text, 1), (again, said))
        self.assertIn("made from another file", err)
        self.assertEqual((text, 0), self.run_program()[:2])

    def test_unwritable(self):
        self.home.write_text("no folder")
        text, said, err = self.run_program()
        self.assertEqual(1, said, err)
        self.assertIn("not kept", err)
        self.assertTrue(text)

    def test_full_disk(self):
        """A limit on the size of files ends a write as a full disk does: in its middle."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
        text, said, err = self.run_program(before=limit)
        self.assertEqual(1, said, err)
        self.assertIn("not kept", err)
        self.assertEqual([], [path for path in self.files() if path.is_file()])
        self.assertEqual((text, 0), self.run_program()[:2])


if __name__ == "__main__":
    unittest.main()
