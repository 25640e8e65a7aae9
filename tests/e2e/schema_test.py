#!/usr/bin/env python3
"""Answers against OpenAI's published OpenAPI description, and the Responses API."""
import os
import unittest
from pathlib import Path

import jsonschema
import openai
import yaml

from server import ROOT, Server, main

DATA = Path(os.environ.get("MILLRACE_DATA", ROOT / "../shared/data"))
PAGE = DATA / "api/openai_openapi.yaml"
NO_THOUGHT = {"reasoning": {"effort": "none"}}
TOOL = {"type": "function", "name": "get_weather", "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}


def setUpModule():
    global server, client, schemas
    server = Server("--parallel", 4)
    client = openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0, timeout=60)
    schemas = None
    if PAGE.exists():
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        schemas = readable(yaml.load(PAGE.read_text(), loader)["components"])


def tearDownModule():
    client.close()
    code = server.stop()
    assert code == 0, code


def readable(node):
    """OpenAPI as JSON Schema: references stay, `nullable` becomes a type."""
    if isinstance(node, list):
        return [readable(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {key: readable(value) for key, value in node.items() if key != "discriminator"}
    if out.pop("nullable", False) is True:
        return {"anyOf": [out, {"type": "null"}]}
    return out


def check(value, name):
    if schemas is None:
        raise unittest.SkipTest(f"{PAGE} is not here")
    root = {"$ref": f"#/components/schemas/{name}", "components": schemas}
    errors = list(jsonschema.Draft202012Validator(root).iter_errors(value))
    assert not errors, f"{name}: {[error.message for error in errors]} in {value}"


def post(path, **body):
    return client.post(path, body=body, cast_to=object)


def respond(text="Tell me a short story.", **fields):
    fields = {"model": "default", "max_output_tokens": 20, "temperature": 0, **fields}
    return client.responses.create(input=text, **fields)


class Validity(unittest.TestCase):
    CHAT = {"model": "default", "max_completion_tokens": 30, "temperature": 0,
            "messages": [{"role": "user", "content": "What is the weather in Paris?"}]}

    def test_chat(self):
        check(post("/chat/completions", **self.CHAT), "CreateChatCompletionResponse")

    def test_chat_with_logprobs_and_n(self):
        check(post("/chat/completions", **self.CHAT, logprobs=True, top_logprobs=2, n=2),
              "CreateChatCompletionResponse")

    def test_chat_with_tools(self):
        tool = {"type": "function", "function": {key: TOOL[key] for key in
                                                 ("name", "description", "parameters")}}
        answer = post("/chat/completions", **dict(self.CHAT, max_completion_tokens=200),
                      tools=[tool])
        self.assertEqual("tool_calls", answer["choices"][0]["finish_reason"])
        check(answer, "CreateChatCompletionResponse")

    def test_chat_chunks(self):
        for fields in ({}, {"logprobs": True}, {"stream_options": {"include_usage": True}}):
            for chunk in client.chat.completions.create(**self.CHAT, stream=True, **fields):
                check(chunk.to_dict(), "CreateChatCompletionStreamResponse")

    def test_completion(self):
        for fields in ({}, {"echo": True}, {"logprobs": 2}, {"n": 2}):
            answer = post("/completions", model="default", prompt="Once", max_tokens=5, **fields)
            check(answer, "CreateCompletionResponse")

    def test_models(self):
        check(client.get("/models", cast_to=object), "ListModelsResponse")

    def test_embeddings(self):
        check(post("/embeddings", model="default", input=["Hi", "Hello"]),
              "CreateEmbeddingResponse")

    def test_errors(self):
        with self.assertRaises(openai.APIStatusError) as caught:
            post("/chat/completions", messages=[])
        check(caught.exception.response.json(), "ErrorResponse")

    def test_response(self):
        for fields in ({}, NO_THOUGHT, {"instructions": "Be brief."}, {"tools": [TOOL]}):
            check(post("/responses", model="default", input="Tell me a story.",
                       max_output_tokens=20, **fields), "Response")

    def test_response_events(self):
        for event in respond(stream=True):
            check(event.to_dict(), "ResponseStreamEvent")


class Responses(unittest.TestCase):
    def test_text(self):
        answer = respond(**NO_THOUGHT)
        self.assertEqual(("response", "incomplete"), (answer.object, answer.status))
        self.assertEqual("max_output_tokens", answer.incomplete_details.reason)
        self.assertTrue(answer.output_text)
        self.assertEqual(20, answer.usage.output_tokens)

    def test_reasoning_item(self):
        answer = respond("What is 12 + 30?", max_output_tokens=200)
        self.assertEqual(["reasoning", "message"], [item.type for item in answer.output])
        self.assertEqual("completed", answer.status)

    def test_stream_is_the_same(self):
        events = list(respond(stream=True, max_output_tokens=60))
        self.assertEqual(list(range(len(events))), [event.sequence_number for event in events])
        self.assertEqual(["response.created", "response.in_progress"],
                         [event.type for event in events[:2]])
        text = "".join(event.delta for event in events
                       if event.type == "response.output_text.delta")
        self.assertEqual(respond(max_output_tokens=60).output_text, text)
        self.assertEqual(text, events[-1].response.output_text)

    def test_input_items_are_the_chat(self):
        items = [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
                 {"role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]},
                 {"role": "user", "content": "Bye"}]
        chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": "Hello"}, {"role": "user", "content": "Bye"}]
        usage = client.chat.completions.create(model="default", messages=chat,
                                               max_completion_tokens=1).usage
        self.assertEqual(usage.prompt_tokens,
                         respond(items, instructions="Be brief.").usage.input_tokens)

    def test_function_call_and_its_output(self):
        answer = respond("What is the weather in Paris?", tools=[TOOL], max_output_tokens=200)
        call = answer.output[-1]
        self.assertEqual("function_call", call.type)
        items = [{"role": "user", "content": "What is the weather in Paris?"},
                 {"type": "function_call", "call_id": call.call_id, "name": call.name,
                  "arguments": call.arguments},
                 {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}]
        self.assertTrue(respond(items, tools=[TOOL]).output)

    def test_goes_on_from_an_earlier_one(self):
        first = respond("My name is Tom.", **NO_THOUGHT)
        second = respond("And mine?", previous_response_id=first.id, **NO_THOUGHT)
        whole = respond([{"role": "user", "content": "My name is Tom."},
                         {"role": "assistant", "content": first.output_text},
                         {"role": "user", "content": "And mine?"}], **NO_THOUGHT)
        self.assertEqual((whole.output_text, whole.usage.input_tokens),
                         (second.output_text, second.usage.input_tokens))
        self.assertEqual(first.id, second.previous_response_id)
        third = respond("So?", previous_response_id=second.id, stream=True, **NO_THOUGHT)
        last = list(third)[-1].response
        self.assertGreater(last.usage.input_tokens, second.usage.input_tokens)
        fourth = respond("So?", previous_response_id=last.id, **NO_THOUGHT)  # it was streamed
        self.assertGreater(fourth.usage.input_tokens, last.usage.input_tokens)

    def test_stored_responses(self):
        answer = respond()
        stored = client.responses.retrieve(answer.id)
        self.assertEqual(answer.to_dict(), stored.to_dict())
        client.responses.delete(answer.id)
        with self.assertRaises(openai.NotFoundError):
            client.responses.retrieve(answer.id)
        unkept = respond(store=False)
        with self.assertRaises(openai.BadRequestError) as caught:
            respond(previous_response_id=unkept.id)
        self.assertEqual("previous_response_not_found", caught.exception.code)

    def test_others_do_not_find_it(self):
        own = Server("--api-key", "one", "--api-key", "two")
        self.addCleanup(own.stop)
        ask = {"model": "default", "input": "Hi", "max_output_tokens": 2}
        with openai.OpenAI(base_url=own.url + "/v1", api_key="one", max_retries=0) as one, \
                openai.OpenAI(base_url=own.url + "/v1", api_key="two", max_retries=0) as two:
            answer = one.responses.create(**ask)
            one.responses.create(**ask, previous_response_id=answer.id)
            with self.assertRaises(openai.BadRequestError):
                two.responses.create(**ask, previous_response_id=answer.id)
            with self.assertRaises(openai.NotFoundError):
                two.responses.delete(answer.id)

    def test_old_ones_make_room(self):
        own = Server("--max-stored-response-bytes", 20000)
        self.addCleanup(own.stop)
        with openai.OpenAI(base_url=own.url + "/v1", api_key="none", max_retries=0) as other:
            ids = [other.responses.create(model="default", input="Hi", max_output_tokens=2).id
                   for _ in range(8)]
            other.responses.retrieve(ids[-1])
            with self.assertRaises(openai.NotFoundError):
                other.responses.retrieve(ids[0])

    def test_refusals(self):
        for field, value, status in (("previous_response_id", "resp_1", 400),
                                     ("background", True, 501), ("max_output_tokens", -1, 400),
                                     ("temperature", 200, 400)):
            with self.assertRaises(openai.APIStatusError) as caught:
                respond(**{field: value})
            self.assertEqual((status, field), (caught.exception.status_code,
                                               caught.exception.param))


if __name__ == "__main__":
    main()
