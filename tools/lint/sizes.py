"""Short files, short functions, short lines."""

import re

import source

FILE_LINES = 700
TABLE_LINES = 1000  # tests and tables
FUNCTION_LINES = 70
KERNEL_LINES = 120
COLUMNS = 100
KERNELS = ("ref", "simd", "avx2", "avx2_vnni", "avx512", "amx", "cuda")
TABLE = re.compile(r"_(test|table|tables|data)$")


def function_lengths(text):
    """(line, number of lines) of every function of a namespace: in clang-format's layout it starts
    and ends in the first column."""
    head = None
    for number, line in enumerate(source.code(text).split("\n"), 1):
        if line and line[0] not in " #}":
            head = number
        elif line.rstrip() == "}" and head:
            yield head, number - head + 1
            head = None
        elif line.startswith("}"):
            head = None


def is_kernel(path):
    return path.parts[:2] == ("src", "kern") and len(path.parts) > 3 and path.parts[2] in KERNELS


def file_problems(path, text):
    lines = text.splitlines()
    limit = TABLE_LINES if TABLE.search(path.stem) else FILE_LINES
    if len(lines) > limit:
        yield f"{path}: {len(lines)} lines, more than {limit}"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS and "http" not in line:
            yield f"{path}:{number}: {len(line)} columns, more than {COLUMNS}"


def problems(root):
    found = []
    scripts = [*root.glob("mill"), *sorted((root / "tools").rglob("*.py")),
               *sorted((root / "tests").rglob("*.py")), *sorted((root / "train").rglob("*.py")),
               *sorted((root / "web").rglob("*.js"))]
    for file in [*source.files(root), *sorted((root / "tests").rglob("*.cpp")), *scripts]:
        path, text = file.relative_to(root), file.read_text()
        found += file_problems(path, text)
        if path.suffix not in source.SUFFIXES:
            continue
        limit = KERNEL_LINES if is_kernel(path) else FUNCTION_LINES
        found += [f"{path}:{line}: a function of {n} lines, more than {limit}"
                  for line, n in function_lengths(text) if n > limit]
    return found
