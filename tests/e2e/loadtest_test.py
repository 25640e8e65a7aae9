#!/usr/bin/env python3
"""`millrace loadtest` against the server, and against servers that misbehave."""
import json
import os
import subprocess
import tempfile
import threading
import unittest
import xml.etree.ElementTree
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from server import PROGRAM, ROOT, Server, main

TRACES = Path(os.environ.get("MILLRACE_DATA", ROOT / "../shared/data")) / "traces"


def setUpModule():
    global server
    server = Server("--parallel", 8, "--api-key", "secret", "--max-waiting", 16)


def tearDownModule():
    code = server.stop()
    assert code == 0, code


def loadtest(*flags, url=None):
    return subprocess.run([PROGRAM, "loadtest", "--url", url or server.url, "--api-key", "secret",
                           *map(str, flags)], capture_output=True, text=True, timeout=120,
                          stdin=subprocess.DEVNULL)


def report(*flags):
    done = loadtest("--json", *flags)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Mix(unittest.TestCase):
    def test_counts(self):
        found = report("--mix", "40:8,70:3", "-n", 24, "--rate", 60)
        self.assertEqual((24, 24, 0, 0), tuple(found[key] for key in (
            "requests", "whole", "refused", "failed")))
        self.assertTrue(24 * 3 <= found["output_tokens"] <= 24 * 8, found)
        self.assertTrue(24 * 40 <= found["prompt_tokens"] <= 24 * 70, found)
        self.assertLessEqual(found["ttft_s"]["p50"], found["e2e_s"]["max"])

    def test_a_shared_prefix_hits(self):
        found = report("--mix", "16:2", "--shared", 320, "-n", 16, "--rate", 20, "--seed", 5)
        self.assertGreater(found["hit_rate"], 0.7)
        again = report("--mix", "16:2", "--shared", 320, "-n", 16, "--rate", 20, "--seed", 6)
        self.assertGreater(again["hit_rate"], 0.7)  # other tokens, and their own hits

    def test_table_and_picture(self):
        with tempfile.TemporaryDirectory() as folder:
            picture = Path(folder) / "times.svg"
            done = loadtest("--mix", "20:4", "-n", 6, "--rate", 50, "--svg", picture)
            self.assertEqual(0, done.returncode, done.stderr)
            for words in ("6 whole", "goodput", "to the first token", "hit rate"):
                self.assertIn(words, done.stdout)
            root = xml.etree.ElementTree.parse(picture).getroot()
            self.assertEqual(2, len(root.findall(".//{http://www.w3.org/2000/svg}polyline")))

    def test_overload_is_refused_and_told(self):
        found = report("--mix", "20:300", "-n", 80, "--rate", 2000)
        self.assertEqual(80, found["whole"] + found["refused"])
        self.assertGreater(found["refused"], 20)
        self.assertGreaterEqual(found["whole"], 24)  # those that run and those that may wait

    def test_mistakes(self):
        for flags, words in (((), "one of --trace and --mix"), (("--mix", "4"), "PROMPT:ANSWER"),
                             (("--mix", "0:4"), "PROMPT:ANSWER"),
                             (("--trace", "/nonexistent.csv"), "/nonexistent.csv")):
            done = loadtest(*flags)
            self.assertNotEqual(0, done.returncode)
            self.assertIn(words, done.stderr)
        self.assertIn("--url", loadtest("--mix", "4:4", url="ftp://x").stderr)
        self.assertEqual(1, loadtest("--mix", "4:4", url="http://127.0.0.1:1").returncode)


@unittest.skipUnless(TRACES.exists(), f"{TRACES} is not here")
class Traces(unittest.TestCase):
    def test_mooncake_hits_as_its_names_say(self):
        path = TRACES / "mooncake_conversation_trace.jsonl"
        n, scale = 30, 0.02
        found = report("--trace", path, "-n", n, "--scale", scale, "--rate", 8, "-c", 2000)
        seen, bound = set(), 0
        for line in path.read_text().splitlines()[:n]:
            names = json.loads(line)["hash_ids"]
            for i in range(len(names)):
                if tuple(names[: i + 1]) in seen:
                    bound += 1
                seen.add(tuple(names[: i + 1]))
        self.assertEqual(n, found["whole"])
        self.assertGreater(bound, 0)
        self.assertGreaterEqual(found["cached_tokens"], 0.8 * bound * round(512 * scale))

    def test_the_others(self):
        for name in ("AzureLLMInferenceTrace_code.csv", "arxiv_summarization_lengths.csv",
                     "sharegpt_llama3.1_8b_300_tokens.jsonl"):
            found = report("--trace", TRACES / name, "-n", 8, "--scale", 0.02, "--rate", 20, "-c",
                           1000)
            self.assertEqual(8, found["whole"], name)


class Strange(BaseHTTPRequestHandler):
    """Streams that are not as they should be, one after the other."""
    ANSWERS = [b'data: {"choices":[{"text":"a"}]}\n\n',  # no end
               b'data: {"error":{"message":"broken"}}\n\n',
               b'data: no json\n\ndata: [DONE]\n\n',
               b': ping\r\n\r\ndata:{"choices":[{"text":"a"}]}\r\n\r\ndata: [DONE]\r\n\r\n']

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = self.ANSWERS[self.server.n % len(self.ANSWERS)]
        self.server.n += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


class OtherServers(unittest.TestCase):
    def test_streams_that_break_count_as_failed(self):
        other = HTTPServer(("127.0.0.1", 0), Strange)
        other.n = 0
        threading.Thread(target=other.serve_forever, daemon=True).start()
        self.addCleanup(other.server_close)
        self.addCleanup(other.shutdown)
        done = loadtest("--mix", "4:4", "-n", 4, "--rate", 4, "-m", "x", "--vocab", 100, "--json",
                        url=f"http://127.0.0.1:{other.server_port}")
        found = json.loads(done.stdout)
        self.assertEqual((1, 3), (found["whole"], found["failed"]), done.stderr)
        self.assertEqual(1, done.returncode)


if __name__ == "__main__":
    main()
