#!/usr/bin/env python3
"""`millrace show`: what it prints, and what it says of files that are no models, in what time and
memory."""
import json
import os
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
MODEL = ROOT / "models" / (ROOT / "models/default").read_text().strip()
BAD_MODEL, USAGE = 3, 2
MEMORY = 64 << 20  # beyond the file's own size


def show(*args):
    """(exit code, stdout, stderr, seconds, peak resident bytes)"""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.monotonic()
        child = subprocess.Popen([PROGRAM, "show", *map(str, args)], stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=err)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begin
        out.seek(0), err.seek(0)
        memory = usage.ru_maxrss * 1024
        return child.returncode, out.read().decode(), err.read().decode(), seconds, memory


def gguf(n_tensors, n_keys, rest):
    return b"GGUF" + struct.pack("<IQQ", 3, n_tensors, n_keys) + rest


def text(value):
    return struct.pack("<Q", len(value)) + value


# Made one at a time: a child's peak of memory begins with what this process ever had.
HOSTILE = {
    "png": lambda: b"\x89PNG\r\n\x1a\n" + bytes(100),
    "zip": lambda: b"PK\x03\x04" + bytes(100),
    "pickle": lambda: b"\x80\x04\x95" + bytes(100),
    "text": lambda: b"once upon a time\n" * 10,
    "empty": lambda: b"",
    "counts": lambda: gguf(2**63, 2**63, b""),
    "strings": lambda: gguf(0, 1, text(b"k") + struct.pack("<IIQ", 9, 8, 2**24) + bytes(8 * 10**6)),
    "arrays": lambda: gguf(0, 1, text(b"k") + struct.pack("<IIQ", 9, 9, 2**24) +
                           struct.pack("<IQ", 0, 0) * 10**6),
    "keys": lambda: gguf(0, 65536, b"".join(text(b"%d" % i) + struct.pack("<IB", 0, 1)
                                            for i in range(60000))),
    "json": lambda: struct.pack("<Q", 8 << 20) + b'{"a":[' + b"0," * (4 << 20),
    "objects": lambda: struct.pack("<Q", 8 << 20) + b'{"a":[' + b"{}," * (3 << 20),
}


class Bad(unittest.TestCase):
    def check(self, path, size=0):
        code, out, err, seconds, memory = show(path)
        self.assertEqual((BAD_MODEL, ""), (code, out), err)
        self.assertEqual(1, err.count("\n"), err)
        self.assertLess(seconds, 2)
        self.assertLess(memory, size + MEMORY)

    def test_foreign_and_hostile_files(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, make in HOSTILE.items():
                with self.subTest(name):
                    path = Path(folder) / name
                    size = path.write_bytes(make())
                    self.check(path, size)

    def test_what_is_no_file(self):
        with tempfile.TemporaryDirectory() as folder:
            pipe = Path(folder) / "pipe"
            os.mkfifo(pipe)
            for path in (pipe, folder, "/dev/zero", "/nonexistent", "org/nothing", "a\nb"):
                with self.subTest(path):
                    self.check(path)

    def test_truncated(self):
        whole = MODEL.read_bytes()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cut.gguf"
            step = max(4096, len(whole) // 16)
            for size in (*range(1, 4096, 512), *range(4096, len(whole), step)):
                with self.subTest(size):
                    path.write_bytes(whole[:size])
                    self.check(path, size)


class Good(unittest.TestCase):
    def test_the_default_model(self):
        code, out, err, _, _ = show()
        self.assertEqual((0, ""), (code, err))
        self.assertIn("general.architecture", out)
        self.assertTrue(all(" " <= c <= "~" or c == "\n" for c in out))

    def test_json(self):
        code, out, _, _, _ = show(MODEL, "--json")
        shown = json.loads(out)
        self.assertEqual(0, code)
        self.assertEqual(MODEL.stat().st_size, shown["file_bytes"])
        self.assertEqual(sum(t["bytes"] for t in shown["tensors"]),
                         sum(t["bytes"] for t in shown["types"]))

    def test_usage(self):
        self.assertEqual(USAGE, show("--nonsense")[0])


if __name__ == "__main__":
    unittest.main()
