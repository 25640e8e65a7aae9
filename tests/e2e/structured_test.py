#!/usr/bin/env python3
"""Structured output and calls of tools, as clients ask for them; the model is small and knows
nothing of JSON, so whatever fits was made to fit."""
import json
import re
import unittest
from typing import Literal, Optional

import anthropic
import jsonschema
import openai
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, Field

from server import Server, main

NO_THOUGHT = {"chat_template_kwargs": {"enable_thinking": False}}
ASK = [{"role": "user", "content": "Tell me about a cat."}]
SCHEMA = {"type": "object", "additionalProperties": False, "required": ["name", "age", "kind"],
          "properties": {"name": {"type": "string", "pattern": "^[a-z]{1,6}$"},
                         "age": {"type": "integer", "minimum": 0, "maximum": 30},
                         "kind": {"enum": ["cat", "dog", None]},
                         "tags": {"type": "array", "maxItems": 2,
                                  "items": {"type": "string", "maxLength": 3}}}}
WEATHER = {"type": "function", "function": {
    "name": "weather", "description": "The weather of a city.", "parameters": {
        "type": "object", "additionalProperties": False, "required": ["city", "days"],
        "properties": {"city": {"enum": ["Oslo", "Rome"]},
                       "days": {"type": "integer", "minimum": 1, "maximum": 9}}}}}
CLOCK = {"type": "function", "function": {"name": "clock", "parameters": {
    "type": "object", "additionalProperties": False, "properties": {}}}}


class Cat(BaseModel):
    name: str = Field(max_length=5)
    kind: Literal["house", "wild"]
    age: Optional[int] = Field(ge=0, le=30)


def setUpModule():
    global server, client
    server = Server("--parallel", 8)
    client = openai.OpenAI(base_url=server.url + "/v1", api_key="none", max_retries=0, timeout=120)


def tearDownModule():
    client.close()
    code = server.stop()
    assert code == 0, code


def chat(extra=None, **fields):
    fields = {"model": "default", "max_completion_tokens": 200, "temperature": 1, "seed": 1,
              "messages": ASK, **fields}
    return client.chat.completions.create(extra_body={**NO_THOUGHT, **(extra or {})}, **fields)


def text_of(extra=None, **fields):
    choice = chat(extra, **fields).choices[0]
    assert choice.finish_reason == "stop", choice
    return choice.message.content


def named(schema, **more):
    return {"type": "json_schema", "json_schema": {"name": "it", "strict": True, "schema": schema,
                                                   **more}}


class Formats(unittest.TestCase):
    def check(self, text):
        jsonschema.validate(json.loads(text), SCHEMA)

    def test_schema(self):
        for seed in range(4):
            self.check(text_of(response_format=named(SCHEMA), seed=seed, temperature=1.5))

    def test_schema_greedy(self):
        self.check(text_of(response_format=named(SCHEMA), temperature=0))

    def test_schema_keys_in_order(self):
        keys = list(json.loads(text_of(response_format=named(SCHEMA))))
        self.assertEqual(keys, [key for key in SCHEMA["properties"] if key in keys])

    def test_schema_streamed(self):
        stream = chat(response_format=named(SCHEMA), stream=True)
        pieces = [chunk.choices[0].delta.content or "" for chunk in stream]
        self.assertGreater(len(pieces), 3)
        self.check("".join(pieces))
        self.assertEqual("".join(pieces), text_of(response_format=named(SCHEMA)))

    def test_schema_of_several_choices(self):
        answer = chat(response_format=named(SCHEMA), n=3)
        for choice in answer.choices:
            self.check(choice.message.content)
        self.assertGreater(len({choice.message.content for choice in answer.choices}), 1)

    def test_parse(self):
        answer = client.chat.completions.parse(
            model="default", messages=ASK, response_format=Cat, max_completion_tokens=200,
            extra_body=NO_THOUGHT)
        self.assertIsInstance(answer.choices[0].message.parsed, Cat)

    def test_json_object(self):
        choice = chat(response_format={"type": "json_object"}, max_completion_tokens=40).choices[0]
        self.assertTrue(choice.message.content.startswith("{"))
        if choice.finish_reason == "stop":
            self.assertIsInstance(json.loads(choice.message.content), dict)

    def test_json_object_with_schema(self):
        self.check(text_of(response_format={"type": "json_object", "schema": SCHEMA}))

    def test_text_is_free(self):
        free = chat(max_completion_tokens=8, temperature=0).choices[0].message.content
        self.assertEqual(free, chat(response_format={"type": "text"}, max_completion_tokens=8,
                                    temperature=0).choices[0].message.content)

    def test_names_of_vllm_and_llama_server(self):
        for extra in ({"structured_outputs": {"json": SCHEMA}}, {"guided_json": SCHEMA},
                      {"structured_outputs": {"json": json.dumps(SCHEMA)}},
                      {"json_schema": SCHEMA}):
            self.check(text_of(extra))

    def test_regex(self):
        for extra in ({"structured_outputs": {"regex": "[0-9]{3}-(ab|cd)+x"}},
                      {"guided_regex": "[0-9]{3}-(ab|cd)+x"}):
            self.assertRegex(text_of(extra), r"\A[0-9]{3}-(ab|cd)+x\Z")

    def test_choice(self):
        for extra in ({"structured_outputs": {"choice": ["yes", "no", "maybe"]}},
                      {"guided_choice": ["yes", "no", "maybe"]}):
            self.assertIn(text_of(extra), ["yes", "no", "maybe"])

    def test_grammar(self):
        grammar = 'root ::= item ("," item)*\nitem ::= [a-c]{2} | "<" item ">"\n'
        for extra in ({"structured_outputs": {"grammar": grammar}}, {"guided_grammar": grammar},
                      {"grammar": grammar}):
            text = text_of(extra, max_completion_tokens=400)
            bare = re.sub("[<>]", "", text)
            self.assertRegex(bare, r"\A[a-c]{2}(,[a-c]{2})*\Z")
            self.assertEqual(text.count("<"), text.count(">"))

    def test_structural_tag(self):
        tag = {"type": "structural_tag", "format": {"type": "sequence", "elements": [
            {"type": "const_string", "value": "Cat: "},
            {"type": "tag", "begin": "<cat>", "end": "</cat>",
             "content": {"type": "json_schema", "json_schema": SCHEMA}}]}}
        text = text_of({"structured_outputs": {"structural_tag": json.dumps(tag)}})
        found = re.fullmatch(r"Cat: <cat>(.*)</cat>", text, re.S)
        self.check(found[1])
        self.assertEqual(text, text_of(response_format=tag))

    def test_triggered_tags(self):
        tag = {"type": "structural_tag", "triggers": ["<f"], "structures": [
            {"begin": "<f>", "schema": {"type": "boolean"}, "end": "</f>"}]}
        text = chat({"response_format": tag}, max_completion_tokens=60).choices[0].message.content
        self.assertEqual([], [bad for bad in re.findall("<f[^>]*>[^<]*", text)
                              if not re.match("<f>(true|false)?", bad)])

    def test_after_a_thought(self):
        answer = client.chat.completions.create(
            model="default", messages=ASK, response_format=named(SCHEMA), seed=3,
            max_completion_tokens=300, extra_body={"thinking_token_budget": 12})
        self.assertEqual("stop", answer.choices[0].finish_reason)
        self.check(answer.choices[0].message.content)

    def test_completions(self):
        answer = client.completions.create(
            model="default", prompt=["A", "B"], max_tokens=200, seed=2,
            extra_body={"response_format": named(SCHEMA)})
        for choice in answer.choices:
            self.check(choice.text)

    def test_responses(self):
        answer = client.responses.create(
            model="default", input="Tell me.", max_output_tokens=300, reasoning={"effort": "none"},
            text={"format": {"type": "json_schema", "name": "it", "schema": SCHEMA}})
        self.check(answer.output_text)

    def test_min_tokens_does_not_break_an_answer(self):
        self.assertEqual("ok", text_of({"guided_choice": ["ok"], "min_tokens": 50}))

    def test_logprobs_of_forced_tokens(self):
        choice = chat({"guided_choice": ["ok"]}, logprobs=True, top_logprobs=2).choices[0]
        self.assertEqual("ok", "".join(one.token for one in choice.logprobs.content))


class Refusals(unittest.TestCase):
    def refused(self, *words, extra=None, **fields):
        with self.assertRaises(openai.BadRequestError) as caught:
            chat(extra, **fields)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_paths(self):
        bad = {"type": "object", "properties": {"a": {"items": {"uniqueItems": True}}}}
        self.refused("response_format.json_schema.schema", "$.properties.a.items.uniqueItems",
                     response_format=named(bad))
        self.refused("$.properties.a.items.uniqueItems", extra={"guided_json": bad})

    def test_no_schema(self):
        self.refused("json_schema", response_format={"type": "json_schema"})
        self.refused("response_format.type", response_format={"type": "xml"})
        self.refused("wanted a schema", extra={"guided_json": "[1]"})

    def test_two(self):
        self.refused("not together", extra={"guided_regex": "a", "guided_choice": ["b"]})

    def test_ignore_eos(self):
        self.refused("ignore_eos", extra={"guided_regex": "a", "ignore_eos": True})

    def test_grammars(self):
        self.refused("left recursion", extra={"grammar": 'root ::= root "a" | "b"'})
        self.refused("line 1", extra={"grammar": 'root ::= "a'})
        self.refused("pattern", extra={"guided_regex": "(?=a)"})
        self.refused("back references", extra={"guided_regex": "(a)\\1"})

    def test_what_takes_too_long(self):
        self.refused("too large", extra={"guided_regex": "(a|b)*a" + "(a|b)" * 60})
        self.assertEqual("a", text_of({"guided_regex": "a"}))

    def test_limits(self):
        own = Server("--max-schema-bytes", 200, "--max-schema-depth", 3, "--max-schema-enum", 3,
                     "--max-pattern-bytes", 4, "--max-pattern-repeats", 5)
        other = openai.OpenAI(base_url=own.url + "/v1", api_key="none", max_retries=0)

        def ask(extra):
            return other.chat.completions.create(model="default", messages=ASK, max_tokens=8,
                                                 extra_body={**NO_THOUGHT, **extra})
        try:
            for good, bad in (({"enum": [1, 2, 3]}, {"enum": [1, 2, 3, 4]}),
                              ({"pattern": "aaaa"}, {"pattern": "aaaaa"}),
                              ({"pattern": "a{5}"}, {"pattern": "a{6}"}),
                              ({"items": {"items": {}}}, {"items": {"items": {"items": {}}}}),
                              ({"title": "x" * 188}, {"title": "x" * 189})):
                ask({"guided_json": good})
                with self.assertRaises(openai.BadRequestError):
                    ask({"guided_json": bad})
        finally:
            other.close()
            self.assertEqual(0, own.stop())


class Tools(unittest.TestCase):
    def check(self, call, name="weather", tool=WEATHER):
        self.assertEqual(name, call.function.name)
        jsonschema.validate(json.loads(call.function.arguments), tool["function"]["parameters"])

    def test_required(self):
        for seed in range(3):
            choice = chat(tools=[WEATHER], tool_choice="required", parallel_tool_calls=False,
                          seed=seed).choices[0]
            self.assertEqual("tool_calls", choice.finish_reason)
            self.check(choice.message.tool_calls[0])
            self.assertEqual(1, len(choice.message.tool_calls))

    def test_named(self):
        choice = chat(tools=[WEATHER, CLOCK], parallel_tool_calls=False,
                      tool_choice={"type": "function", "function": {"name": "clock"}}).choices[0]
        self.check(choice.message.tool_calls[0], "clock", CLOCK)

    def test_allowed(self):
        clock = {"mode": "required", "tools": [{"type": "function", "function": {"name": "clock"}}]}
        choice = chat(tools=[WEATHER, CLOCK], parallel_tool_calls=False,
                      tool_choice={"type": "allowed_tools", "allowed_tools": clock}).choices[0]
        self.check(choice.message.tool_calls[0], "clock", CLOCK)
        answer = client.responses.create(
            model="default", input="Go.", max_output_tokens=300, reasoning={"effort": "none"},
            tools=[{"type": "function", **tool["function"]} for tool in (WEATHER, CLOCK)],
            parallel_tool_calls=False,
            tool_choice={"type": "allowed_tools", "mode": "required",
                         "tools": [{"type": "function", "name": "clock"}]})
        names = [item.name for item in answer.output if item.type == "function_call"]
        self.assertEqual(["clock"], names)

    def test_streamed(self):
        stream = chat(tools=[WEATHER], tool_choice="required", parallel_tool_calls=False,
                      stream=True)
        deltas = [delta for chunk in stream for delta in chunk.choices[0].delta.tool_calls or []]
        self.assertEqual("", deltas[0].function.arguments)
        self.assertTrue(deltas[0].id)
        self.assertTrue(all(delta.id is None for delta in deltas[1:]))
        arguments = "".join(delta.function.arguments for delta in deltas)
        jsonschema.validate(json.loads(arguments), WEATHER["function"]["parameters"])

    def test_free_choice_with_schema(self):
        choice = chat(tools=[WEATHER], response_format=named(SCHEMA)).choices[0]
        if choice.message.tool_calls:
            self.check(choice.message.tool_calls[0])
        else:
            jsonschema.validate(json.loads(choice.message.content), SCHEMA)

    def test_wrong_choices(self):
        unknown = {"type": "function", "function": {"name": "none_such"}}
        allowed = [{"mode": "auto", "tools": [unknown]}, {"mode": "auto", "tools": []}, {},
                   {"mode": "any", "tools": [{"function": {"name": "weather"}}]}]
        for choice in (unknown, "always", {},
                       *({"type": "allowed_tools", "allowed_tools": value} for value in allowed)):
            with self.assertRaises(openai.BadRequestError):
                chat({"tool_choice": choice}, tools=[WEATHER])
        with self.assertRaises(openai.BadRequestError):
            chat(tool_choice="required")

    def test_schema_that_cannot_be_enforced(self):
        odd = {"type": "function", "function": {"name": "odd", "parameters": {
            "type": "object", "properties": {"a": {"uniqueItems": True}}}}}
        with self.assertRaises(openai.BadRequestError) as caught:
            chat(tools=[odd], tool_choice="required")
        self.assertIn("tools[0].function.parameters: $.properties.a.uniqueItems",
                      str(caught.exception))
        with self.assertRaises(openai.BadRequestError):
            chat(tools=[{"type": "function", "function": {**odd["function"], "strict": True}}])
        chat(tools=[odd], max_completion_tokens=4)

    def test_responses(self):
        answer = client.responses.create(
            model="default", input="Go.", max_output_tokens=300, reasoning={"effort": "none"},
            tools=[{"type": "function", **WEATHER["function"]}], parallel_tool_calls=False,
            tool_choice={"type": "function", "name": "weather"})
        call = [item for item in answer.output if item.type == "function_call"][0]
        jsonschema.validate(json.loads(call.arguments), WEATHER["function"]["parameters"])

    def test_messages(self):
        other = anthropic.Anthropic(base_url=server.url, api_key="none", max_retries=0)
        tool = {"name": "weather", "input_schema": WEATHER["function"]["parameters"]}
        for choice in ({"type": "any", "disable_parallel_tool_use": True},
                       {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}):
            answer = other.messages.create(model="default", max_tokens=300, messages=ASK,
                                           tools=[tool], tool_choice=choice,
                                           thinking={"type": "disabled"})
            self.assertEqual("tool_use", answer.stop_reason)
            jsonschema.validate(answer.content[0].input, tool["input_schema"])
        answer = other.messages.create(
            model="default", max_tokens=300, messages=ASK, thinking={"type": "disabled"},
            extra_body={"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}})
        jsonschema.validate(json.loads(answer.content[0].text), SCHEMA)
        other.close()


class LangChain(unittest.TestCase):
    def test_with_structured_output(self):
        model = ChatOpenAI(base_url=server.url + "/v1", api_key="none", model="default",
                           max_tokens=300, extra_body=NO_THOUGHT, max_retries=0)
        for method in ("json_schema", "function_calling"):
            answer = model.with_structured_output(Cat, method=method).invoke("A cat?")
            self.assertIsInstance(answer, Cat)


if __name__ == "__main__":
    main()
