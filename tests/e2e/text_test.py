#!/usr/bin/env python3
"""`millrace tokenize`, `detokenize` and `template` on the cases of shared/data, as users run them.

Every case is counted, so that none is left out unseen. Of the 675 texts of each golden file every
97th is run; MILLRACE_FULL=1 runs all (the unit tests do too, without the program around them).
"""
import json
import os
import subprocess
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("MILLRACE_BIN", str(ROOT / "build/release/millrace"))
SHARED = Path(os.environ.get("MILLRACE_DATA", ROOT.parent / "shared/data"))
TOKENIZERS, TEMPLATES = SHARED / "tokenizers", SHARED / "chat_templates"
STEP = 1 if os.environ.get("MILLRACE_FULL") else 97
USAGE, BAD_MODEL = 2, 3

# Golden file, tokenizer, `--pre`.
GOLDENS = [
    ("r50k_base", "tiktoken/r50k_base.tiktoken", None),
    ("r50k_base", "gpt2", None),
    ("r50k_base", "gguf_vocab/ggml-vocab-gpt-2.gguf", None),
    ("cl100k_base", "tiktoken/cl100k_base.tiktoken", None),
    ("o200k_base", "tiktoken/o200k_base.tiktoken", None),
    ("llama3", "llama3/tokenizer.model", None),
    ("llama4", "llama4/tokenizer.model", "llama4"),
    ("qwen2", "qwen2", None),
    ("falcon", "hf/falcon-tokenizer/tokenizer.json", None),
    ("falcon", "gguf_vocab/ggml-vocab-falcon.gguf", None),
    ("llama2-hf", "llama2/tokenizer.json", None),
    ("llama2-spm", "llama2/tokenizer.model", None),
    ("llama2-spm", "gguf_vocab/ggml-vocab-llama-spm.gguf", None),
    ("phi-3-mini", "hf/phi-3-mini", None),
    ("mistral-v1-spm", "mistral/tokenizer.model.v1", None),
    ("mistral-v3-spm", "mistral/tokenizer.model.v3", None),
]
GGML = [
    ("llama-bpe", "llama3/tokenizer.model"),
    ("qwen2", "qwen2/vocab.json"),
    ("deepseek-llm", "gguf_vocab/ggml-vocab-deepseek-llm.gguf"),
    ("falcon", "gguf_vocab/ggml-vocab-falcon.gguf"),
    ("gpt-2", "gguf_vocab/ggml-vocab-gpt-2.gguf"),
    ("llama-spm", "gguf_vocab/ggml-vocab-llama-spm.gguf"),
]


def millrace(command, *args, text=b""):
    return subprocess.run([PROGRAM, command, *map(str, args)], input=text, capture_output=True)


def tokenize(text, model, *args):
    done = millrace("tokenize", "-m", TOKENIZERS / model, *args, text=text.encode())
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_parallel(work, cases):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda case: work(*case), cases))


@unittest.skipUnless(SHARED.is_dir(), "no shared data")
class Tokenize(unittest.TestCase):
    def test_goldens(self):
        texts = json.loads((TOKENIZERS / "goldens/texts.json").read_text())
        self.assertEqual(len(texts), 675)
        self.assertEqual({name for name, _, _ in GOLDENS},
                         {p.stem for p in (TOKENIZERS / "goldens").iterdir()} - {"texts"})
        for name, model, pre in GOLDENS:
            golden = json.loads((TOKENIZERS / f"goldens/{name}.json").read_text())
            # Ids of llama2-hf.json have "</s>" parsed, which plain text never is.
            cases = [(text["id"], text["text"]) for text in texts
                     if not (name == "llama2-hf" and "</s>" in text["text"])]
            self.assertEqual(len(cases), 665 if name == "llama2-hf" else 675)
            pre = ["--pre", pre] if pre else []

            def check(key, text, name=name, model=model, pre=pre, golden=golden):
                self.assertEqual(tokenize(text, model, *pre), golden[str(key)], (name, model, key))

            in_parallel(check, cases[::STEP])

    def test_ggml(self):
        n = 0
        for name, model in GGML:
            base = TOKENIZERS / f"gguf_vocab/ggml-vocab-{name}.gguf"
            texts = Path(f"{base}.inp").read_bytes().decode().split("\n__ggml_vocab_test__\n")
            lines = Path(f"{base}.out").read_text().split("\n")[:47]
            self.assertEqual((len(texts), len(lines)), (47, 47))

            def check(text, line, name=name, model=model):
                ids = tokenize(text, model)
                self.assertEqual(ids, [int(i) for i in line.split()], (name, text))
                back = millrace("detokenize", "-m", TOKENIZERS / model,
                                text=json.dumps(ids).encode())
                self.assertEqual(back.stdout.decode(), text)

            n += len(in_parallel(check, list(zip(texts, lines))[:: 1 if STEP == 1 else 12]))
        self.assertEqual(n, 6 * len(range(0, 47, 1 if STEP == 1 else 12)))

    def test_hugging_faces(self):
        cases = [("gpt2_encoded_tokens", "gpt2", []), ("gpt2_encoded_tokens", "hf/phi-2", []),
                 ("falcon_encoded", "hf/falcon-tokenizer", []),
                 ("llama_encoded", "llama2", ["--special"])]
        for name, model, args in cases:
            golden = json.loads((TOKENIZERS / f"goldens_hf/{name}.json").read_text())
            self.assertEqual(tokenize(golden["text"], model, *args), golden["token_ids"], name)

    def test_special(self):
        model = "llama2/tokenizer.json"
        self.assertEqual(tokenize("", model), [])
        self.assertEqual(tokenize("", model, "--special"), [1])
        self.assertEqual(tokenize("a</s>", model, "--special"), [1, 263, 2])
        self.assertNotIn(2, tokenize("a</s>", model))

    def test_bytes(self):
        text = bytes(range(256)) * 3
        for model in ("gpt2", "llama3/tokenizer.model", "llama2/tokenizer.model"):
            ids = millrace("tokenize", "-m", TOKENIZERS / model, text=text)
            back = millrace("detokenize", "-m", TOKENIZERS / model, text=ids.stdout)
            self.assertEqual(back.stdout, text, model)

    def test_refusals(self):
        gpt2 = TOKENIZERS / "gpt2"
        with tempfile.TemporaryDirectory() as folder:
            ranks = Path(folder, "ranks")
            ranks.write_bytes((TOKENIZERS / "llama4/tokenizer.model").read_bytes())
            cases = [
                (millrace("detokenize", "-m", gpt2, text=b"[50257]"), USAGE, "50257"),
                (millrace("detokenize", "-m", gpt2, text=b"[-1]"), USAGE, "item 0"),
                (millrace("detokenize", "-m", gpt2, text=b'["a"]'), USAGE, "item 0"),
                (millrace("detokenize", "-m", gpt2, text=b"{}"), USAGE, "JSON array"),
                (millrace("detokenize", "-m", gpt2, text=b"[1"), USAGE, "JSON array"),
                (millrace("tokenize", "-m", folder + "/none"), BAD_MODEL, "none"),
                (millrace("tokenize", "-m", __file__), BAD_MODEL, "no tokenizer"),
                (millrace("tokenize", "-m", ranks), USAGE, "--pre"),
                (millrace("tokenize", "-m", ranks, "--pre", "x"), BAD_MODEL, "'x'"),
            ]
        for done, code, words in cases:
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(words, done.stderr.decode())
            self.assertEqual((done.stdout, done.stderr.count(b"\n")), (b"", 1))


@unittest.skipUnless(SHARED.is_dir(), "no shared data")
class Template(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def render(self, key, template, context):
        """What the program says: (text, None) or (None, its error)."""
        file, given = self.folder / f"{key}.jinja", self.folder / f"{key}.json"
        file.write_bytes(template.encode())
        given.write_text(json.dumps(context))
        done = millrace("template", "--file", file, "--input", given, "--now", "2025-07-26 12:00")
        if done.returncode == 0:
            return done.stdout.decode(), None
        self.assertIn(done.returncode, (USAGE, BAD_MODEL))
        self.assertEqual((done.stdout, done.stderr.count(b"\n")), (b"", 1))
        return None, done.stderr.decode()

    def expect(self, key, template, context, row):
        text, error = self.render(key, template, context)
        if "expected" in row:
            self.assertEqual(text, row["expected"], (key, error))
        elif not row["error"].startswith("runtime"):
            self.assertIsNone(text, key)
            kind, _, message = row["error"].partition(": ")
            if kind == "TemplateError":
                self.assertIn(message, error, key)

    def rows(self, name):
        return [json.loads(line) for line in (TEMPLATES / name).read_text().splitlines()]

    def test_goldens(self):
        contexts = json.loads((TEMPLATES / "contexts.json").read_text())
        rows = self.rows("goldens.jsonl")
        self.assertEqual(len(rows), 513)
        in_parallel(lambda i, row: self.expect(
            f"g{i}", (TEMPLATES / row["template"]).read_bytes().decode(), contexts[row["context"]],
            row), list(enumerate(rows)))

    def test_syntax(self):
        rows = self.rows("jinja_syntax.jsonl")
        self.assertEqual(len(rows), 73)
        in_parallel(lambda i, row: self.expect(f"s{i}", row["template"], row["context"], row),
                    list(enumerate(rows)))

    def test_end_to_end(self):
        rows = self.rows("hf_jinja_e2e.jsonl")
        self.assertEqual(len(rows), 26)
        in_parallel(lambda i, row: self.expect(
            f"e{i}", row["chat_template"], row["data"], {"expected": row["target"]}),
            list(enumerate(rows)))


if __name__ == "__main__":
    unittest.main()
