#!/usr/bin/env python3
"""Hit rates of the radix tree on a trace, beside the bound and LRU over hashed blocks.

prefix_hits.py SIM_TEST [TRACE] [--svg FILE]: SIM_TEST replays the trace through the tree, the rest
is prefix_bound.py's. Fails where the tree, with memory enough, has less than 95 % of the bound.
--svg: also draws the rates by pool size; that replays the trace eleven times.
"""

import argparse
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import prefix_bound

BLOCKS = [250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 192000]
ROOT = Path(__file__).resolve().parents[1]
SKIPPED = 77  # ctest's sign for it
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 360, 60, 20, 20, 50
CURVES = (("radix", "#1a66b3"), ("lru", "#b3541a"))


def radix_rates(program, trace, sizes):
    pages = [str(blocks * prefix_bound.BLOCK_TOKENS // 64) for blocks in sizes]
    run = subprocess.run(
        [program, "--gtest_filter=sim_trace.radix_hit_rate"], check=True, text=True,
        capture_output=True,
        env={**os.environ, "MILLRACE_TRACE": trace, "MILLRACE_TRACE_PAGES": " ".join(pages)})
    return [float(rate) for rate in re.findall(r"radix \d+ pages: ([\d.]+)", run.stdout)]


def draw(rates, best):
    def x(blocks):
        span = math.log(BLOCKS[-1] / BLOCKS[0])
        return LEFT + (WIDTH - LEFT - RIGHT) * math.log(blocks / BLOCKS[0]) / span

    def y(rate):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * rate / 0.4

    def text(at_x, at_y, words, anchor="middle"):
        return f'<text x="{at_x:.0f}" y="{at_y:.0f}" text-anchor="{anchor}">{words}</text>'

    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
             'font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for percent in range(0, 41, 10):
        at_y = y(percent / 100)
        lines += [f'<path d="M{LEFT} {at_y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>',
                  text(LEFT - 6, at_y + 4, f"{percent} %", "end")]
    for blocks in BLOCKS[::2]:
        lines.append(text(x(blocks), HEIGHT - BOTTOM + 18,
                          f"{blocks * prefix_bound.BLOCK_TOKENS / 1e6:.2g} M"))
    lines += [text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "tokens that the cache holds"),
              f'<path d="M{LEFT} {y(best):.1f}H{WIDTH - RIGHT}" stroke="#555" '
              'stroke-dasharray="4 3"/>',
              text(LEFT + 6, y(best) - 5, f"bound with endless memory: {best:.1%}", "start")]
    for row, (name, colour) in enumerate(CURVES):
        points = " ".join(f"{x(b):.1f},{y(r):.1f}" for b, r in zip(BLOCKS, rates[name]))
        label = {"radix": "radix tree, leaves first", "lru": "LRU over hashed blocks"}[name]
        at_y = HEIGHT - BOTTOM - 40 + 18 * row
        lines += [f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>',
                  f'<path d="M{WIDTH - 220} {at_y}h24" stroke="{colour}" stroke-width="2"/>',
                  text(WIDTH - 190, at_y + 4, label, "start")]
    return "\n".join([*lines, "</svg>"]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    data = os.environ.get("MILLRACE_DATA", str(ROOT / "../shared/data"))
    parser.add_argument("trace", nargs="?",
                        default=f"{data}/traces/mooncake_conversation_trace.jsonl")
    parser.add_argument("--svg", type=Path)
    args = parser.parse_args()
    if not Path(args.trace).exists():
        print(f"no {args.trace}")
        return SKIPPED
    requests = prefix_bound.read(args.trace)
    asked, known = prefix_bound.bound(requests)
    sizes = BLOCKS if args.svg else BLOCKS[-1:]
    rates = {"radix": radix_rates(args.program, args.trace, sizes),
             "lru": [prefix_bound.lru(requests, blocks) / asked for blocks in sizes]}
    print("tokens held | radix tree | LRU over blocks")
    for blocks, radix, lru in zip(sizes, rates["radix"], rates["lru"]):
        print(f"{blocks * prefix_bound.BLOCK_TOKENS} | {radix:.4f} | {lru:.4f}")
    print(f"bound: {known / asked:.4f}")
    if args.svg:
        args.svg.write_text(draw(rates, known / asked))
    return 0 if 0.95 * known / asked <= rates["radix"][-1] <= known / asked + 1e-6 else 1


if __name__ == "__main__":
    sys.exit(main())
