"""What every result offers: plain values, its main table as a frame, and a table in a notebook."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from churnrisk.workflows import make_frame

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa

MOST_ROWS = 60
"""Rows that a notebook shows."""

WIDTH, HEIGHT = 640, 160
"""Of a chart, in pixels."""


class Result(ABC):
    """A figure or a list with everything that was said of it.

    ``to_dict()`` is what the command of the same name prints with ``--json``; ``to_pandas()``, ``to_polars()`` and
    ``to_arrow()`` give the main table; a notebook shows it.
    """

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as the command prints them with ``--json``."""

    @abstractmethod
    def records(self) -> list[dict[str, Any]]:
        """Return the main table, a dictionary of plain values per row."""

    def to_pandas(self) -> pd.DataFrame:
        """Return the main table as a pandas frame."""
        frame: pd.DataFrame = make_frame(self._columns(), "pandas")
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return the main table as a Polars frame.

        Raises
        ------
        MissingExtra
            Where Polars is not installed.
        """
        frame: pl.DataFrame = make_frame(self._columns(), "polars")
        return frame

    def to_arrow(self) -> pa.Table:
        """Return the main table as a table of Arrow.

        Raises
        ------
        MissingExtra
            Where pyarrow is not installed.
        """
        return make_frame(self._columns(), "pyarrow")

    def _columns(self) -> dict[str, list[Any]]:
        rows = self.records()
        return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}

    def _repr_html_(self) -> str:
        return self._chart() + write_html(self.records())

    def _chart(self) -> str:
        return ""


def write_html(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows as a table of HTML, every text escaped; of many rows the first."""
    if not rows:
        return "<p>0 rows</p>"
    head = "".join(f"<th>{html.escape(name)}</th>" for name in rows[0])
    lines = ["".join(f"<td>{_cell(value)}</td>" for value in row.values()) for row in rows[:MOST_ROWS]]
    more = f"<p>{len(rows):,} rows, of which {MOST_ROWS} are shown.</p>" if len(rows) > MOST_ROWS else ""
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return html.escape(f"{value:,.4g}" if isinstance(value, float) and abs(value) < 1000 else str(value))


def draw_line(title: str, labels: Sequence[str], values: Sequence[float | None]) -> str:
    """Draw shares from 0 to 1 as a line with a gap where there is none; each point tells its label and share."""
    step = WIDTH / max(len(values), 1)
    places = [
        (step * (k + 0.5), HEIGHT * (1 - min(max(value, 0.0), 1.0)), f"{label}: {value:.1%}")
        for k, (label, value) in enumerate(zip(labels, values, strict=True))
        if value is not None
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
    points = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="currentColor"><title>{html.escape(told)}</title></circle>'
        for x, y, told in places
    )
    return _picture(title, [f'<polyline fill="none" stroke="currentColor" points="{path}"/>', *points])


def draw_bars(title: str, labels: Sequence[str], shares: Sequence[float | None]) -> str:
    """Draw shares as lying bars, each with its label."""
    step = HEIGHT / max(len(labels), 1)
    bars = (
        f'<rect x="160" y="{step * k:.1f}" width="{(WIDTH - 160) * (share or 0.0):.1f}" height="{step * 0.8:.1f}" '
        f'fill="currentColor" opacity="0.5"/><text x="0" y="{step * (k + 0.7):.1f}" font-size="{step * 0.8:.1f}" '
        f'fill="currentColor">{html.escape(label)}</text>'
        for k, (label, share) in enumerate(zip(labels, shares, strict=True))
    )
    return _picture(title, bars)


def _picture(title: str, shapes: Iterable[str]) -> str:
    said = html.escape(title)
    start = f'<svg role="img" aria-label="{said}" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">'
    return f"<figure>{start}{''.join(shapes)}</svg><figcaption>{said}</figcaption></figure>"
