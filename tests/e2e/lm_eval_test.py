#!/usr/bin/env python3
"""lm-evaluation-harness against the server: scores are those of `millrace perplexity`."""
import json
import math
import os
import subprocess
import tempfile
import unittest
import urllib.request
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")

import lm_eval
from lm_eval.tasks import TaskManager

from server import PROGRAM, ROOT, Server, main

MODEL = ROOT / "models/millrace-nano/millrace-nano-f16.gguf"
EVAL = Path(os.environ.get("MILLRACE_DATA", ROOT / "../shared/data")) / "eval"
WINDOW = 256


def setUpModule():
    global server
    server = Server("--parallel", 4)


def tearDownModule():
    code = server.stop()
    assert code == 0, code


def tokens_of(text):
    request = urllib.request.Request(server.url + "/tokenize", json.dumps(
        {"prompt": text}).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["tokens"]


def evaluate(folder, name, rows, **task):
    """The samples that lm_eval makes of a task over these rows."""
    data = folder / f"{name}.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = {"task": name, "dataset_path": "json", "test_split": "test",
              "dataset_kwargs": {"data_files": {"test": str(data)}}, **task}
    (folder / f"{name}.yaml").write_text(json.dumps(config))  # JSON is YAML
    found = lm_eval.simple_evaluate(
        model="local-completions", tasks=[name], log_samples=True, bootstrap_iters=0,
        task_manager=TaskManager(include_path=str(folder), include_defaults=False),
        model_args={"model": "default", "base_url": server.url + "/v1/completions",
                    "tokenizer_backend": "remote", "tokenized_requests": True,
                    "max_length": 1024, "num_concurrent": 2, "verify_certificate": False})
    return found["results"][name], found["samples"][name]


class Harness(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    @unittest.skipUnless(EVAL.exists(), f"{EVAL} is not here")
    def test_scores_are_those_of_perplexity(self):
        """One window of a task file's text: its second half, given the first."""
        questions = [json.loads(line)["question"]
                     for line in (EVAL / "gsm8k_train.jsonl").read_text().splitlines()[:40]]
        text = self.folder / "text"
        text.write_text("\n".join(questions))
        lines = self.folder / "logprobs"
        subprocess.run([PROGRAM, "perplexity", "-m", MODEL, "-f", text, "-c", str(WINDOW),
                        "--logprobs", lines], check=True, capture_output=True, timeout=120)
        wanted = {int(index): float(number) for index, _, number in (
            line.split() for line in lines.read_text().splitlines())}
        ids = tokens_of(text.read_text())
        scored = min(wanted)
        request = {"model": "default", "prompt": [ids[:WINDOW] + [ids[WINDOW]]], "temperature": 0,
                   "max_tokens": 1, "logprobs": 1, "seed": 1234, "echo": True}
        answer = urllib.request.urlopen(urllib.request.Request(
            server.url + "/v1/completions", json.dumps(request).encode(),
            {"Content-Type": "application/json"}), timeout=60)
        found = json.load(answer)["choices"][0]["logprobs"]["token_logprobs"]
        for index in range(scored, WINDOW):
            self.assertEqual(wanted[index], found[index], index)

    def test_multiple_choice(self):
        rows = [{"question": "2 + 2 =", "choices": [" 4", " 9", " seven"], "answer": 0},
                {"question": "Once upon a", "choices": [" time", " potato"], "answer": 0}]
        results, samples = evaluate(
            self.folder, "choose", rows, output_type="multiple_choice",
            doc_to_text="{{question}}", doc_to_choice="{{choices}}", doc_to_target="{{answer}}",
            target_delimiter="", metric_list=[{"metric": "acc"}])
        self.assertIn("acc,none", results)
        for row, sample in zip(rows, samples):
            before = tokens_of(row["question"])
            for choice, (score, greedy) in zip(row["choices"], [
                    response[0] for response in sample["resps"]]):
                whole = tokens_of(row["question"] + choice)
                body = {"prompt": whole, "max_tokens": 0, "logprobs": 1, "echo": True}
                with urllib.request.urlopen(urllib.request.Request(
                        server.url + "/v1/completions", json.dumps(body).encode(),
                        {"Content-Type": "application/json"}), timeout=60) as answer:
                    logprobs = json.load(answer)["choices"][0]["logprobs"]
                own = logprobs["token_logprobs"][len(before):]
                self.assertEqual(math.fsum(own), score)
                best = [max(top.values()) for top in logprobs["top_logprobs"][len(before):]]
                self.assertEqual(own == best, greedy)

    def test_generation(self):
        rows = [{"question": "Tell me a story.", "answer": "x"}] * 2
        _, samples = evaluate(
            self.folder, "tell", rows, output_type="generate_until", doc_to_text="{{question}}",
            doc_to_target="{{answer}}", generation_kwargs={"until": ["\n"], "max_gen_toks": 12},
            metric_list=[{"metric": "exact_match"}])
        texts = [sample["resps"][0][0] for sample in samples]
        self.assertEqual(texts[0], texts[1])
        self.assertNotIn("\n", texts[0])


if __name__ == "__main__":
    main()
