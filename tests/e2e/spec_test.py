#!/usr/bin/env python3
"""Speculation from the command line and over HTTP: the text of plain decoding, whoever proposes."""
import json
import re
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from pathlib import Path

from server import PROGRAM, Server, main

PROMPT = "Count from one to twenty in words."
MODEL = Path(__file__).parents[2] / "models/millrace-nano/millrace-nano-f16.gguf"
COMMON = ["-n", "48", "--seed", "3", "--json", "--logprobs", "2"]


def millrace(*args):
    return subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL)


def run(*args):
    done = millrace("run", PROMPT, *COMMON, *args)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said(answer):
    return answer["text"], answer["reasoning"], answer["logprobs"], answer["finish_reason"]


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_same_text_whoever_proposes(self):
        for how in (["--temp", 0], ["--temp", 1],
                    ["--temp", 1, "--guided-choice", "yes", "--guided-choice", "no"],
                    ["--temp", 0.3, "--repeat-penalty", 1.2, "--stop", "e"],
                    ["--temp", 0, "--think", "on", "--reasoning-budget", 8]):
            plain = run("--spec", "off", *how)
            self.assertEqual([], plain["speculation"])
            for spec in ([], ["--spec", "lookup:depth=4,width=2,nodes=9+suffix+lookahead+random"]):
                self.assertEqual(said(plain), said(run(*spec, *how)), (spec, how))

    def test_other_rules_say_so(self):
        plain = run("--spec", "off", "--temp", 1)
        self.assertFalse(plain["lossy"])
        self.assertFalse(run("--spec-verify", "rejection", "--temp", 1)["lossy"])
        lossy = run("--spec", "suffix", "--spec-verify", "typical", "--temp", 1)
        self.assertTrue(lossy["lossy"])
        done = millrace("run", PROMPT, "-n", 8, "--spec", "suffix", "--spec-verify", "typical")
        self.assertIn("LOSSY", done.stderr)
        self.assertFalse(run("--spec", "off", "--spec-verify", "typical")["lossy"])

    def test_fewer_steps_where_the_text_repeats(self):
        plain, drafted = run("--spec", "off", "--temp", 0), run("--spec", "suffix", "--temp", 0)
        self.assertLess(drafted["steps"], plain["steps"])
        [figures] = drafted["speculation"]
        self.assertEqual("suffix", figures["method"])
        self.assertLess(0, figures["accepted_tokens"])
        self.assertLessEqual(figures["accepted_tokens"], figures["draft_tokens"])

    def test_an_index_of_a_corpus(self):
        plain = run("--spec", "off", "--temp", 0)
        corpus = self.folder / "corpus.txt"
        corpus.write_text(plain["text"] * 3)
        done = millrace("rest-index", corpus)
        self.assertEqual(0, done.returncode, done.stderr)
        index = self.folder / "corpus.txt.rest"
        drafted = run("--spec", "rest", "--rest-index", index, "--temp", 0)
        self.assertEqual(said(plain), said(drafted))
        self.assertLess(0, drafted["speculation"][0]["accepted_tokens"])
        by_default = [one["method"] for one in run("--rest-index", index)["speculation"]]
        self.assertEqual(["lookup", "suffix", "tree", "rest"], by_default)
        content = bytearray(index.read_bytes())
        content[len(content) // 2] ^= 1
        index.write_bytes(content)
        self.refuse(str(index), "--rest-index", index)

    def test_a_model_drafts(self):
        for how in (["--temp", 0], ["--temp", 1], ["--temp", 0.7, "--repeat-penalty", 1.2]):
            plain = run("--spec", "off", *how)
            for spec in ("draft", "draft:depth=3,width=3,nodes=12"):
                drafted = run("--spec", spec, "-md", MODEL, *how)
                self.assertEqual(said(plain), said(drafted), (spec, how))
                [figures] = drafted["speculation"]
                self.assertEqual("draft", figures["method"])
                self.assertLess(0, figures["accepted_tokens"])
                self.assertLess(2 * drafted["steps"], plain["steps"])
        by_default = [one["method"] for one in run("--model-draft", MODEL)["speculation"]]
        self.assertEqual(["lookup", "suffix", "tree", "draft"], by_default)
        for spec in (["exit"], ["exit", "--exit-layer", 2], ["skip"], ["selfquant"],
                     ["skip", "--skip-layers", "0,1"]):
            self.assertEqual(said(plain), said(run("--spec", *spec, *how)), spec)
        both = run("--spec", "draft", "-md", MODEL, "-md", MODEL, "--temp", 1)
        self.assertEqual(said(run("--spec", "off", "--temp", 1)), said(both))

    def test_what_is_wrong_is_said_at_load(self):
        self.refuse("found 'guess'", "--spec", "guess")
        self.refuse("depth", "--spec", "lookup:depth=1000")
        self.refuse("--rest-index", "--spec", "rest")
        self.refuse("nowhere", "--rest-index", "nowhere")
        self.refuse("--model-draft", "--spec", "draft")
        self.refuse("nowhere", "-md", "nowhere")
        self.refuse("found 99", "--spec", "exit", "--exit-layer", 99)
        self.refuse("found 99", "--spec", "skip", "--skip-layers", "1,99")
        (self.folder / "empty.txt").write_text("")
        done = millrace("rest-index", self.folder / "empty.txt")
        self.assertEqual(2, done.returncode)
        self.assertIn("wanted a text, found an empty file", done.stderr)

    def refuse(self, what, *args):
        done = millrace("run", PROMPT, "-n", 4, *args)
        self.assertNotEqual(0, done.returncode, args)
        self.assertEqual(1, len(done.stderr.strip().splitlines()), done.stderr)
        self.assertIn(what, done.stderr)

    def test_bench(self):
        chart, prompts = self.folder / "chart.svg", self.folder / "prompts.jsonl"
        prompts.write_text('{"turns": ["Say it twice: a red boat."]}\n'
                           '{"prompt": "Count."}\nOnce\n')
        done = millrace("spec-bench", "--methods", "lookup:depth=3,width=2,random,auto",
                        "-b", "1,3", "--prompts", prompts, "-n", 12, "-r", 1, "--seed", 1,
                        "--json", "--svg", chart)
        self.assertEqual(0, done.returncode, done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        methods = ["lookup:depth=3,width=2", "random", "auto"]
        self.assertEqual([(m, b) for b in (1, 3) for m in methods],
                         [(row["method"], row["batch"]) for row in rows])
        for row in rows:
            self.assertTrue(row["equal"])
            self.assertGreaterEqual(row["tokens_per_step"], 1)
            self.assertAlmostEqual(1, row["draft_share"] + row["verify_share"])
            self.assertEqual(row["method"] != "auto", "static_trees" in row)
            for tree in row.get("static_trees", []):
                self.assertLessEqual(1, tree["tokens_per_step"])
                self.assertLessEqual(tree["depth"], tree["nodes"])
        self.assertEqual("{http://www.w3.org/2000/svg}svg", ET.parse(chart).getroot().tag)
        self.assertIn("auto, batch 3", chart.read_text())

    def test_bench_of_prompts_that_one_step_does_not_hold(self):
        # Some answer, with proposals, while others still read their prompts.
        prompts = self.folder / "prompts.jsonl"
        prompts.write_text("".join(f"Say it {n} times: a red boat. {'And ' * 100}so on.\n"
                                   for n in range(8)))
        done = millrace("spec-bench", "--methods", "selfquant", "-b", 8, "--prompts", prompts,
                        "-n", 24, "-r", 1, "--seed", 1, "--temp", 0, "--json")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertTrue(json.loads(done.stdout)["equal"])


class Serve(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server("--deterministic", "--spec", "auto+random")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def ask(self, **fields):
        body = {"prompt": PROMPT, "max_tokens": 40, "temperature": 0, "logprobs": 2, **fields}
        request = urllib.request.Request(self.server.url + "/v1/completions",
                                         json.dumps(body).encode(),
                                         {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["choices"][0]

    def counted(self, *names):
        """Counters by proposer, all of one moment."""
        with urllib.request.urlopen(self.server.url + "/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return [{re.search(r'method="(\w+)"', line)[1]: float(line.rsplit(" ", 1)[1])
                 for line in lines if line.startswith(f"vllm:spec_decode_num_{name}_total{{")}
                for name in names]

    def test_a_request_chooses(self):
        [before] = self.counted("draft_tokens")
        self.assertEqual({"lookup", "suffix", "tree", "random"}, set(before))
        plain = self.ask(speculation="off")
        self.assertEqual([before], self.counted("draft_tokens"))
        for choice in ("auto", "suffix", "lookup+random", None):
            answer = self.ask(speculation=choice)
            self.assertEqual((plain["text"], plain["logprobs"]),
                             (answer["text"], answer["logprobs"]), choice)
        after, accepted = self.counted("draft_tokens", "accepted_tokens")
        self.assertLess(before["suffix"], after["suffix"])
        self.assertLess(0, accepted["suffix"])
        self.assertLessEqual(accepted["suffix"], after["suffix"])

    def test_what_is_not_served_is_refused(self):
        for wrong in ("jacobi", "suffix+", 3, ["suffix"]):
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.ask(speculation=wrong)
            with refused.exception as answer:
                self.assertEqual(400, answer.code)
                self.assertIn("speculation", json.load(answer)["error"]["message"])


if __name__ == "__main__":
    main()
