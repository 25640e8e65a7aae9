"""C++ text as the checks see it."""

import re

SUFFIXES = (".h", ".cpp", ".cu", ".cuh", ".inl")
TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<d>[^(\s]*)\(.*?\)(?P=d)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.S,
)


def files(root):
    return sorted(p for p in (root / "src").rglob("*") if p.suffix in SUFFIXES)


def code(text):
    """The text without comments and string contents; lines stay where they are."""
    return TOKEN.sub(lambda m: "\n" * m[0].count("\n"), text)
