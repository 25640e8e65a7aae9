#!/usr/bin/env python3
"""The limits of requests: each at one below, at, and one above what its flag says, and with values
that are none."""
import json
import unittest
import urllib.error
import urllib.request

from server import Server, main

ODD = (0, -1, float("nan"), 2**31, 2**63, "7", 1.5, True, [1], {"a": 1})
LIMITS = {"--max-messages": 5, "--max-content-parts": 6, "--max-tools": 3, "--max-prompts": 4,
          "--max-prompt-tokens": 30, "--max-choices": 3, "--max-new-tokens": 20,
          "--max-logprobs": 4, "--max-top-logprobs": 6, "--max-stop-strings": 3,
          "--max-stop-bytes": 9, "--max-logit-biases": 7, "--max-cache-salt-bytes": 12,
          "--max-json-depth": 12, "--max-json-keys": 25, "--max-json-string-bytes": 3000,
          "--max-body-bytes": 60000}
USER = {"role": "user", "content": "Hi"}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {}}}


def setUpModule():
    global server
    server = Server("--parallel", 4, *[word for item in LIMITS.items() for word in item])


def tearDownModule():
    code = server.stop()
    assert code == 0, code


def ask(path, body):
    """The status, and what is said."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def chat(**fields):
    return ask("/v1/chat/completions", {"messages": [USER], "max_tokens": 1, **fields})


def complete(**fields):
    return ask("/v1/completions", {"prompt": "Hi", "max_tokens": 1, **fields})


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


# What is limited: its flag, and a request with n of it.
CASES = {
    "--max-messages": lambda n: chat(messages=[USER] * n),
    "--max-content-parts": lambda n: chat(messages=[
        {"role": "user", "content": [{"type": "text", "text": "a"}] * n}]),
    "--max-tools": lambda n: chat(tools=[TOOL] * n),
    "--max-prompts": lambda n: complete(prompt=["Hi"] * n),
    "--max-prompt-tokens": lambda n: complete(prompt=[300] * n),
    "--max-choices": lambda n: chat(n=n),
    "--max-new-tokens": lambda n: complete(max_tokens=n),
    "--max-logprobs": lambda n: complete(logprobs=n),
    "--max-top-logprobs": lambda n: chat(logprobs=True, top_logprobs=n),
    "--max-stop-strings": lambda n: chat(stop=["#"] * n),
    "--max-stop-bytes": lambda n: chat(stop="#" * n),
    "--max-logit-biases": lambda n: chat(logit_bias={str(300 + i): 1 for i in range(n)}),
    "--max-cache-salt-bytes": lambda n: chat(cache_salt="s" * n),
    "--max-json-depth": lambda n: chat(metadata={"a": nested(n - 2)}),
    "--max-json-keys": lambda n: chat(metadata={str(i): 1 for i in range(n)}),
    "--max-json-string-bytes": lambda n: chat(user="u" * n),
}

# Fields that are numbers, with what they may be.
NUMBERS = {
    "n": (chat, {1}), "max_tokens": (chat, {1}), "max_completion_tokens": (chat, {1}),
    "top_logprobs": (lambda **fields: chat(logprobs=True, **fields), {0, 1}),
    "temperature": (chat, {0, 1, 1.5}), "top_p": (chat, {0, 1}), "min_p": (chat, {0, 1}),
    "top_k": (chat, {0, -1, 1}), "presence_penalty": (chat, {0, -1, 1, 1.5}),
    "frequency_penalty": (chat, {0, -1, 1, 1.5}), "repetition_penalty": (chat, {1, 1.5}),
    "seed": (chat, {0, -1, 1, 2**31}), "min_tokens": (chat, {0, 1}),
    "best_of": (complete, {1}), "logprobs": (complete, {0, 1}),
    "priority": (chat, {0, -1, 1}),
}


class Limits(unittest.TestCase):
    def test_below_at_and_above(self):
        for flag, request in CASES.items():
            limit = LIMITS[flag]
            for n, wanted in ((limit - 1, 200), (limit, 200), (limit + 1, 400)):
                with self.subTest(flag=flag, n=n):
                    status, said = request(n)
                    self.assertEqual(wanted, status, said[:300])
                    if wanted == 400:
                        self.assertIn("invalid_request_error", said)

    def test_bodies(self):
        limit = LIMITS["--max-body-bytes"]
        whole = json.dumps({"messages": [USER], "max_tokens": 1}).encode()
        for n, wanted in ((limit - 1, 200), (limit, 200), (limit + 1, 413)):
            padded = whole + b" " * (n - len(whole))
            self.assertEqual(wanted, ask("/v1/chat/completions", padded)[0])

    def test_values_that_are_none(self):
        for field, (request, good) in NUMBERS.items():
            for value in ODD:
                with self.subTest(field=field, value=value):
                    status, said = request(**{field: value})
                    fine = not isinstance(value, (bool, str, list, dict)) and value in good
                    self.assertEqual(200 if fine else 400, status, said[:300])
                    if not fine and value == value:  # NaN is no JSON
                        self.assertIn(field, json.loads(said)["error"]["message"])

    def test_flags(self):
        for flag in LIMITS:
            for value in ("-1", "nan", "x", str(2**63)):
                with self.subTest(flag=flag, value=value), \
                        self.assertRaises(RuntimeError) as caught:
                    Server(flag, value)
                self.assertIn(flag, str(caught.exception))


if __name__ == "__main__":
    main()
