#!/usr/bin/env python3
"""Millrace beside a peer on the same GGUF: pairs of runs in turn, a table and a plot.

usage: compare.py MODEL PEER [--millrace PATH] [--pairs 9] [-p 512] [-n 64] [-t 2] [--isa avx2]
                  [--peer-flags "-rtr 1 -fa 1"] [--out NAME]

PEER is the llama-bench of llama.cpp or ik_llama.cpp. Every pair is one run of each program, the
first of a pair by turns, so that what else the machine does falls on both. The ratio of a test is
the median over the pairs, with its quartiles. NAME.md and NAME.svg are written, and the table is
printed. Decoding starts from an empty cache in both, prompts give the last row's logits only.
"""
import argparse
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def lines_of(command, environment=None):
    """What a program prints; it may end as failed after that (`millrace bench` does where its
    limits were measured low)."""
    done = subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, **(environment or {})})
    if not done.stdout.strip():
        sys.exit(f"{shlex.join(command)}: ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def run_millrace(args):
    """Tokens a second by test."""
    command = [args.millrace, "bench", "-m", args.model, "-p", str(args.p), "-n", str(args.n),
               "-b", "1", "-d", "0", "-t", str(args.t), "-r", "1", "--json"]
    output = lines_of(command, {"MILLRACE_ISA": args.isa} if args.isa else None)
    tests = [json.loads(line) for line in output.splitlines()]
    return {test["test"].split()[0]: test["tok_s"] for test in tests}


def run_peer(args):
    """The same of llama-bench."""
    command = [args.peer, "-m", args.model, "-p", str(args.p), "-n", str(args.n), "-t", str(args.t),
               "-r", "1", "-o", "json", *shlex.split(args.peer_flags)]
    output = lines_of(command)
    tests = json.loads(output[output.index("["):output.rindex("]") + 1])
    return {"prefill" if test["n_prompt"] > 0 else "decode": test["avg_ts"] for test in tests}


def measure(args):
    """A list of (ours, theirs), each tokens a second by test."""
    pairs = []
    for i in range(args.pairs):
        if i % 2 == 0:
            ours = run_millrace(args)
            theirs = run_peer(args)
        else:
            theirs = run_peer(args)
            ours = run_millrace(args)
        pairs.append((ours, theirs))
        print(f"pair {i + 1} of {args.pairs}: " +
              ", ".join(f"{test} {ours[test]:.1f} / {theirs[test]:.1f}"
                        for test in ours if test in theirs), file=sys.stderr)
    return pairs


def summary(pairs):
    """(test, our median, their median, quartiles of the ratio) of every test that both ran."""
    rows = []
    for test in pairs[0][0]:
        if test not in pairs[0][1]:
            continue
        ratios = [ours[test] / theirs[test] for ours, theirs in pairs]
        quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else 3 * ratios
        rows.append((test, statistics.median(ours[test] for ours, _ in pairs),
                     statistics.median(theirs[test] for _, theirs in pairs), quartiles))
    return rows


def table(rows, peer):
    """The rows as Markdown."""
    text = f"| test | millrace, tok/s | {peer}, tok/s | ratio | quartiles |\n|---|---|---|---|---|\n"
    for test, ours, theirs, (low, middle, high) in rows:
        text += f"| {test} | {ours:.1f} | {theirs:.1f} | {middle:.2f} | {low:.2f} to {high:.2f} |\n"
    return text


def plot(rows, peer):
    """Bars of the ratios with their quartiles, as SVG."""
    wide, high, left = 560, 40 * len(rows) + 50, 90
    most = max(1.2, *(quartiles[2] for *_, quartiles in rows))
    at = lambda ratio: left + (wide - left - 20) * ratio / most
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
             'font-family="sans-serif" font-size="13">',
             f'<text x="{left}" y="16">tokens a second over {peer}, medians of pairs</text>']
    for i, (test, _, _, (low, middle, upper)) in enumerate(rows):
        y = 30 + 40 * i
        parts += [f'<text x="8" y="{y + 17}">{test}</text>',
                  f'<rect x="{left}" y="{y}" width="{at(middle) - left:.1f}" height="24" '
                  'fill="#4a7ab5"/>',
                  f'<line x1="{at(low):.1f}" x2="{at(upper):.1f}" y1="{y + 12}" y2="{y + 12}" '
                  'stroke="#222" stroke-width="2"/>',
                  f'<text x="{left + 6}" y="{y + 17}" fill="#fff">{middle:.2f}</text>']
    parts.append(f'<line x1="{at(1):.1f}" x2="{at(1):.1f}" y1="24" y2="{high - 14}" '
                 'stroke="#b33" stroke-dasharray="4 3"/></svg>')
    return "\n".join(parts) + "\n"


def main():
    """Measures, prints the table, writes both files."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("peer", help="path of a llama-bench")
    parser.add_argument("--millrace", default=str(ROOT / "build/release/millrace"))
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("-p", type=int, default=512, help="tokens of the prompt, 0 for none")
    parser.add_argument("-n", type=int, default=64, help="tokens to decode, 0 for none")
    parser.add_argument("-t", type=int, default=os.cpu_count())
    parser.add_argument("--isa", default="", help="MILLRACE_ISA of our runs")
    parser.add_argument("--peer-flags", default="", help="more flags of the peer, in one word")
    parser.add_argument("--peer-name", default="", help="what the table calls the peer")
    parser.add_argument("--out", default="compare", help="NAME.md and NAME.svg are written")
    args = parser.parse_args()
    if args.pairs < 1 or (args.p <= 0 and args.n <= 0):
        parser.error("wanted at least one pair, and -p or -n above 0")
    peer = args.peer_name or pathlib.Path(args.peer).name
    rows = summary(measure(args))
    if not rows:
        sys.exit("no test that both programs ran")
    text = table(rows, peer)
    print(text, end="")
    pathlib.Path(args.out + ".md").write_text(text)
    pathlib.Path(args.out + ".svg").write_text(plot(rows, peer))


if __name__ == "__main__":
    main()
