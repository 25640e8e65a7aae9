#!/usr/bin/env python3
"""Write tests/data/jinja.jsonl: small templates over every feature, rendered by jinja2.

usage: jinja.py OUT

jinja2 3.1 (with markupsafe) must be installed; it is set up as Hugging Face transformers sets it
up for chat templates, with the clock at 2025-07-26 12:00. The templates are those of
jinja_cases.txt beside this script: one a paragraph, `|` at the start of each line. A row holds
the template and its context's name with the text expected, or the type and message of the error.
"""

import json
import sys
from datetime import datetime
from pathlib import Path

import jinja2
import jinja2.ext
import jinja2.sandbox

NOW = datetime(2025, 7, 26, 12, 0)

CONTEXT = {
    "messages": [
        {"role": "system", "content": "  Be <kind> & 'brief'. "},
        {"role": "user", "content": "Grüße, 你好 🦙!\nSecond line"},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"name": "add", "arguments": {"a": 1, "b": [2.5, None, True]}}],
        },
    ],
    "tools": [{"name": "b", "n": 2}, {"name": "A", "n": 1}, {"name": "c", "n": 2}],
    "numbers": [3, 1, 2],
    "words": ["apple", "Banana", "cherry"],
    "nested": [{"v": 1, "kids": [{"v": 2, "kids": []}, {"v": 3, "kids": [{"v": 4, "kids": []}]}]}],
    "data": {"one": 1, "two": 2, "three": 3, "items": "shadowed", "x y": {"z": [10, 20]}},
    "text": "The quick brown fox\tjumps\r\nover the lazy dog",
    "empty": "",
    "nothing": None,
    "yes": True,
    "zero": 0,
    "pi": 3.14159,
    "big": 9007199254740993,
    "bos_token": "<s>",
}


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("_generation")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _generation(self, caller):
        return caller()


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def make_environment():
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = NOW.strftime
    return environment


def main():
    cases = (Path(__file__).parent / "jinja_cases.txt").read_text()
    rows = []
    for paragraph in cases.split("\n\n"):
        lines = [line[1:] for line in paragraph.splitlines() if line.startswith("|")]
        if not lines:
            continue
        row = {"template": "\n".join(lines)}
        try:
            row["expected"] = make_environment().from_string(row["template"]).render(**CONTEXT)
        except Exception as error:
            row["error"] = type(error).__name__ + ": " + str(error)
        rows.append(row)
    with open(sys.argv[1], "w") as out:
        out.write(json.dumps(CONTEXT, ensure_ascii=False) + "\n")
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
