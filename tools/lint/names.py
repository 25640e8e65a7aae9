"""File names that say nothing, and functions that are never right here."""

import re

import source

FILES = {"utils", "util", "common", "misc", "helper", "helpers", "manager"}
FUNCTIONS = {
    r"\bstd::regex\b": "std::regex (PCRE2 with limits, or by hand)",
    r"\bv?sprintf\s*\(": "sprintf (snprintf)",
    r"\bstr(?:cpy|cat)\s*\(": "strcpy or strcat (std::string)",
    r"\bato(?:i|l|ll|f)\s*\(": "atoi and its kind (std::from_chars)",
    r"(?<![.\w>])system\s*\(": "system",
    r"\bpopen\s*\(": "popen",
}
STEP_PATH = {"kern", "kv", "sample", "model", "spec", "sched", "engine"}
ON_STEP_PATH = {r"\bstd::(?:function|shared_ptr)\b": "std::function or shared_ptr on the step path"}
STREAMS = re.compile(r"#\s*include\s*<(?:iostream|fstream|sstream|regex|format)>")
LOOSE_END = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")


def text_problems(path, text):
    code = source.code(text)
    step_path = path.parts[1] in STEP_PATH and not path.stem.endswith("_test")
    for pattern, what in (FUNCTIONS | (ON_STEP_PATH if step_path else {})).items():
        for match in re.finditer(pattern, code):
            yield f"{path}:{code.count(chr(10), 0, match.start()) + 1}: not here: {what}"
    for match in STREAMS.finditer("" if path.stem.endswith("_test") else code):
        yield f"{path}:{code.count(chr(10), 0, match.start()) + 1}: not here: {match[0]}"
    for match in LOOSE_END.finditer(text):
        yield f"{path}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}: do it or file it"


def problems(root):
    found = []
    for file in source.files(root):
        path = file.relative_to(root)
        said = set(path.parts[1:-1]) | set(path.stem.split("_"))
        found += [f"{path}: the name '{word}' says nothing" for word in sorted(said & FILES)]
        found += text_problems(path, file.read_text())
    return found
