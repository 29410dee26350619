"""Draw docs/images/scale.svg from what bench/scale.py has measured: seconds of processors against purchases.

python docs/scale_chart.py RESULTS.json
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent / "images" / "scale.svg"
LINES = {
    ("score", "all"): ("score, end to end", "#c2410c"),
    ("train", "all"): ("train, end to end", "#b91c1c"),
    ("metrics", "all"): ("metrics, end to end", "#0f766e"),
    ("features", "features"): ("features of one snapshot", "#1d4ed8"),
    ("features", "read"): ("reading and checking", "#15803d"),
    ("features", "predict"): ("prediction alone", "#7e22ce"),
    ("features", "bare"): ("bare aggregate", "#525252"),
}
LINE_HEIGHT = 14.0
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 400, 60, 20, 190, 50


def read_points(results: dict[str, Any], task: str, part: str) -> list[tuple[float, float]]:
    """Return orders and seconds of one line, smallest log first."""
    points = []
    for size, tasks in results.items():
        seconds = tasks.get(task, {}).get(part, {}).get("cpu")
        if seconds:
            points.append((float(tasks.get("features", {}).get("orders", float(size))), float(seconds)))
    return sorted(points)


def draw(results: dict[str, Any]) -> str:
    """Return the chart: both axes logarithmic, so that work that grows as the log does is a line of slope one."""
    found = {key: read_points(results, *key) for key in LINES}
    every = [point for points in found.values() for point in points]
    (x0, x1), (y0, y1) = (_decades([point[axis] for point in every]) for axis in (0, 1))

    def place(point: tuple[float, float]) -> tuple[float, float]:
        across = (math.log10(point[0]) - x0) / (x1 - x0)
        up = (math.log10(point[1]) - y0) / (y1 - y0)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">']
    parts.append(f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>')
    for power in range(x0, x1 + 1):
        x, _ = place((10.0**power, 10.0**y0))
        parts.append(f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>')
        parts.append(_text(x, HEIGHT - BOTTOM + 18, f"{10**power:,}", anchor="middle"))
    for power in range(y0, y1 + 1):
        _, y = place((10.0**x0, 10.0**power))
        parts.append(f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{10.0**power:g}", anchor="end"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, "purchases", anchor="middle"))
    parts.append(_text(LEFT - 50, TOP - 6, "seconds of processors"))
    drawn = {key: [place(point) for point in points] for key, points in found.items() if points}
    heights = _spread({key: points[-1] for key, points in drawn.items()})
    for key, points in drawn.items():
        parts += _line(points, *LINES[key], label_y=heights[key])
    return "\n".join([*parts, "</svg>", ""])


def _spread(ends: dict[tuple[str, str], tuple[float, float]]) -> dict[tuple[str, str], float]:
    """Return the height of each label: those of lines that end one below the other are moved down where they touch."""
    placed: dict[tuple[str, str], float] = {}
    for key in sorted(ends, key=lambda one: ends[one][1]):
        x, y = ends[key]
        beside = [placed[one] + LINE_HEIGHT for one in placed if abs(ends[one][0] - x) < LINE_HEIGHT]
        placed[key] = max([y, *beside])
    return placed


def _decades(values: list[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)) - 0.02)
    return low, max(high, low + 1)


def _line(points: list[tuple[float, float]], name: str, colour: str, *, label_y: float) -> list[str]:
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in points]
    label = _text(points[-1][0] + 8, label_y + 4, name, colour=colour)
    return [f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots, label]


def _text(x: float, y: float, words: str, *, anchor: str = "start", colour: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def main() -> None:
    """Read the measurements and write the chart."""
    TARGET.write_text(draw(json.loads(Path(sys.argv[1]).read_text())), encoding="utf-8")


if __name__ == "__main__":
    main()
