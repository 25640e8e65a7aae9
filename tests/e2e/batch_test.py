#!/usr/bin/env python3
"""`millrace batch`: OpenAI's batch lines in and out, also across a kill -9."""
import json
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from server import PROGRAM, main


def line(custom_id, url="/v1/completions", **body):
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": body})


def completion(custom_id, n=8):
    return line(custom_id, prompt=f"Once upon a time {custom_id}", max_tokens=n, temperature=0)


class Batch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.requests = Path(folder.name) / "in.jsonl"
        self.answers = Path(folder.name) / "out.jsonl"

    def command(self, *flags):
        return [PROGRAM, "batch", self.requests, self.answers, *map(str, flags)]

    def run_batch(self, *flags):
        return subprocess.run(self.command(*flags), capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL)

    def read(self):
        return [json.loads(text) for text in self.answers.read_text().splitlines()]

    def by_id(self):
        return {answer["custom_id"]: answer for answer in self.read()}

    def test_routes_and_mistakes(self):
        self.requests.write_text("\n".join([
            completion("a"),
            line("chat", "/v1/chat/completions", max_tokens=4,
                 messages=[{"role": "user", "content": "Hi"}]),
            line("vector", "/v1/embeddings", input="Hi"),
            "no JSON", json.dumps({"url": "/v1/completions"}), completion("a"), "",
            line("range", prompt="Hi", temperature=-1),
            line("stream", prompt="Hi", stream=True),
            line("where", "/v1/nothing"), line("props", "/props")]) + "\n")
        done = self.run_batch()
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("10 answered, 7 of them with errors, 0 from before", done.stderr)
        answers = self.by_id()
        for custom_id, kind in (("a", "text_completion"), ("chat", "chat.completion"),
                                ("vector", "list")):
            self.assertEqual(200, answers[custom_id]["response"]["status_code"])
            self.assertEqual(kind, answers[custom_id]["response"]["body"]["object"])
            self.assertIsNone(answers[custom_id]["error"])
        statuses = {custom_id: answers[custom_id]["response"]["status_code"]
                    for custom_id in ("range", "stream", "where", "props")}
        self.assertEqual({"range": 400, "stream": 400, "where": 404, "props": 405}, statuses)
        mistakes = [answer for answer in self.read() if answer["custom_id"] is None]
        self.assertEqual([4, 5, 6], sorted(answer["error"]["line"] for answer in mistakes))
        again = self.run_batch()
        self.assertIn("0 answered, 0 of them with errors, 10 from before", again.stderr)
        self.assertEqual(10, len(self.read()))

    def test_goes_on_where_it_was_killed(self):
        ids = [f"request {i}" for i in range(60)]
        self.requests.write_text("".join(completion(custom_id, 60) + "\n" for custom_id in ids))
        child = subprocess.Popen(self.command("--parallel", 4, "--deterministic"),
                                 stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not self.answers.exists() or len(self.answers.read_bytes().splitlines()) < 5:
            self.assertIsNone(child.poll())
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        child.wait()
        with self.answers.open("a") as file:
            file.write('{"id": "batch_req_cut off')  # as a full disk may leave it
        done = self.run_batch("--parallel", 16, "--deterministic")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertNotIn(" 0 from before", done.stderr)
        answers = self.read()
        self.assertEqual(sorted(ids), sorted(answer["custom_id"] for answer in answers))
        texts = {answer["custom_id"]: answer["response"]["body"]["choices"][0]["text"]
                 for answer in answers}
        self.answers.unlink()
        self.run_batch("--parallel", 16, "--deterministic")
        self.assertEqual(texts, {custom_id: answer["response"]["body"]["choices"][0]["text"]
                                 for custom_id, answer in self.by_id().items()})

    def test_fills_the_free_rows(self):
        self.requests.write_text("".join(completion(str(i), 40) + "\n" for i in range(64)))
        done = self.run_batch("--parallel", 16)
        per_load = float(done.stderr.split(" per weight load")[0].rsplit(" ", 1)[1])
        self.assertGreater(per_load, 12)  # of 16: the last ones end one by one

    def test_files(self):
        self.requests.write_text(completion("a") + "\n")
        self.answers.write_text("something else\n")
        done = self.run_batch()
        self.assertEqual(2, done.returncode)
        self.assertIn("line 1: wanted an answer of this program", done.stderr)
        self.requests.unlink()
        self.assertEqual(1, self.run_batch().returncode)

    def test_interrupt(self):
        self.requests.write_text("".join(
            line(str(i), prompt="Once", max_tokens=1900, ignore_eos=True) + "\n"
            for i in range(200)))
        child = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        while not self.answers.exists():
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        self.assertEqual(130, child.wait(timeout=60))


if __name__ == "__main__":
    main()
