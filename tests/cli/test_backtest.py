"""``churnrisk backtest``, and the grade that ``train`` prints and stores."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from churnrisk.learning.baselines import BASELINE_NAMES
from churnrisk.learning.evaluate import MEASURES
from support.known_logs import HORIZON, noise_log, signal_log
from support.shop import churnrisk


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.csv"
    signal_log().to_csv(path, index=False)
    return path


def test_it_shows_cutoffs_methods_calibration_who_is_left_out_and_the_grade(log: Path) -> None:
    answer = churnrisk("backtest", log, "--horizon", HORIZON, "--cutoffs", 2, "--lookback", 90, "--details")
    assert answer.out.startswith("Grade ")
    assert (answer.code, answer.err) == (0, "")
    for part in (
        "2 cutoffs, ",
        "Mean over the cutoffs, weighted by customers",
        *("base rate", "recency rule", "RFM logistic", "BG/NBD", "MBG/NBD", "Pareto/NBD"),
        "95 % intervals, and the difference from ",
        "Calibration, all cutoffs together",
        "nothing bought in 90 days",
        "first bought later",
        "(backtest over 2 cutoffs): ranks ",
        "log loss saved at worst cutoff",
    ):
        assert part in answer.words, part
    assert all(len(line) <= 80 for line in answer.out.splitlines())
    assert not Path("models").exists()


def test_json_is_whole_and_names_nobody(log: Path) -> None:
    report = churnrisk("backtest", log, "--horizon", HORIZON, "--cutoffs", 1, "--seed", 2, "--json").json
    assert set(report["pooled"]["measures"]) == {"churnrisk", *BASELINE_NAMES}
    assert set(report["pooled"]["gains"]["BG/NBD"]) == set(MEASURES)
    assert report["cutoffs"][0]["left_out"].keys() == {"lapsed", "not_yet_customers"}
    assert report["grade"]["basis"] == "backtest"
    assert report["grade"]["ingredients"]["worst_log_loss_saved_upper_end"] is None
    assert report["intake"]["rows_in"] == len(signal_log())
    customers = set(signal_log()["customer_id"])
    assert not customers & set(json.dumps(report).replace('"', " ").split())


def test_cutoffs_that_the_history_has_no_room_for_are_named(log: Path) -> None:
    report = churnrisk("backtest", log, "--horizon", 40, "--cutoffs", 3, "--json").json
    assert len(report["cutoffs"]) == 1
    assert len(report["skipped"]) == 2
    assert all("needs 80 days of history" in one["reason"] for one in report["skipped"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--horizon", 90), "a backtest with a horizon of 90 days needs a snapshot to score and an earlier one"),
        (("--horizon", 30, "--cutoffs", 0), "--cutoffs"),
    ],
)
def test_what_cannot_be_tested_is_refused_in_words(log: Path, options: tuple[object, ...], message: str) -> None:
    answer = churnrisk("backtest", log, *options)
    assert (answer.code, answer.out) == (2, "")
    assert message in " ".join(answer.err.split())


def test_train_grades_provisionally_and_with_a_backtest_in_full(log: Path) -> None:
    provisional = churnrisk("train", log, "--horizon", 40, "--json").json
    assert provisional["grade"]["basis"] == "later snapshot"
    assert provisional["backtest"] is None
    assert provisional["grade"]["letter"] in "BC"
    full = churnrisk("train", log, "--horizon", 40, "--backtest").words
    assert "(backtest at one cutoff)" in full
    card = churnrisk("models", "show", "--json").json
    assert (card["grade"]["basis"], card["grade"]["cutoffs"], len(card["backtest"]["cutoffs"])) == ("backtest", 1, 1)
    assert "(backtest at one cutoff)" in churnrisk("models", "show").words


def test_a_log_without_signal_is_told_so_when_it_is_trained_on(tmp_path: Path) -> None:
    path = tmp_path / "noise.csv"
    noise_log().to_csv(path, index=False)
    words = churnrisk("train", path, "--horizon", HORIZON).words
    assert "Grade E (provisional, tested on one later snapshot; `churnrisk backtest` tells more)" in words
    assert "ranks hardly better than chance: AUC ." in words
