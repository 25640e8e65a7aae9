#!/usr/bin/env python3
"""Models that are folders of safetensors, in one piece, in shards and in the hub cache: run, show
and perplexity, with a tokenizer whose characters are the tokens of the goldens."""
import json
import os
import shutil
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
DATA = ROOT / "tests/data/architectures"
GOLDENS = {golden["name"]: golden
           for golden in map(json.loads, (DATA / "golden.jsonl").read_text().splitlines())}
SPECIAL = ["<pad>", "<s>", "</s>"]
BAD_MODEL = 3

# Levels above avx2 round rows for BF16 weights, so that near choices may fall otherwise.
HAS_AVX512 = "avx512" in Path("/proc/cpuinfo").read_text()
FP32_ROWS = {"MILLRACE_ISA": "avx2"} if HAS_AVX512 else {}


def millrace(*args, **environment):
    return subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, env={**os.environ, **FP32_ROWS, **environment})


def text_of(tokens):
    return "".join(SPECIAL[token] if token < 3 else chr(29 + token) for token in tokens)


def tokenizer():
    vocab = {text: token for token, text in enumerate(SPECIAL)}
    vocab |= {text_of([token]): token for token in range(3, 96)}
    added = [{"id": token, "content": text, "special": True, "single_word": False, "lstrip": False,
              "rstrip": False, "normalized": False} for token, text in enumerate(SPECIAL)]
    return {"version": "1.0", "added_tokens": added, "normalizer": None, "pre_tokenizer": None,
            "post_processor": None, "decoder": {"type": "Fuse"},
            "model": {"type": "BPE", "vocab": vocab, "merges": [], "unk_token": None}}


def read_safetensors(path):
    data = path.read_bytes()
    n = struct.unpack("<Q", data[:8])[0]
    return {name: (entry, data[8 + n + entry["data_offsets"][0]:8 + n + entry["data_offsets"][1]])
            for name, entry in json.loads(data[8:8 + n]).items() if name != "__metadata__"}


def write_safetensors(path, tensors):
    header, at = {}, 0
    for name, (entry, data) in tensors.items():
        header[name] = {**entry, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(d for _, d in tensors.values()))


def make_folder(folder, case, n_shards=1):
    """A model of the goldens as people download them."""
    folder.mkdir(parents=True)
    shutil.copy(DATA / f"{case}.config.json", folder / "config.json")
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    weights = DATA / f"{GOLDENS[case]['weights']}.safetensors"
    if n_shards == 1:
        shutil.copy(weights, folder / "model.safetensors")
        return folder
    tensors = list(read_safetensors(weights).items())
    weight_map = {}
    for i in range(n_shards):
        name = f"model-{i + 1:05}-of-{n_shards:05}.safetensors"
        part = dict(tensors[i::n_shards])
        write_safetensors(folder / name, part)
        weight_map |= {tensor: name for tensor in part}
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


class Folders(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.addCleanup(self.place.cleanup)
        self.folder = Path(self.place.name)

    def check_greedy(self, model, case, **environment):
        """The text that follows the golden's prompt, until a special token."""
        golden = GOLDENS[case]
        done = millrace("run", text_of(golden["prompt"]), "-m", model, "--raw", "--temp", 0,
                        "-n", 64, "--ctx-size", 128, "--kv-type", "f32", "--json", **environment)
        self.assertEqual(0, done.returncode, done.stderr)
        until = next((i for i, token in enumerate(golden["greedy"]) if token < 3), 64)
        wanted = text_of(golden["greedy"][:until])
        self.assertGreater(until, 4, case)
        self.assertEqual(wanted, json.loads(done.stdout)["text"][:until], case)

    def test_every_architecture_speaks_as_transformers(self):
        for case in "llama", "mistral", "qwen3", "gemma2", "gemma3", "phi3", "olmo2", "qwen2-awq":
            with self.subTest(case):
                self.check_greedy(make_folder(self.folder / case, case), case)

    def test_text_part_of_a_larger_model(self):
        for body in "language_model.model.", "model.language_model.":
            folder = make_folder(self.folder / body, "gemma3")
            tensors = read_safetensors(folder / "model.safetensors")
            write_safetensors(folder / "model.safetensors", {
                name.replace("model.", body, 1): tensor for name, tensor in tensors.items()})
            config = json.loads((folder / "config.json").read_text())
            (folder / "config.json").write_text(json.dumps(
                {"model_type": "gemma3", "text_config": config, "vision_config": {}}))
            self.check_greedy(folder, "gemma3")

    def test_shards_and_hub_names(self):
        cache = self.folder / "hub"
        snapshot = cache / "models--org--tiny" / "snapshots" / "abc123"
        make_folder(snapshot, "qwen3", n_shards=3)
        (cache / "models--org--tiny" / "refs").mkdir()
        (cache / "models--org--tiny" / "refs" / "main").write_text("abc123")
        self.check_greedy(snapshot, "qwen3")
        self.check_greedy("org/tiny", "qwen3", HF_HUB_CACHE=str(cache))

    def test_generation_config_says_what_ends_an_answer_and_how_to_draw(self):
        golden = GOLDENS["qwen3"]
        folder = make_folder(self.folder / "model", "qwen3")
        greedy = golden["greedy"]
        stop = next(token for token in greedy[3:] if token > 2 and token not in greedy[:3])
        for ends in (stop, [2, stop]):
            (folder / "generation_config.json").write_text(json.dumps(
                {"do_sample": False, "eos_token_id": ends}))
            done = millrace("run", text_of(golden["prompt"]), "-m", folder, "--raw", "-n", 64,
                            "-c", 128, "--kv-type", "f32", "--json")
            answer = json.loads(done.stdout)
            self.assertEqual(("stop", greedy.index(stop) + 1),
                             (answer["finish_reason"], answer["tokens"]), done.stderr)
        (folder / "generation_config.json").write_text('{"eos_token_id": "x"}')
        done = millrace("run", "x", "-m", folder)
        self.assertEqual(BAD_MODEL, done.returncode)
        self.assertIn("eos_token_id: wanted a token id or a list", done.stderr)

    def test_show(self):
        folder = make_folder(self.folder / "model", "gemma3")
        shown = json.loads(millrace("show", folder, "--json").stdout)
        self.assertEqual("safetensors", shown["format"])
        self.assertEqual("gemma3_text", shown["metadata"]["config.model_type"])

    def test_perplexity(self):
        folder = make_folder(self.folder / "model", "olmo2")
        text = self.folder / "text"
        text.write_text("Once upon a time there was a mill. " * 20)
        done = millrace("perplexity", "-m", folder, "-f", text, "--ctx-size", 64, "--json")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertGreater(json.loads(done.stdout)["ppl"], 1)

    def test_what_cannot_run_says_why(self):
        folder = make_folder(self.folder / "model", "qwen2")
        config = json.loads((folder / "config.json").read_text())
        for damage, says in (
            ({"model_type": "mamba"}, "model_type: wanted one of deepseek_v2, deepseek_v3, "),
            ({"num_attention_heads": 5}, "num_key_value_heads: wanted a divisor of 5 heads"),
            ({"quantization_config": {"quant_method": "hqq"}}, "quant_method: wanted awq, "),
        ):
            (folder / "config.json").write_text(json.dumps({**config, **damage}))
            done = millrace("run", "x", "-m", folder)
            self.assertEqual(BAD_MODEL, done.returncode, done.stderr)
            self.assertIn(says, done.stderr)
            self.assertEqual(1, len(done.stderr.splitlines()), done.stderr)
        (folder / "config.json").unlink()
        done = millrace("run", "x", "-m", folder)
        self.assertEqual(BAD_MODEL, done.returncode)
        self.assertIn("config.json", done.stderr)


if __name__ == "__main__":
    unittest.main()
