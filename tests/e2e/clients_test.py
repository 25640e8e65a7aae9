#!/usr/bin/env python3
"""The server as other clients use it: LangChain, Open WebUI, benchmark programs, curl."""
import json
import subprocess
import unittest
import urllib.request

from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAI

from server import Server, main


def setUpModule():
    global server
    server = Server("--parallel", 4, "--api-key", "secret", "--alias", "small,other")


def tearDownModule():
    code = server.stop()
    assert code == 0, code


def model(**fields):
    fields = {"model": "small", "max_tokens": 20, "temperature": 0, **fields}
    return ChatOpenAI(base_url=server.url + "/v1", api_key="secret", max_retries=0, **fields)


@tool
def get_weather(city: str) -> str:
    """The weather of a city"""
    return f"It is sunny in {city}."


class LangChain(unittest.TestCase):
    def test_invoke(self):
        answer = model().invoke([SystemMessage("Be brief."), HumanMessage("Hello")])
        self.assertIsInstance(answer, AIMessage)
        self.assertEqual("small", answer.response_metadata["model_name"])

    def test_usage(self):
        answer = model().invoke("Hello")
        self.assertEqual(20, answer.usage_metadata["output_tokens"])

    def test_stream(self):
        chunks = list(model().stream("Hello"))
        self.assertEqual(model().invoke("Hello").content,
                         "".join(chunk.content for chunk in chunks))

    def test_stream_usage(self):
        total = None
        for chunk in model(stream_usage=True).stream("Hello"):
            total = chunk if total is None else total + chunk
        self.assertEqual(20, total.usage_metadata["output_tokens"])

    def test_batch(self):
        answers = model().batch(["Hello", "Tell me a story."])
        self.assertEqual(2, len(answers))

    def test_logprobs(self):
        answer = model(logprobs=True, top_logprobs=2).invoke("Hello")
        self.assertEqual(20, len(answer.response_metadata["logprobs"]["content"]))

    def test_stop(self):
        text = model(max_tokens=60).invoke("Tell me a story.").content
        cut = model(max_tokens=60).invoke("Tell me a story.", stop=[text[10:14]]).content
        self.assertEqual(text[: text.index(text[10:14])], cut)

    def test_tools(self):
        question = HumanMessage("What is the weather in Paris?")
        bound = model(max_tokens=200).bind_tools([get_weather])
        answer = bound.invoke([question])
        self.assertTrue(answer.tool_calls)
        result = ToolMessage("It is sunny.", tool_call_id=answer.tool_calls[0]["id"])
        self.assertIsInstance(bound.invoke([question, answer, result]), AIMessage)

    def test_completions(self):
        llm = OpenAI(base_url=server.url + "/v1", api_key="secret", model="other", max_tokens=8,
                     temperature=0, max_retries=0)
        self.assertTrue(llm.invoke("Once upon a time"))


def call(path, body=None, **headers):
    request = urllib.request.Request(server.url + path, json.dumps(body).encode() if body else None)
    request.add_header("Authorization", "Bearer secret")
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.headers, answer.read()


class OpenWebUi(unittest.TestCase):
    def test_start_up(self):
        headers, body = call("/v1/models", X_OpenWebUI_User_Name="me")
        self.assertEqual("application/json", headers["Content-Type"])
        self.assertEqual(["small", "other"], [entry["id"] for entry in json.loads(body)["data"]])

    def test_chat(self):
        headers, body = call("/v1/chat/completions", {
            "model": "small", "stream": True, "max_tokens": 4,
            "messages": [{"role": "user", "content": "Hello"}]}, Content_Type="application/json")
        self.assertEqual("text/event-stream; charset=utf-8", headers["Content-Type"])
        self.assertEqual(("no-cache", "no"),
                         (headers["Cache-Control"], headers["X-Accel-Buffering"]))
        self.assertTrue(body.endswith(b"data: [DONE]\n\n"))


class Benchmarks(unittest.TestCase):
    def test_aiperf_wants_an_object_in_every_answer(self):
        for path, body in (("/v1/completions", {"model": "small", "prompt": "Hi"}),
                           ("/v1/chat/completions", {"model": "small", "messages": [
                               {"role": "user", "content": "Hi"}]})):
            _, answer = call(path, dict(body, max_tokens=2), Content_Type="application/json")
            self.assertTrue(json.loads(answer)["object"])

    def test_first_chunk_comes_with_the_first_token(self):
        _, body = call("/v1/chat/completions", {
            "model": "small", "stream": True, "max_tokens": 3, "ignore_eos": True,
            "chat_template_kwargs": {"enable_thinking": False},
            "messages": [{"role": "user", "content": "Hi"}]}, Content_Type="application/json")
        chunks = [json.loads(line[6:]) for line in body.decode().split("\n\n")
                  if line.startswith("data: {")]
        self.assertLessEqual(len(chunks), 5)  # role, one a step, the end


class Curl(unittest.TestCase):
    def test_a_form_without_a_type(self):
        command = ["curl", "-s", "-H", "x-api-key: secret", server.url + "/v1/completions", "-d",
                   '{"prompt": "Once", "max_tokens": 2}', "-H", "Content-Type: application/json"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        except FileNotFoundError:
            self.skipTest("no curl")
        self.assertTrue(json.loads(done.stdout)["choices"])


if __name__ == "__main__":
    main()
