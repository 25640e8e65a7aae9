#!/usr/bin/env python3
"""`millrace ls`, `doctor` and `completion`: what lies on the machine, what it gives, what shells
complete."""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("MILLRACE_BIN", ROOT / "build/release/millrace"))
MODEL = ROOT / "models" / (ROOT / "models/default").read_text().strip()


def millrace(*args, **variables):
    env = os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "MILLRACE_ISA": "ref"}
    return subprocess.run([PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, text=True,
                          env=env | {k: str(v) for k, v in variables.items()},
                          capture_output=True, timeout=60)


class Models(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def safetensors(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        head = b'{"w":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]}}'
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + bytes(8))
        config = {"model_type": "llama", "max_position_embeddings": 4096}
        (folder / "config.json").write_text(json.dumps(config))

    def ls(self, *args, **variables):
        done = millrace("ls", "--json", *args, **variables)
        self.assertEqual(0, done.returncode, done.stderr)
        return {model["name"]: model for model in json.loads(done.stdout)}

    def test_the_shipped_model_and_the_hub_cache(self):
        snapshot = self.folder / "models--org--name/snapshots/abc123"
        self.safetensors(snapshot)
        (self.folder / "models--org--name/refs").mkdir()
        (self.folder / "models--org--name/refs/main").write_text("abc123")
        found = self.ls(HF_HUB_CACHE=self.folder)
        hub = found.pop("org/name")
        self.assertEqual(("llama", 4096, "BF16", 4), (hub["architecture"], hub["context"],
                                                      hub["type"], hub["weights"]))
        self.assertIn(str(MODEL.resolve()), found)
        shipped = found[str(MODEL.resolve())]
        self.assertEqual(MODEL.stat().st_size, shipped["bytes"])
        self.assertEqual("GGUF v3", shipped["format"])
        self.assertEqual(0, millrace("show", "org/name", HF_HUB_CACHE=self.folder).returncode)

    def test_folders_and_what_cannot_be_read(self):
        self.safetensors(self.folder / "a/b")
        shutil.copy(MODEL, self.folder / "a/one.gguf")
        (self.folder / "part-00002-of-00003.gguf").write_bytes(b"later")
        (self.folder / "bad\x1b.gguf").write_bytes(b"GGUF")
        (self.folder / "note.txt").write_text("no model")
        found = self.ls(self.folder)
        self.assertEqual({"a/b", "a/one.gguf", "bad\x1b.gguf"},
                         {str(Path(name).relative_to(self.folder)) for name in found})
        self.assertIn("error", found[str(self.folder / "bad\x1b.gguf")])
        text = millrace("ls", self.folder).stdout
        self.assertTrue(all(" " <= c <= "~" or c == "\n" for c in text))
        self.assertEqual(3, len(millrace("ls", "--names", self.folder).stdout.splitlines()))
        for name in found:
            if "bad" not in name:
                self.assertEqual(0, millrace("show", name).returncode)

    def test_no_folder(self):
        done = millrace("ls", self.folder / "nowhere")
        self.assertEqual((2, 1), (done.returncode, done.stderr.count("\n")))
        self.assertEqual({}, self.ls(self.folder))


class Doctor(unittest.TestCase):
    def test_figures_and_advice(self):
        done = millrace("doctor", "--json")
        self.assertEqual(0, done.returncode, done.stderr)
        machine = json.loads(done.stdout)
        self.assertLessEqual(machine["usable_processors"], machine["processors"])
        self.assertEqual(len(os.sched_getaffinity(0)) > 0, machine["usable_processors"] > 0)
        self.assertLessEqual(machine["available_bytes"], machine["memory_bytes"])
        self.assertGreater(machine["read_bytes"]["per_s"], 1e8)
        self.assertEqual(["ref"], [one["name"] for one in machine["levels"] if one["used"]])
        if any(one["name"] == "avx2" and not one["missing"] for one in machine["levels"]):
            self.assertTrue(any("MILLRACE_ISA" in one for one in machine["advice"]))
        done = millrace("doctor", MILLRACE_ISA="z80")
        self.assertEqual(2, done.returncode)

    def test_the_cgroup_and_affinity(self):
        cpu = min(os.sched_getaffinity(0))
        done = subprocess.run(["taskset", "-c", str(cpu), PROGRAM, "doctor", "--json"],
                              capture_output=True, text=True, timeout=60)
        machine = json.loads(done.stdout)
        self.assertEqual((1, 1), (machine["usable_processors"], machine["threads"]))


class Completion(unittest.TestCase):
    def script(self, shell):
        done = millrace("completion", shell)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout

    def shell(self, *command):
        if not shutil.which(command[0]):
            self.skipTest(f"no {command[0]}")
        env = os.environ | {"PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
        done = subprocess.run(command, capture_output=True, text=True, env=env, timeout=60)
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        return done.stdout.split()

    def bash(self, *words):
        script = self.script("bash") + 'COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _millrace\n' \
            'printf "%s\\n" "${COMPREPLY[@]}"'
        return self.shell("bash", "-c", script, "bash", "millrace", *words)

    def test_bash(self):
        self.assertIn("run", self.bash("ru"))
        self.assertEqual({"--temp", "--temperature"}, set(self.bash("run", "hello", "--te")))
        self.assertEqual(["bf16"], self.bash("run", "--kv-type", "b"))
        self.assertIn(str(MODEL.resolve()), self.bash("run", "-m", ""))
        self.assertEqual([str(ROOT / "README.md")], self.bash("show", "-m", f"{ROOT}/READ"))
        self.assertIn("fish", self.bash("completion", "f"))
        self.assertEqual([], self.bash("run", "--seed", ""))

    def test_fish(self):
        with tempfile.NamedTemporaryFile("w", suffix=".fish") as file:
            file.write(self.script("fish"))
            file.flush()

            def complete(line):
                return self.shell("fish", "--no-config", "-c",
                                  f"source {file.name}; complete -C '{line}'")
            self.assertIn("perplexity", complete("millrace perp"))
            self.assertIn("--temp", complete("millrace run --tem"))
            self.assertEqual("bf16", complete("millrace run --kv-type b")[0])

    def test_zsh(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write(self.script("zsh"))
            file.flush()
            self.shell("zsh", "-n", file.name)
            source = (f"autoload -U compinit; compinit -D; source {file.name}; "
                      "_arguments() { print -r -- $@ }; words=(millrace run --te); CURRENT=3; "
                      "_millrace")
            shown = " ".join(self.shell("zsh", "-f", "-c", source))
            self.assertIn("*--temp[0\\: always the most probable token]:X:", shown)
            self.assertIn(":f16|bf16|f32|int8|q8_0:(f16 bf16 f32 int8 q8_0)", shown)

    def test_the_table_of_flags_in_the_documentation(self):
        page = (ROOT / "docs/cli.md").read_text()
        kept, tables = page.split("<!-- millrace completion markdown -->\n")
        self.assertEqual(self.script("markdown"), tables,
                         "docs/cli.md is old: ./mill docs renews it")


if __name__ == "__main__":
    if not PROGRAM.exists():
        print(f"skipped: {PROGRAM} is not built")
        sys.exit(77)
    unittest.main()
