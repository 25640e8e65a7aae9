"""Draws the loss curve and the thinking curve of a run as SVG.

python curves.py --run RUN/nano --out ../models/millrace-nano
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 360, 48, 16, 150, 40
COLOURS = ("#1b6ca8", "#d1495b", "#3c887e", "#edae49", "#6a4c93", "#7f7f7f", "#2f2f2f", "#a26769")


@dataclass(frozen=True)
class Line:
    name: str
    points: list[tuple[float, float]]


@dataclass(frozen=True)
class Axes:
    """Ranges and ticks (value, text) of both axes."""

    x: tuple[float, float]
    y: tuple[float, float]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    x_title: str


def place(axes: Axes, x: float, y: float) -> tuple[float, float]:
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM
    across = (x - axes.x[0]) / (axes.x[1] - axes.x[0])
    up = (y - axes.y[0]) / (axes.y[1] - axes.y[0])
    return round(LEFT + across * width, 1), round(TOP + (1 - up) * height, 1)


def chart(axes: Axes, lines: list[Line]) -> str:
    """A chart with a legend at the right; points outside the y range are moved to its edge."""
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
    ]
    for value, text in axes.y_ticks:
        _, y = place(axes, axes.x[0], value)
        out.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        out.append(f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{text}</text>')
    for value, text in axes.x_ticks:
        x, _ = place(axes, value, axes.y[0])
        out.append(f'<text x="{x}" y="{HEIGHT - BOTTOM + 14}" text-anchor="middle">{text}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    out.append(f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{axes.x_title}</text>')
    for i, line in enumerate(lines):
        colour = COLOURS[i % len(COLOURS)]
        dashes = ' stroke-dasharray="5 3"' if i >= len(COLOURS) else ""
        inside = [(x, min(max(y, axes.y[0]), axes.y[1])) for x, y in line.points]
        path = " ".join(f"{x},{y}" for x, y in (place(axes, *point) for point in inside))
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}"{dashes}/>')
        y = TOP + 12 + 16 * i
        out.append(
            f'<path d="M{WIDTH - RIGHT + 10} {y - 4}h18" stroke="{colour}" '
            f'stroke-width="2"{dashes}/>'
            f'<text x="{WIDTH - RIGHT + 34}" y="{y}">{line.name}</text>'
        )
    return "\n".join([*out, "</svg>", ""])


def loss_chart(log: list[dict]) -> str:
    """Mean loss of each twenty steps over the tokens trained on, one line a phase."""
    entries = [entry for entry in log if "loss" in entry]
    lines = []
    for phase in dict.fromkeys(entry["phase"] for entry in entries):
        points = [(e["tokens"] / 1e6, e["loss"]) for e in entries if e["phase"] == phase]
        lines.append(Line(f"{phase} (nats/token)", points))
    last = entries[-1]["tokens"] / 1e6
    ticks = [(last * i / 4, f"{last * i / 4:.1f}") for i in range(5)]
    y_ticks = [(float(y), str(y)) for y in range(0, 8)]
    return chart(Axes((0, last), (0, 7), ticks, y_ticks, "million tokens"), lines)


def thinking_chart(results: dict) -> str:
    """Accuracy of each kind, all levels together, over the allowed thinking tokens."""
    lines = []
    budgets: list[str] = []
    for kind, levels in results["tasks"].items():
        rows = list(levels.values())
        n = sum(row["n"] for row in rows)
        budgets = list(rows[0]["right"])
        shares = [100 * sum(row["right"][budget] for row in rows) / n for budget in budgets]
        lines.append(Line(kind, [(float(i), share) for i, share in enumerate(shares)]))
    ticks = [(float(i), budget) for i, budget in enumerate(budgets)]
    y_ticks = [(float(y), f"{y} %") for y in range(0, 101, 20)]
    axes = Axes((0, len(budgets) - 1), (0, 100), ticks, y_ticks, "allowed thinking tokens")
    return chart(axes, lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    log = [json.loads(line) for line in (options.run / "log.jsonl").read_text("utf-8").splitlines()]
    results = json.loads((options.run / "results.json").read_text("utf-8"))
    (options.out / "loss.svg").write_text(loss_chart(log), "utf-8")
    (options.out / "thinking.svg").write_text(thinking_chart(results), "utf-8")


if __name__ == "__main__":
    main()
