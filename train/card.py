"""Writes a run's results as Markdown for the model card.

python card.py --run RUN/nano --out ../models/millrace-nano/EVALUATION.md
"""

import argparse
import json
from pathlib import Path

SHOWN = ("0", "16", "64", "128", "256", "512")


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %"


def task_rows(results: dict) -> list[str]:
    """A row for each kind and level, then one for all levels of the kind."""
    rows = [
        "| task | level | items | "
        + " | ".join(["off", *(f"≤ {budget}" for budget in SHOWN[1:])])
        + " | length |",
        "|---|---|---|" + "---|" * (len(SHOWN) + 1),
    ]
    for kind, levels in results["tasks"].items():
        for level, row in levels.items():
            cells = [percent(row["right"][budget], row["n"]) for budget in SHOWN]
            length = f"{row['thinking_tokens']:.0f}"
            rows.append(f"| {kind} | {level} | {row['n']} | {' | '.join(cells)} | {length} |")
        n = sum(row["n"] for row in levels.values())
        cells = [percent(sum(r["right"][b] for r in levels.values()), n) for b in SHOWN]
        rows.append(f"| **{kind}** | all | {n} | " + " | ".join(f"**{c}**" for c in cells) + " | |")
    return rows


def render(results: dict) -> str:
    json_rows = results["tasks"]["json"].values()
    valid = sum(row["valid_json"] for row in json_rows)
    bits = results["bits_per_byte"]
    lines = [
        "# Measured by train/evaluate.py",
        "",
        f"Trained on {results['tokens'] / 1e6:.1f} M tokens "
        f"in {results['seconds'] / 60:.0f} minutes.",
        "",
        "| held-out text | bits per byte |",
        "|---|---|",
        *(f"| {name} | {value:.3f} |" for name, value in bits.items()),
        "",
        f"JSON replies that parse: {percent(valid, sum(row['n'] for row in json_rows))}.",
        "",
        "## Accuracy by allowed thinking tokens",
        "",
        "Greedy, held-out tasks. In the column `off` thinking is switched off; in the others a",
        "longer thought is cut and closed. `length` is the mean length of whole thoughts, tokens.",
        "",
        *task_rows(results),
        "",
        "## Ten unselected stories",
        "",
        "To `Tell me a short story.` without thinking, temperature 0.8, seeds 1 to 10, 200 tokens.",
        "",
    ]
    for seed, story in enumerate(results["stories"], 1):
        lines += [f"{seed}. {' '.join(story.split())}", ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    results = json.loads((options.run / "results.json").read_text("utf-8"))
    options.out.write_text(render(results), "utf-8")


if __name__ == "__main__":
    main()
