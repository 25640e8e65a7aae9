"""clang-format 19 and clang-tidy 19."""

import concurrent.futures
import json
import os
import subprocess

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


def tidy_problems(root, everything):
    """clang-tidy over the source files of the tidy preset: those changed, or all."""
    known = json.loads((root / "build/tidy/compile_commands.json").read_text())
    files = [str(os.path.relpath(entry["file"], root)) for entry in known]
    wanted = sorted(set(files) if everything else set(files) & changed(root))
    wanted = [name for name in wanted if name.startswith("src/")]

    def problems(name):
        done = run(root, "clang-tidy-19", "-p", "build/tidy", "--quiet",
                   "--extra-arg=-Wno-unknown-warning-option", name)
        return done.stdout.splitlines() if done.returncode else []

    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = [line for lines in pool.map(problems, wanted) for line in lines]
    return list(dict.fromkeys(found))  # a header's finding once, not once for each that includes it
