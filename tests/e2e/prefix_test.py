#!/usr/bin/env python3
"""What the server shares between requests: hits, misses and their reasons, forks, and that a text
does not depend on any of it."""
import json
import os
import random
import threading
import unittest
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from server import Server, main

FULL = "MILLRACE_FULL" in os.environ
PAGE = 64


def setUpModule():
    global server
    server = Server("--parallel", 16, "--deterministic")


def tearDownModule():
    code = server.stop()
    assert code == 0, code


def call(path, body, to=None):
    request = urllib.request.Request((to or server).url + path, json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def complete(prompt, to=None, **fields):
    return call("/v1/completions", {"prompt": prompt, "max_tokens": 8, "temperature": 0,
                                    "ignore_eos": True, **fields}, to)


def text_of(answer):
    return answer["choices"][0]["text"]


def cached(answer):
    return answer["usage"]["prompt_tokens_details"]["cached_tokens"]


def ids(n, seed):
    draw = random.Random(seed)
    return [draw.randrange(300, 2000) for _ in range(n)]


def at_once(functions):
    results = [None] * len(functions)

    def run(i):
        results[i] = functions[i]()
    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def metric(name, to=None, **labels):
    with urllib.request.urlopen((to or server).url + "/metrics", timeout=20) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return sum(sample.value for family in families for sample in family.samples
               if sample.name == name and labels.items() <= sample.labels.items())


class Hits(unittest.TestCase):
    def test_prefixes_are_shared(self):
        n_prefixes, n_each, length = 16, 64 if FULL else 6, 200
        prompts = [ids(length, prefix) + ids(20, 1000 * prefix + i)
                   for prefix in range(n_prefixes) for i in range(n_each)]
        random.Random(3).shuffle(prompts)
        hits = 0
        for begin in range(0, len(prompts), 24):
            answers = at_once([lambda prompt=prompt: complete(prompt, max_tokens=1)
                               for prompt in prompts[begin:begin + 24]])
            hits += sum(cached(answer) for answer in answers)
        bound = n_prefixes * (n_each - 1) * length  # each prefix is computed once
        self.assertGreaterEqual(hits, 0.95 * bound)

    def test_forks_share_the_pages_of_their_prompt(self):
        own = Server("--parallel", 16)
        self.addCleanup(own.stop)
        free = metric("millrace_pages", own, kind="full", owner="nobody")
        most = []
        done = threading.Event()

        def watch():
            while not done.is_set():
                most.append(free - metric("millrace_pages", own, kind="full", owner="nobody"))
        watcher = threading.Thread(target=watch)
        watcher.start()
        complete(ids(2000, 4), own, n=16, max_tokens=40, temperature=1, seed=1)
        done.set()
        watcher.join()
        # 31 whole pages, and of each fork the one that its prompt ends in and goes on in.
        self.assertLessEqual(max(most), 2000 // PAGE + 16 + 1)
        kept = free - metric("millrace_pages", own, kind="full", owner="nobody")
        self.assertTrue(2000 // PAGE + 1 < kept <= 2000 // PAGE + 16 + 1, kept)


class Reports(unittest.TestCase):
    def report(self, messages, **fields):
        answer = call("/v1/chat/completions", {
            "messages": messages, "max_tokens": 1, "cache_report": True, **fields})
        return answer["cache"]

    def chat(self, *texts):
        roles = ["system", *["user", "assistant"] * len(texts)]
        return [{"role": role, "content": text} for role, text in zip(roles, texts)]

    def test_the_message_that_differs(self):
        texts = [f"{word} and some more words of message number {i}"
                 for i, word in enumerate(["Rules", "Hello", "Hi", "Why", "So", "Then"])]
        first = self.report(self.chat(*texts))
        self.assertIn(first["reason"], ("not_stored", "diverges"))
        same = self.report(self.chat(*texts))
        self.assertEqual(("last_token", None, None),
                         tuple(same[key] for key in (
                             "reason", "first_divergent_token", "message")))
        for i, role in ((1, "user"), (2, "assistant"), (3, "user"), (5, "user")):
            other = [*texts]
            other[i] = other[i].replace("some", "few")
            report = self.report(self.chat(*other))
            self.assertEqual("diverges", report["reason"])
            self.assertEqual({"index": i, "role": role}, report["message"])
            self.assertEqual(report["cached_tokens"], report["first_divergent_token"]["index"])
            self.assertLess(report["cached_tokens"], report["prompt_tokens"])
        longer = self.report(self.chat(*texts, "Because", "And now?"))
        self.assertEqual(6, longer["message"]["index"])

    def test_tokens_and_streams(self):
        prompt = ids(100, 77)
        complete(prompt)
        prompt[40] = prompt[40] % 2000 + 1
        report = complete(prompt, cache_report=True)["cache"]
        self.assertEqual(("diverges", 40, {"index": 40, "id": prompt[40]}, None), (
            report["reason"], report["cached_tokens"],
            {key: report["first_divergent_token"][key] for key in ("index", "id")},
            report["message"]))
        request = urllib.request.Request(server.url + "/v1/completions", json.dumps(
            {"prompt": prompt, "max_tokens": 2, "stream": True, "cache_report": True}).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            events = answer.read().decode().strip().split("\n\n")
        self.assertEqual("last_token", json.loads(events[-2][6:])["cache"]["reason"])
        self.assertEqual("asked", complete(prompt, cache_report=True, echo=True,
                                           logprobs=0)["cache"]["reason"])

    def test_reasons_are_counted(self):
        name = "millrace_prefix_missed_tokens_total"
        before = metric(name, reason="diverges")
        prompt = ids(90, 78)
        complete(prompt)
        complete(prompt[:50] + ids(40, 79))
        self.assertGreaterEqual(metric(name, reason="diverges") - before, 40)
        self.assertEqual(metric("vllm:prefix_cache_queries_total"),
                         metric("vllm:prefix_cache_hits_total") + metric(name))


class SameText(unittest.TestCase):
    """With --deterministic the text of a request is its own."""

    def setUp(self):
        n = 200 if FULL else 16
        self.prompts = [ids(random.Random(i).randrange(5, 300), 500 + i) for i in range(n)]
        self.fields = [{"temperature": 1.0, "seed": i, "max_tokens": 24} if i % 2 else
                       {"max_tokens": 24} for i in range(n)]

    def texts(self, to, n_at_once):
        out = []
        for begin in range(0, len(self.prompts), n_at_once):
            out += at_once([lambda i=i: text_of(complete(self.prompts[i], to, **self.fields[i]))
                            for i in range(begin, min(begin + n_at_once, len(self.prompts)))])
        return out

    def test_alone_in_company_after_a_hit_and_after_preemption(self):
        small = Server("--parallel", 16, "--deterministic", "-c", 400, "--cache-requests", 1)
        self.addCleanup(small.stop)
        alone = self.texts(server, 1)
        self.assertEqual(alone, self.texts(server, 1))  # hits
        for _ in range(20):  # a machine that is busy may let them come one after the other
            self.assertEqual(alone, self.texts(small, 16))
            if metric("vllm:num_preemptions_total", small) > 0:
                break
        self.assertGreater(metric("vllm:num_preemptions_total", small), 0)


if __name__ == "__main__":
    main()
