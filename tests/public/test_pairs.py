"""Every function and the command of the same name say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import churnrisk as package
from churnrisk.messages import spoken_language
from churnrisk.public import Report
from support.shop import CUSTOMERS, churnrisk

SURVEY = "customer_id,score,answered_at,segment\n12514,9,2011-10-02,a\n12362,3,2011-11-05,b\nnobody,7,2011-11-06,a\n"
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
    "target": (
        {"contact_cost": 1.0, "incentive_cost": 10.0, "margin": 0.3, "acceptance_rate": 0.2, "capacity": 70},
        [
            "--contact-cost",
            "1",
            "--incentive-cost",
            "10",
            "--margin",
            "0.3",
            "--acceptance-rate",
            "0.2",
            "--capacity",
            "70",
        ],
    ),
    "make_report": ({"period": "quarter", "top": 5}, ["--period", "quarter", "--top", "5"]),
    "run_monitor": (
        {"as_of": "2011-12-20", "rules": ["days_since_last_purchase > 30", "psi > 0.2"]},
        ["--as-of", "2011-12-20", "--no-remember", "--state", "state.db"],
    ),
}
"""By name: what the function is told, and the same for the command."""


@pytest.fixture(autouse=True)
def _in_a_folder_with_the_model(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").symlink_to(models)


COMMANDS = {"make_report": "report", "run_monitor": "monitor"}
"""Of functions that are called otherwise, since a package of churnrisk has the name of the command."""


@pytest.mark.parametrize("name", [*PAIRS, "nps"])
def test_a_function_says_what_its_command_says(name: str, tmp_path: Path) -> None:
    (tmp_path / "churnrisk.toml").write_text('rules = ["days_since_last_purchase > 30", "psi > 0.2"]\n')
    if name == "nps":
        survey = tmp_path / "survey.csv"
        survey.write_text(SURVEY)
        result: Any = package.nps(survey, CUSTOMERS)
        answer = churnrisk("nps", survey, "--purchases", CUSTOMERS, "--json")
    else:
        given, options = PAIRS[name]
        result = getattr(package, name)(CUSTOMERS, **given)
        answer = churnrisk(COMMANDS.get(name, name), CUSTOMERS, *options, "--json")
    assert (answer.code, answer.err) == (3 if name == "run_monitor" else 0, "")  # a rule fires there
    said = {key: value for key, value in answer.json.items() if key != "report"}  # the name of its file
    assert json.loads(json.dumps(result.to_dict())) == said
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
    if isinstance(result, Report):
        assert html.startswith("<iframe sandbox=")
        assert html.count("<") == 2  # the page stands in an attribute, escaped
        return
    assert html.count("<tr>") == 1 + min(len(rows), 60)
    assert ("rows, of which 60 are shown" in html) == (len(rows) > 60)


def test_a_weekly_run_says_what_its_command_says(tmp_path: Path) -> None:
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
        settings = [f"purchases = '{CUSTOMERS}'", "models_dir = '../models'", "state = 'state.db'", "lang = 'pl'"]
        (tmp_path / name / "churnrisk.toml").write_text("\n".join(settings))
    answer = churnrisk("--config", tmp_path / "theirs" / "churnrisk.toml", "weekly", "--json")
    assert (answer.code, answer.err) == (0, "")
    result = package.run_weekly(tmp_path / "ours" / "churnrisk.toml")
    said = json.loads(json.dumps(result.to_dict()))
    assert [Path(one).name for one in said.pop("files")] == [Path(one).name for one in answer.json["files"]]
    assert said == {key: value for key, value in answer.json.items() if key != "files"}
    assert len(result.to_pandas()) == 300
    assert spoken_language() == "en"
