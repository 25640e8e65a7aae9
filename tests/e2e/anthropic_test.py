#!/usr/bin/env python3
"""The server as the anthropic SDK uses it; the cases are listed in cases.md."""
import unittest

import anthropic

from server import Server, main

GREEDY = {"temperature": 0}
STORY = [{"role": "user", "content": "Tell me a short story."}]
WEATHER = {"name": "get_weather", "description": "The weather of a city",
           "input_schema": {"type": "object", "properties": {"city": {"type": "string"}},
                            "required": ["city"]}}


def setUpModule():
    global server, client
    server = Server("--parallel", 4, "--api-key", "secret")
    client = anthropic.Anthropic(base_url=server.url, api_key="secret", max_retries=0, timeout=60)


def tearDownModule():
    client.close()
    code = server.stop()
    assert code == 0, code


def ask(messages=STORY, **fields):
    fields = {"model": "default", "max_tokens": 30, "extra_body": GREEDY, **fields}
    return client.messages.create(messages=messages, **fields)


class Messages(unittest.TestCase):
    def test_answer(self):
        answer = ask()
        self.assertEqual(("message", "assistant"), (answer.type, answer.role))
        self.assertTrue(answer.id.startswith("msg_"))
        self.assertEqual("max_tokens", answer.stop_reason)
        self.assertEqual(30, answer.usage.output_tokens)
        self.assertTrue(any(block.type == "text" for block in answer.content))

    def test_stream_is_the_same(self):
        with client.messages.stream(model="default", max_tokens=30, extra_body=GREEDY,
                                    messages=STORY) as stream:
            kinds = [event.type for event in stream]
            final = stream.get_final_message()
        self.assertEqual("message_start", kinds[0])
        self.assertEqual("message_stop", kinds[-1])
        whole = ask()
        self.assertEqual([block.to_dict() for block in whole.content],
                         [block.to_dict() for block in final.content])
        self.assertEqual((whole.stop_reason, 30), (final.stop_reason, final.usage.output_tokens))

    def test_thinking_blocks(self):
        answer = ask([{"role": "user", "content": "What is 12 + 30?"}], max_tokens=200)
        self.assertEqual("thinking", answer.content[0].type)
        self.assertNotIn("think>", answer.content[0].thinking)

    def test_thinking_disabled(self):
        answer = ask(thinking={"type": "disabled"})
        self.assertEqual(["text"], [block.type for block in answer.content])

    def test_stop_sequences(self):
        text = ask(thinking={"type": "disabled"}).content[0].text
        stop = text[10:14]
        answer = ask(thinking={"type": "disabled"}, stop_sequences=[stop])
        self.assertEqual(("stop_sequence", stop), (answer.stop_reason, answer.stop_sequence))
        self.assertEqual(text[: text.index(stop)], answer.content[0].text)

    def test_system_as_text_and_as_blocks(self):
        blocks = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
        self.assertEqual(ask(system="Be brief.").content, ask(system=blocks).content)

    def test_a_volatile_billing_header_is_left_out(self):
        def system(cch):
            header = f"x-anthropic-billing-header: cc_version=1; cch={cch};"
            return [{"type": "text", "text": header},
                    {"type": "text", "text": "You help with code. " * 30}]
        ask(system=system("aaaaa"))
        usage = ask(system=system("bbbbb")).usage
        self.assertGreater(usage.cache_read_input_tokens, 10 * usage.input_tokens)

    def test_count_tokens(self):
        counted = client.messages.count_tokens(model="default", messages=STORY, system="Be brief.")
        usage = ask(system="Be brief.").usage
        self.assertEqual(usage.input_tokens + usage.cache_read_input_tokens, counted.input_tokens)

    def test_ten_turns_with_a_tool(self):
        messages, tools = [], [WEATHER]
        for turn in range(10):
            messages.append({"role": "user", "content": f"And the weather in city {turn}?"})
            call = {"type": "tool_use", "id": f"toolu_{turn}", "name": "get_weather",
                    "input": {"city": f"city {turn}"}}
            messages.append({"role": "assistant", "content": [call]})
            messages.append({"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": f"toolu_{turn}", "content": "Sunny."}]})
            with client.messages.stream(model="default", max_tokens=20, extra_body=GREEDY,
                                        tools=tools, messages=messages) as stream:
                for _ in stream:
                    pass
                final = stream.get_final_message()
            before = ask(messages[:-3], tools=tools, max_tokens=1) if turn else None
            if before:
                read = final.usage.cache_read_input_tokens
                prefix = before.usage.input_tokens + before.usage.cache_read_input_tokens
                self.assertGreaterEqual(read, 0.99 * (prefix - 64), turn)
            messages.append({"role": "assistant", "content": [
                block.to_dict() for block in final.content if block.type == "text"] or "Sunny."})

    def test_tool_use_block(self):
        answer = ask([{"role": "user", "content": "What is the weather in Paris?"}],
                     tools=[WEATHER], max_tokens=200)
        self.assertEqual("tool_use", answer.stop_reason)
        block = answer.content[-1]
        self.assertEqual("tool_use", block.type)
        self.assertIsInstance(block.input, dict)

    def test_errors(self):
        for fields, status in (({"max_tokens": 0}, 400), ({"model": "claude"}, 404),
                               ({"messages": []}, 400), ({"extra_body": {"temperature": -1}}, 400)):
            with self.assertRaises(anthropic.APIStatusError) as caught:
                ask(**fields)
            self.assertEqual(status, caught.exception.status_code)
            self.assertEqual("error", caught.exception.body["type"])
            self.assertIn("type", caught.exception.body["error"])

    def test_key_is_wanted(self):
        with anthropic.Anthropic(base_url=server.url, api_key="wrong", max_retries=0) as stranger:
            with self.assertRaises(anthropic.AuthenticationError):
                stranger.messages.create(model="default", max_tokens=1, messages=STORY)


if __name__ == "__main__":
    main()
