"""Colours that everybody can read, and options that hold what they were given."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from churnrisk.report.charts import (
    PALETTES,
    Curve,
    Series,
    bar_chart,
    curve_chart,
    heat_map,
    interval_chart,
    line_chart,
    share_bars,
    themes,
    value_bars,
)
from support.colours import contrast, css_colours, luminance

CSS = (Path(__file__).parents[2] / "churnrisk" / "report" / "static" / "report.css").read_text(encoding="utf-8")
TEXT, GRAPHIC = 4.5, 3.0  # WCAG 2.2 AA


def blend(one: str, other: str, part: float) -> str:
    """The colour between two, as a colour map has it."""
    pairs = [(int(one[k : k + 2], 16), int(other[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(a + part * (b - a)):02x}" for a, b in pairs)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_lines_can_be_told_from_what_is_behind_them(theme: str) -> None:
    css, palette = css_colours(CSS, theme), PALETTES[theme]
    assert (css["surface"], css["text"], css["muted"], css["line"]) == (
        palette.surface,
        palette.text,
        palette.muted,
        palette.line,
    )
    for behind in ("page", "surface", "note"):
        for text in ("text", "accent", "muted"):
            assert contrast(css[text], css[behind]) >= TEXT, (text, behind)
    assert [one for one in palette.series if contrast(one, palette.surface) < GRAPHIC] == []
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_numbers_in_the_heat_map_can_be_read_on_every_shade(theme: str) -> None:
    palette = PALETTES[theme]
    shades = [blend(*palette.heat, k / 20) for k in range(21)]
    assert min(contrast(palette.text, shade) for shade in shades) >= TEXT
    values = [luminance(shade) for shade in shades]
    steps = [later - earlier for earlier, later in pairwise(values)]
    assert all(step < 0 for step in steps) or all(step > 0 for step in steps)


def test_lines_differ_without_colour() -> None:
    option = line_chart(["a", "b"], [Series(name, (1, None)) for name in ("x", "y", "z")], unit="customers")
    looks = {(one["lineStyle"]["type"], one["symbol"]) for one in option["series"]}
    assert len(looks) == 3
    assert [one["data"] for one in option["series"]] == [[1, None]] * 3


def test_empty_cells_are_left_out_of_a_heat_map() -> None:
    option = heat_map(["1", "2"], ["a", "b"], [[0.5, None], [0.0, 0.25]], column_name="months")
    assert option["baseOption"]["series"][0]["data"] == [[0, 0, 50.0], [0, 1, 0.0], [1, 1, 25.0]]
    assert option["baseOption"]["visualMap"]["max"] == 50.0


def test_options_are_plain_data_and_hold_no_colour() -> None:
    series = [Series("x", (0.1, 0.2))]
    options = [
        line_chart(["a", "b"], series, unit="share"),
        bar_chart(["a", "b"], series, unit="currency"),
        share_bars(["a", "b"], series),
        heat_map(["1"], ["a"], [[0.5]], column_name="months"),
        curve_chart([Curve("x", ((0.1, 0.2),), ("told",))], x_name="x", y_name="y", x_unit="share", y_unit="ratio"),
        value_bars(["a", "b"], series[0]),
        interval_chart(["a"], [(0.1, 0.2, 0.3)], unit="share", name="effect"),
    ]
    for option in options:
        text = json.dumps(option, allow_nan=False)
        assert json.loads(text) == option
        assert "#" not in text
    assert "#" in json.dumps(themes())
