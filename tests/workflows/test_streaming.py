"""Scores of a large log go straight into a file, which is the same as that of a small one."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnrisk.workflows import ChurnModel, StreamTo, load, score_source, write_scores
from support.shop import PURCHASES


@pytest.fixture(scope="module")
def model(small_trained: Path) -> ChurnModel:
    return load(models_dir=small_trained / "models")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_file_is_the_same_byte_by_byte(model: ChurnModel, tmp_path: Path, ending: str) -> None:
    whole, target = tmp_path / f"whole.{ending}", StreamTo(tmp_path / f"stream.{ending}", orders=0)
    expected = score_source(model, PURCHASES, reasons="listed", top=5)
    written = write_scores(expected, str(whole))
    made = score_source(model, PURCHASES, reasons="listed", top=5, stream=target)
    assert target.path.read_bytes() == whole.read_bytes()
    assert made.streamed is not None
    assert (made.streamed.defused, len(made.totals)) == (written, len(expected.totals))
    assert made.table.records()[:5] == expected.table.records()[:5]
    assert made.totals.count("risk", "high") == expected.scores.count("risk", "high")
    assert any("not remembered" in notice for notice in made.notices)


def test_what_is_no_such_file_or_no_such_log(model: ChurnModel, tmp_path: Path) -> None:
    for output in (None, "scores.xlsx", "postgresql://shop@host/db?table=scores"):
        assert StreamTo.choose(output, csv_style="plain") is None
    target = StreamTo.choose(str(tmp_path / "scores.csv"), csv_style="plain")
    assert score_source(model, PURCHASES, stream=target).streamed is None
