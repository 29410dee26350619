"""Every function and the command of the same name say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import churnrisk as package
from support.shop import PURCHASES, churnrisk

SURVEY = "customer_id,score,answered_at,segment\n13047,9,2011-10-02,a\n13748,3,2011-11-05,b\nnobody,7,2011-11-06,a\n"
"""Answers of two customers of the sample, and of somebody else."""

PAIRS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "metrics": (
        {"period": "quarter", "start": "2011-01-01", "by": "country", "year_starts": "04-01"},
        ["--period", "quarter", "--from", "2011-01-01", "--by", "country", "--year-starts", "04-01"],
    ),
    "cohorts": (
        {"period": 91, "by": "revenue", "stop": "2011-10-01"},
        ["--period", "91", "--by", "revenue", "--to", "2011-10-01"],
    ),
    "segments": (
        {"as_of": "2011-12-01", "period": "quarter", "start": "2011-04-01"},
        ["--as-of", "2011-12-01", "--period", "quarter", "--from", "2011-04-01"],
    ),
    "ltv": ({"months": 6, "margin": 0.35}, ["--months", "6", "--margin", "0.35"]),
    "economics": ({"margin": 0.35, "acquisition_cost": 20.0}, ["--margin", "0.35", "--acquisition-cost", "20"]),
    "benchmarks": ({"period": "quarter"}, ["--period", "quarter"]),
}
"""By name: what the function is told, and the same for the command."""


@pytest.fixture(autouse=True)
def _in_a_folder_with_the_model(sample_models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").symlink_to(sample_models)


@pytest.mark.parametrize("name", [*PAIRS, "nps"])
def test_a_function_says_what_its_command_says(name: str, tmp_path: Path) -> None:
    if name == "nps":
        survey = tmp_path / "survey.csv"
        survey.write_text(SURVEY)
        result: Any = package.nps(survey, PURCHASES)
        answer = churnrisk("nps", survey, "--purchases", PURCHASES, "--json")
    else:
        given, options = PAIRS[name]
        result = getattr(package, name)(PURCHASES, **given)
        answer = churnrisk(name, PURCHASES, *options, "--json")
    assert (answer.code, answer.err) == (0, "")
    assert json.loads(json.dumps(result.to_dict())) == answer.json
    check_forms(result)


def check_forms(result: Any) -> None:
    """Every frame has the rows of ``records``, and the page has them all, or says how many it left out."""
    rows = result.records()
    assert rows
    pandas = result.to_pandas().astype(object)
    assert pandas.where(pandas.notna(), None).to_dict("records") == rows
    assert result.to_polars().to_dicts() == rows
    assert result.to_arrow().to_pylist() == rows
    html = result._repr_html_()
    assert html.count("<tr>") == 1 + min(len(rows), 60)
    assert ("rows, of which 60 are shown" in html) == (len(rows) > 60)
