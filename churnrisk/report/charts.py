"""Options of ECharts as plain dictionaries, and the two themes. No colour stands in an option.

Where an option needs a function, ``"@percent"``, ``"@share"``, ``"@whole"`` or ``"@short"`` stands for one that
``static/report.js`` puts in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Unit = Literal["share", "customers", "currency"]
Option = dict[str, Any]

LINES = ("solid", "dashed", "dotted")
SYMBOLS = ("circle", "rect", "triangle")
_VALUE_FORMATS = {"share": "@share", "customers": "@whole", "currency": "@whole"}
_AXIS_FORMATS = {"share": "@share", "customers": "@short", "currency": "@short"}


@dataclass(frozen=True)
class Series:
    """A row of values, None where there is nothing."""

    name: str
    values: tuple[float | None, ...]


def line_chart(labels: Sequence[str], series: Sequence[Series], *, unit: Unit) -> Option:
    """Give lines over periods. Each has its own dashes and symbols, so that colour is not needed to tell them apart.

    Parameters
    ----------
    labels : sequence of str
        Names of the periods.
    series : sequence of Series
        A value per period each; shares as fractions of 1.
    unit : {"share", "customers", "currency"}
        What the values count.
    """
    many = len(labels) > 40
    lines = [
        {
            "type": "line",
            "name": one.name,
            "data": list(one.values),
            "connectNulls": False,
            "showSymbol": not many,
            "symbol": SYMBOLS[k % len(SYMBOLS)],
            "symbolSize": 6,
            "lineStyle": {"type": LINES[k % len(LINES)], "width": 2},
        }
        for k, one in enumerate(series)
    ]
    return _over_periods(labels, lines, unit)


def bar_chart(labels: Sequence[str], series: Sequence[Series], *, unit: Unit) -> Option:
    """Give upright bars over periods; parameters as for :func:`line_chart`."""
    bars = [{"type": "bar", "name": one.name, "data": list(one.values)} for one in series]
    return _over_periods(labels, bars, unit)


def _over_periods(labels: Sequence[str], series: list[Option], unit: Unit) -> Option:
    has_legend, is_line = len(series) > 1, series[0]["type"] == "line"
    option: Option = {
        "animation": False,
        "grid": {"left": 8, "right": 12, "top": 40 if has_legend else 16, "bottom": 4, **_CONTAIN},
        "tooltip": {"trigger": "axis", "confine": True, "valueFormatter": _VALUE_FORMATS[unit]},
        "xAxis": {"type": "category", "data": list(labels), "axisLabel": {"hideOverlap": True}},
        "yAxis": {"type": "value", "scale": is_line, "axisLabel": {"formatter": _AXIS_FORMATS[unit]}},
        "series": series,
    }
    if has_legend:
        option["legend"] = {"top": 0, "left": "center", "itemWidth": 32}
    return option


def share_bars(names: Sequence[str], series: Sequence[Series]) -> Option:
    """Give lying bars of shares, a group for each name, the first on top."""
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 40, "bottom": 4, **_CONTAIN},
        "legend": {"top": 0, "left": "center"},
        "tooltip": {
            "trigger": "axis",
            "confine": True,
            "axisPointer": {"type": "shadow"},
            "valueFormatter": "@share",
        },
        "xAxis": {"type": "value", "axisLabel": {"formatter": "@share", "hideOverlap": True}},
        "yAxis": {"type": "category", "inverse": True, "data": list(names), "axisTick": {"show": False}},
        "series": [{"type": "bar", "name": one.name, "data": list(one.values), "barGap": "5%"} for one in series],
    }


def heat_map(
    columns: Sequence[str], rows: Sequence[str], cells: Sequence[Sequence[float | None]], *, column_name: str
) -> Option:
    """Give a heat map of shares, the first row on top; empty cells are left out.

    Parameters
    ----------
    columns, rows : sequence of str
        Names.
    cells : sequence of sequence of float or None, shape (rows, columns)
        Fractions of 1.
    column_name : str
        What the columns are.
    """
    data = [
        [x, y, round(100 * value, 1)] for y, row in enumerate(cells) for x, value in enumerate(row) if value is not None
    ]
    wide: Option = {
        "animation": False,
        "grid": {"left": 8, "right": 8, "top": 44, "bottom": 36, **_CONTAIN},
        "tooltip": {"confine": True, "formatter": "@cell"},
        "xAxis": {
            **_bare_axis(columns),
            "position": "top",
            "name": column_name,
            "nameLocation": "middle",
            "nameGap": 26,
        },
        "yAxis": {**_bare_axis(rows), "inverse": True},
        "visualMap": _colour_scale(max((cell[2] for cell in data), default=0)),
        "series": [{"type": "heatmap", "data": data, "label": {"formatter": "@cell-label"}}],
    }
    least_width = 116 + 30 * len(columns)  # for the numbers in the cells
    media = [
        {"query": {"maxWidth": least_width}, "option": {"series": [{"label": {"show": False}}]}},
        {"option": {"series": [{"label": {"show": True}}]}},
    ]
    return {"baseOption": wide, "media": media}


def _bare_axis(names: Sequence[str]) -> Option:
    return {"type": "category", "data": list(names), "axisTick": {"show": False}, "axisLine": {"show": False}}


def _colour_scale(highest: float) -> Option:
    return {
        "type": "continuous",
        "min": 0,
        "max": max(highest, 1),
        "calculable": False,
        "orient": "horizontal",
        "left": "center",
        "bottom": 0,
        "itemHeight": 160,
        "text": [f"{highest:g} %", "0 %"],
    }


_CONTAIN = {"outerBoundsMode": "same", "outerBoundsContain": "axisLabel"}  # labels stay inside the chart


@dataclass(frozen=True)
class Palette:
    """The colours of a theme, also those of the page around the charts (``static/report.css`` has the same)."""

    surface: str
    text: str
    muted: str
    line: str
    series: tuple[str, ...]
    heat: tuple[str, str]


PALETTES: Mapping[str, Palette] = {
    "light": Palette(
        "#ffffff", "#16202b", "#4c5a68", "#d5dce3", ("#0b62a8", "#b4470d", "#1a7a4c", "#7a3fa0"), ("#eef5fb", "#6fb1e6")
    ),
    "dark": Palette(
        "#18212b", "#e8edf2", "#a9b6c3", "#364452", ("#6cb6ff", "#ffab70", "#7ee2a8", "#d2a8ff"), ("#1b3046", "#2c6bb0")
    ),
}


def make_theme(palette: Palette) -> Option:
    """Give a theme for ``echarts.registerTheme``."""
    font = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"
    axis = {
        "axisLine": {"lineStyle": {"color": palette.muted}},
        "axisTick": {"lineStyle": {"color": palette.muted}},
        "axisLabel": {"color": palette.muted},
        "splitLine": {"lineStyle": {"color": palette.line}},
        "nameTextStyle": {"color": palette.muted},
    }
    return {
        "color": list(palette.series),
        "backgroundColor": "transparent",
        "textStyle": {"fontFamily": font, "color": palette.text},
        "legend": {"textStyle": {"color": palette.text}},
        "tooltip": {
            "backgroundColor": palette.surface,
            "borderColor": palette.muted,
            "textStyle": {"color": palette.text},
        },
        "categoryAxis": {**axis, "splitLine": {"show": False}},
        "valueAxis": axis,
        "visualMap": {"inRange": {"color": list(palette.heat)}, "textStyle": {"color": palette.muted}},
        "heatmap": {"label": {"color": palette.text}, "itemStyle": {"borderColor": palette.surface, "borderWidth": 1}},
    }


def themes() -> dict[str, Option]:
    """Give both themes by name."""
    return {name: make_theme(palette) for name, palette in PALETTES.items()}
