"""Frames and pages that are made of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnrisk.public.result import Result, draw_bars, draw_line

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
cells = st.one_of(
    st.none(),
    texts,
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)


@dataclass(frozen=True)
class Rows(Result):
    rows: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def records(self) -> list[dict[str, Any]]:
        return self.rows


@settings(max_examples=30)
@given(st.dictionaries(st.text(st.sampled_from("ab<&"), min_size=1), st.lists(cells, min_size=1, max_size=3)))
def test_a_page_is_whole_and_every_text_stands_in_it_as_it_is(columns: dict[str, list[Any]]) -> None:
    rows = [{name: values[0] for name, values in columns.items()}] if columns else []
    page = ElementTree.fromstring(f"<div>{Rows(rows)._repr_html_()}</div>")
    assert [cell.text or "" for cell in page.iter("th")] == list(columns)
    told = [cell.text or "" for cell in page.iter("td")]
    for said, value in zip(told, rows[0].values() if rows else (), strict=True):
        assert not isinstance(value, str) or said == value


@pytest.mark.parametrize("draw", [draw_line, draw_bars])
def test_a_chart_escapes_its_labels_and_skips_what_is_missing(draw: Any) -> None:
    chart = ElementTree.fromstring(draw("a < b", ["<i>", "&", "c"], [0.5, None, 1.0]))
    assert "<i>" in "".join(chart.itertext())
    assert len(list(chart.iter("circle"))) == (2 if draw is draw_line else 0)


def test_frames_keep_kinds_and_what_is_missing() -> None:
    rows = Rows([{"n": 1, "x": 1, "t": "a", "b": True}, {"n": None, "x": 0.5, "t": None, "b": None}])
    assert rows.to_polars().equals(pl.DataFrame({"n": [1, None], "x": [1.0, 0.5], "t": ["a", None], "b": [True, None]}))
    assert rows.to_arrow().schema.types == [pa.int64(), pa.float64(), pa.string(), pa.bool_()]
    frame = rows.to_pandas()
    assert [str(kind) for kind in frame.dtypes[["n", "x", "b"]]] == ["Int64", "float64", "boolean"]
    assert frame["t"].isna().tolist() == [False, True]
    assert str(Rows([{"n": 1}]).to_pandas()["n"].dtype) == "int64"


def test_no_rows_are_an_empty_frame() -> None:
    assert (len(Rows([]).to_pandas()), Rows([]).to_polars().height, Rows([]).to_arrow().num_rows) == (0, 0, 0)
