"""Options of ECharts as plain dictionaries, and the two themes. No colour stands in an option.

Where an option needs a function, ``"@share"``, ``"@ratio"``, ``"@whole"``, ``"@short"``, ``"@cell"`` or
``"@cell-label"`` stands for one that ``static/report.js`` puts in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Unit = Literal["share", "customers", "currency", "ratio"]
Option = dict[str, Any]

LINES = ("solid", "dashed", "dotted")
LABEL_WIDTH = 150
"""Pixels of the names beside lying bars, so that a phone has room for the bars."""

SYMBOLS = ("circle", "rect", "triangle")
_VALUE_FORMATS = {"share": "@share", "customers": "@whole", "currency": "@whole", "ratio": "@ratio"}
_AXIS_FORMATS = {"share": "@share", "customers": "@short", "currency": "@short", "ratio": "@ratio"}


@dataclass(frozen=True)
class Series:
    """A row of values, None where there is nothing."""

    name: str
    values: tuple[float | None, ...]


def line_chart(labels: Sequence[str], series: Sequence[Series], *, unit: Unit) -> Option:
    """Return lines over periods. Each has its own dashes and symbols, so that colour is not needed to tell them apart.

    Parameters
    ----------
    labels : sequence of str
        Names of the periods.
    series : sequence of Series
        A value per period each; shares as fractions of 1.
    unit : {"share", "customers", "currency", "ratio"}
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
    """Return upright bars over periods; parameters as for :func:`line_chart`."""
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


@dataclass(frozen=True)
class Curve:
    """Points joined by a line; each is told as ``label`` where it is pointed at.

    Parameters
    ----------
    name : str
        In the legend.
    points : tuple of (float, float)
        From left to right.
    labels : tuple of str
        Of the points.
    is_guide : bool
        Only there to compare with: dotted, thin and without points.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    labels: tuple[str, ...] = ()
    is_guide: bool = False


def curve_chart(curves: Sequence[Curve], *, x_name: str, y_name: str, x_unit: Unit, y_unit: Unit) -> Option:
    """Return curves over a measured axis, such as a share of customers.

    Parameters
    ----------
    curves : sequence of Curve
        What is drawn; guides last.
    x_name, y_name : str
        What the axes count.
    x_unit, y_unit : {"share", "customers", "currency", "ratio"}
        In what; shares as fractions of 1.
    """
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 64, "bottom": 28, **_CONTAIN},
        "legend": {"top": 0, "left": "center", "itemWidth": 32},
        "tooltip": {"trigger": "item", "confine": True, "formatter": "{a}: {b}"},
        "xAxis": {**_measured_axis(x_name, x_unit), "nameLocation": "middle", "nameGap": 26},
        "yAxis": {**_measured_axis(y_name, y_unit), "nameTextStyle": {"align": "left"}},
        "series": [_draw_curve(curve, k) for k, curve in enumerate(curves)],
    }


def _measured_axis(name: str, unit: Unit) -> Option:
    axis: Option = {"type": "value", "name": name, "axisLabel": {"formatter": _AXIS_FORMATS[unit], "hideOverlap": True}}
    return axis | ({"max": 1} if unit == "share" else {})


def _draw_curve(curve: Curve, k: int) -> Option:
    labels = curve.labels or ("",) * len(curve.points)
    data = [{"value": list(point), "name": label} for point, label in zip(curve.points, labels, strict=True)]
    return {
        "type": "line",
        "name": curve.name,
        "data": data,
        "showSymbol": not curve.is_guide,
        "silent": curve.is_guide,
        "symbol": SYMBOLS[k % len(SYMBOLS)],
        "symbolSize": 7,
        "lineStyle": {
            "type": "dotted" if curve.is_guide else LINES[k % len(LINES)],
            "width": 2,
        },
    }


def value_bars(names: Sequence[str], series: Series) -> Option:
    """Return lying bars of figures that may be on both sides of zero, the first on top; long names are cut."""
    axis = {"type": "category", "inverse": True, "axisTick": {"show": False}, "data": list(names)}
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 8, "bottom": 4, **_CONTAIN},
        "tooltip": {"trigger": "item", "confine": True, "valueFormatter": "@ratio"},
        "xAxis": {"type": "value", "axisLabel": {"formatter": "@ratio", "hideOverlap": True}},
        "yAxis": {**axis, "axisLabel": {"width": LABEL_WIDTH, "overflow": "truncate"}},
        "series": [{"type": "bar", "name": series.name, "data": list(series.values), "barMaxWidth": 28}],
    }


def timeline_chart(series: Mapping[str, Sequence[tuple[str, float, str]]]) -> Option:
    """Return marks over days, a row of them for each name.

    Parameters
    ----------
    series : mapping of str to sequence of (str, float, str)
        Name to its marks: an ISO date, a size, and what is told where one is pointed at.
    """
    marks = [
        {
            "type": "scatter",
            "name": name,
            "symbol": SYMBOLS[k % len(SYMBOLS)],
            "symbolSize": 9,
            "data": [{"value": [day, size], "name": told} for day, size, told in points],
        }
        for k, (name, points) in enumerate(series.items())
    ]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 40, "bottom": 4, **_CONTAIN},
        "legend": {"top": 0, "left": "center"},
        "tooltip": {"trigger": "item", "confine": True, "formatter": "{b}"},
        "xAxis": {"type": "time", "axisLabel": {"formatter": "{yyyy}-{MM}-{dd}", "hideOverlap": True, "margin": 16}},
        "yAxis": {"type": "value", "axisLabel": {"formatter": "@short"}},
        "series": marks,
    }


def interval_chart(
    names: Sequence[str], figures: Sequence[tuple[float, float, float]], *, unit: Unit, name: str
) -> Option:
    """Return figures with their intervals, a row for each, the first on top, and a line at zero.

    Parameters
    ----------
    names : sequence of str
        Of the rows.
    figures : sequence of (float, float, float)
        Lower end, figure and upper end.
    unit : {"share", "customers", "currency", "ratio"}
        Of the figures; shares as fractions of 1.
    name : str
        What is drawn.
    """
    spans: list[Option] = [
        {"type": "line", "data": [[low, row], [high, row]], "showSymbol": False, "silent": True, "name": name}
        for row, (low, _, high) in enumerate(figures)
    ]
    dots = {
        "type": "scatter",
        "name": name,
        "symbolSize": 10,
        "data": [[figure, row] for row, (_, figure, _) in enumerate(figures)],
        "markLine": {"silent": True, "symbol": "none", "label": {"show": False}, "data": [{"xAxis": 0}]},
    }
    for span in spans:
        span["lineStyle"] = {"width": 3}
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 8, "bottom": 4, **_CONTAIN},
        "xAxis": {"type": "value", "axisLabel": {"formatter": _AXIS_FORMATS[unit], "hideOverlap": True}},
        "yAxis": {"type": "category", "inverse": True, "data": list(names), "axisTick": {"show": False}},
        "series": [*spans, dots],
    }


def share_bars(names: Sequence[str], series: Sequence[Series]) -> Option:
    """Return lying bars of shares, a group for each name, the first on top."""
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
        "xAxis": {"type": "value", "splitNumber": 4, "axisLabel": {"formatter": "@share", "hideOverlap": True}},
        "yAxis": {"type": "category", "inverse": True, "data": list(names), "axisTick": {"show": False}},
        "series": [{"type": "bar", "name": one.name, "data": list(one.values), "barGap": "5%"} for one in series],
    }


def heat_map(
    columns: Sequence[str], rows: Sequence[str], cells: Sequence[Sequence[float | None]], *, column_name: str
) -> Option:
    """Return a heat map of shares, the first row on top; empty cells are left out.

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
    """Return a theme for ``echarts.registerTheme``."""
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
        "timeAxis": {**axis, "splitLine": {"show": False}},
        "categoryAxis": {**axis, "splitLine": {"show": False}},
        "valueAxis": axis,
        "visualMap": {"inRange": {"color": list(palette.heat)}, "textStyle": {"color": palette.muted}},
        "heatmap": {"label": {"color": palette.text}, "itemStyle": {"borderColor": palette.surface, "borderWidth": 1}},
    }


def themes() -> dict[str, Option]:
    """Return both themes by name."""
    return {name: make_theme(palette) for name, palette in PALETTES.items()}
