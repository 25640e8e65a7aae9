#!/usr/bin/env python3
"""Grammars of structured output against data that others made.

structured_check.py TEXT_TEST [_full]: TEXT_TEST matches, this reads MaskBench, the JSON Schema
test suite and llama.cpp's table of grammars from the shared data. Of the schemas that are not
refused every valid instance, its keys in the schema's order, must be accepted and every invalid one
not. Prints what was refused, by keyword. Without _full: a part of MaskBench; with it all, where
MILLRACE_FULL is set.
"""

import collections
import json
import lzma
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("MILLRACE_DATA", ROOT / "../shared/data")) / "structured"
TOKENIZER = ROOT / "models/millrace-nano/millrace-nano-f16.gguf"
SKIPPED = 77  # ctest's sign for it
# llama.cpp takes `items` for a list though no type says so, lets uniqueItems pass, and names tokens
# by the numbers of a vocabulary that is not ours.
APART = {"min+max items", "required props", "simple grammar with tokens"}
PART = 24  # of MaskBench without _full: one schema in so many


def resolve(root, ref):
    """The schema that a reference within the document names, or None."""
    if not isinstance(ref, str) or not ref.startswith("#"):
        base = isinstance(root, dict) and (root.get("$id") or root.get("id"))
        if not base or not isinstance(ref, str) or not ref.startswith(base.rstrip("#")):
            return None
        ref = ref[len(base.rstrip("#")):] or "#"
    at = root
    for part in ref[1:].split("/")[1:]:
        part = re.sub(r"%([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), part)
        part = part.replace("~1", "/").replace("~0", "~")
        try:
            at = at[int(part)] if isinstance(at, list) else at[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return at


def branch_of(root, branches, value):
    """The first of some schemas that holds for a value."""
    whole = jsonschema.validators.validator_for(root, jsonschema.Draft7Validator)(root)
    for branch in branches:
        try:
            if whole.evolve(schema=branch).is_valid(value):
                return [branch]
        except Exception:  # a reference that leads nowhere, a pattern that Python does not know
            return list(branches)
    return []


def level(root, schemas, value):
    """The schemas that look at a value, in the order in which they stand, with those they refer
    to; the own keywords of a schema stand where its properties are, or first."""
    found, seen, work = [], [], [(schema, False) for schema in schemas][::-1]
    while work:
        schema, own = work.pop()
        if own:
            found.append(schema)
        if own or not isinstance(schema, dict) or any(schema is other for other in seen):
            continue
        seen.append(schema)
        items = [] if "properties" in schema else [(schema, True)]
        for key, inner in schema.items():
            if key == "properties":
                items.append((schema, True))
            elif key == "$ref":
                items.append((resolve(root, inner), False))
            elif key == "allOf":
                items += [(one, False) for one in inner]
            elif key in ("anyOf", "oneOf"):
                items += [(one, False) for one in branch_of(root, inner, value)]
        work += items[::-1]
    return found


def in_order(root, schemas, value):
    """The value with the keys of its objects in the order in which the schemas name them."""
    schemas = level(root, schemas, value)
    if isinstance(value, list):
        out = []
        for i, item in enumerate(value):
            inner = []
            for schema in schemas:
                first = schema.get("prefixItems")
                rest = schema.get("items")
                if first is None and isinstance(rest, list):
                    first, rest = rest, schema.get("additionalItems")
                inner.append(first[i] if isinstance(first, list) and i < len(first) else rest)
            out.append(in_order(root, inner, item))
        return out
    if not isinstance(value, dict):
        return value
    order = [key for schema in schemas for key in (schema.get("properties") or {})]
    keys = [key for key in dict.fromkeys(order) if key in value]
    keys += [key for key in value if key not in order]
    out = {}
    for key in keys:
        inner = []
        for schema in schemas:
            own = (schema.get("properties") or {}).get(key)
            patterns = schema.get("patternProperties") or {}
            matched = []
            for pattern, one in patterns.items():
                try:
                    matched += [one] if re.search(pattern, key) else []
                except re.error:
                    pass
            known = ([own] if own is not None else []) + matched
            inner += known or [schema.get("additionalProperties")]
        out[key] = in_order(root, inner, value[key])
    return out


def check(program, lines):
    with tempfile.TemporaryDirectory() as folder:
        source, results = Path(folder, "lines"), Path(folder, "results")
        source.write_text("".join(json.dumps(line) + "\n" for line in lines))
        run = subprocess.run(
            [program, "--gtest_filter=SchemaLines.AreChecked"], text=True, capture_output=True,
            env={**os.environ, "MILLRACE_SCHEMA_LINES": str(source),
                 "MILLRACE_SCHEMA_RESULTS": str(results),
                 "MILLRACE_SCHEMA_TOKENIZER": str(TOKENIZER)})
        out = [json.loads(line) for line in results.read_text().splitlines()]
    if run.returncode != 0 or len(out) != len(lines):
        sys.exit(f"{program}: failed after {len(out)} of {len(lines)} lines\n{run.stdout[-4000:]}")
    return out


def keyword_of(message):
    """The keyword of a refusal, or what else it is about."""
    path = message.split(": ")[0]
    name = re.sub(r"\[\d+\]$", "", path).rsplit(".", 1)[-1]
    if name == "format":
        found = re.search(r"'([^']*)' cannot", message)
        return f"format {found[1]}" if found else "format, a remark in its draft"
    return "pattern" if ": pattern: " in message else name


def run_schemas(program, name, cases):
    """`cases`: (what, schema, [(instance, valid)])."""
    lines = []
    for _, schema, tests in cases:
        texts = [json.dumps(in_order(schema, [schema], data), ensure_ascii=i % 2 == 0)
                 for i, (data, _) in enumerate(tests)]
        lines.append({"schema": schema, "texts": texts})
    refused, wrong, n_tests = collections.Counter(), [], 0
    for (what, _, tests), line, result in zip(cases, lines, check(program, lines)):
        if "refused" in result:
            refused[keyword_of(result["refused"])] += 1
            if os.environ.get("MILLRACE_SHOW_REFUSED"):
                print(f"{what}: {result['refused'][:200]}")
            continue
        for (_, valid), text, accepted in zip(tests, line["texts"], result["accepts"]):
            n_tests += 1
            if accepted != valid:
                wrong.append(f"{what}: {'valid, refused' if valid else 'invalid, accepted'}: "
                             f"{text[:200]}")
    n_refused = sum(refused.values())
    print(f"{name}: {len(cases)} schemas, {n_refused} refused, {n_tests} instances of the others, "
          f"{len(wrong)} wrong")
    print("  refused for " + ", ".join(f"{key} {n}" for key, n in refused.most_common()))
    print("".join(f"  {line}\n" for line in wrong[:40]), end="")
    return not wrong


def run_table(program):
    rows = [json.loads(line) for line in (DATA / "gbnf_accept_reject.jsonl").open()]
    lines = []
    for row in rows:
        source = {"gbnf": row["grammar"]} if row["kind"] == "gbnf" else {
            "schema": json.loads(row["grammar"])}
        lines.append({**source, "texts": row["accept"] + row["reject"]})
    for path in sorted((DATA / "gbnf").glob("*.gbnf")):
        rows.append({"description": path.name, "accept": [], "reject": ["\x01"]})
        lines.append({"gbnf": path.read_text(), "texts": ["\x01"]})
    wrong, n_texts = [], 0
    for row, line, result in zip(rows, lines, check(program, lines)):
        if row["description"] in APART:
            continue
        if "refused" in result:
            wrong.append(f"{row['description']}: {result['refused']}")
            continue
        for i, (text, accepted) in enumerate(zip(line["texts"], result["accepts"])):
            n_texts += 1
            if accepted != (i < len(row["accept"])):
                wrong.append(f"{row['description']}: {accepted}: {text[:200]!r}")
    print(f"grammars of llama.cpp: {len(rows)}, {n_texts} texts, {len(wrong)} wrong")
    print("".join(f"  {line}\n" for line in wrong), end="")
    return not wrong


def main(argv):
    if not (DATA / "maskbench.jsonl.xz").exists():
        print(f"skipped: no {DATA}")
        return SKIPPED
    program, full = argv[0], "_full" in argv
    if full and "MILLRACE_FULL" not in os.environ:
        print("skipped: MILLRACE_FULL is not set")
        return SKIPPED
    good = run_table(program)
    suite = json.loads((DATA / "json_schema_test_suite.json").read_text())
    good &= run_schemas(program, "JSON Schema test suite", [
        (f"{file}: {group['description']}", group["schema"],
         [(test["data"], test["valid"]) for test in group["tests"]])
        for file, groups in suite.items() for group in groups])
    with lzma.open(DATA / "maskbench.jsonl.xz", "rt") as file:
        rows = [json.loads(line) for i, line in enumerate(file) if full or i % PART == 0]
    good &= run_schemas(program, "MaskBench", [
        (row["name"], row["schema"], [(test["data"], test["valid"]) for test in row["tests"]])
        for row in rows])
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
