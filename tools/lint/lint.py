#!/usr/bin/env python3
"""The checks that need no compiler's help, and clang's: lint.py [--tidy [--all]] [check ...]."""

import sys
from pathlib import Path

import clang
import layers
import links
import names
import sizes
import symbols

ROOT = Path(__file__).resolve().parents[2]
CHECKS = {
    "format": clang.layout_problems,
    "layers": layers.problems,
    "sizes": sizes.problems,
    "names": names.problems,
    "symbols": symbols.problems,
    "links": links.problems,
}


def main(argv):
    chosen = [name for name in argv if name in CHECKS] or list(CHECKS)
    found = {name: CHECKS[name](ROOT) for name in chosen}
    if "--tidy" in argv:
        found["tidy"] = clang.tidy_problems(ROOT, everything="--all" in argv)
    for name, problems in found.items():
        print("\n".join([f"{name}: {'ok' if not problems else len(problems)}", *problems]))
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
