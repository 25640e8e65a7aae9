"""clang-format 19 and clang-tidy 19."""

import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
import time

import source


def run(root, *argv):
    return subprocess.run(argv, cwd=root, capture_output=True, text=True)


def layout_problems(root):
    files = [str(p.relative_to(root)) for p in source.files(root)]
    checked = run(root, "clang-format-19", "--dry-run", "-Werror", *files)
    errors = [line for line in checked.stderr.splitlines() if ": error:" in line]
    places = [line.split(": error:")[0] for line in errors]
    return [f"{place}: layout (./mill fmt)" for place in places] or checked.stderr.splitlines()


def changed(root):
    """Files that differ from where this branch left main, or that the last commit touched."""
    base = run(root, "git", "merge-base", "HEAD", "main").stdout.strip()
    if not base or base == run(root, "git", "rev-parse", "HEAD").stdout.strip():
        base = "HEAD~1"
    names = run(root, "git", "diff", "--name-only", base).stdout.split()
    return set(names + run(root, "git", "ls-files", "-o", "--exclude-standard").stdout.split())


INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)


def content(root, name, seen):
    """Adds a source file, and what it includes of ours, to `seen`."""
    path = root / name
    if name in seen or not path.is_file():
        return
    seen[name] = path.read_text()
    for header in INCLUDE.findall(seen[name]):
        content(root, f"src/{header}", seen)


def digest(root, name):
    """Of all that decides what clang-tidy says of a file, but for system headers."""
    seen = {".clang-tidy": (root / ".clang-tidy").read_text()}
    content(root, name, seen)
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def tidy_problems(root, everything):
    """clang-tidy over the source files of the tidy preset: those changed, or all.

    Those of which it had nothing to say are remembered, so a long run can be stopped and goes on.
    """
    known = json.loads((root / "build/tidy/compile_commands.json").read_text())
    files = [str(os.path.relpath(entry["file"], root)) for entry in known]
    wanted = sorted(set(files) if everything else set(files) & changed(root))
    digests = {name: digest(root, name) for name in wanted if name.startswith("src/")}
    record = root / "build/tidy/clean.txt"
    clean = set(record.read_text().split()) if record.exists() else set()
    left = [name for name, known_by in digests.items() if known_by not in clean]

    def problems(name):
        done = run(root, "clang-tidy-19", "-p", "build/tidy", "--quiet",
                   "--extra-arg=-Wno-unknown-warning-option", name)
        return name, done.stdout.splitlines() if done.returncode else []

    found = []
    said = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for n, (name, lines) in enumerate(pool.map(problems, left), 1):
            found += lines
            if not lines:
                with record.open("a") as out:
                    out.write(digests[name] + "\n")
            if time.monotonic() - said > 5:
                said = time.monotonic()
                print(f"tidy: {n} of {len(left)}, {len(found)} lines", file=sys.stderr, flush=True)
    return list(dict.fromkeys(found))  # a header's finding once, not once for each that includes it
