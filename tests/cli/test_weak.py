"""Scores of a model that is worth little: the grade is named, and with the worst no list is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from churnrisk.cards import is_worth_acting_on
from churnrisk.cards.card import warn_of_grade
from churnrisk.workflows import ChurnModel, load
from support.shop import CUSTOMERS, churnrisk


@pytest.fixture(scope="module")
def folders(small_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of models that differ in their grade alone."""
    model = load(models_dir=small_trained / "models")
    found = {}
    for letter in "CDE":
        found[letter] = tmp_path_factory.mktemp(letter)
        card = json.loads(json.dumps(model.card))
        card["grade"]["letter"] = letter
        ChurnModel(model.model, card).save(found[letter])
    return found


TERMS = ("--contact-cost", 0.1, "--incentive-cost", 0, "--acceptance-rate", 0.5, "--margin", 0.9)


@pytest.mark.parametrize("letter", "CDE")
@pytest.mark.parametrize(("command", "title"), [("score", "Most value at risk"), ("target", "Whom to contact")])
def test_a_weak_grade_is_named_and_the_worst_gets_no_list(
    folders: dict[str, Path], tmp_path: Path, letter: str, command: str, title: str
) -> None:
    options = (
        "--models-dir",
        folders[letter],
        "--output",
        tmp_path / "all.csv",
        *(TERMS if command == "target" else ()),
    )
    answer = churnrisk(command, CUSTOMERS, *options)
    assert (answer.code, answer.err) == (0, "")
    assert (f"The model has grade {letter}" in answer.words) == (letter in "DE")
    assert (title in answer.words) == (letter != "E")
    assert (tmp_path / "all.csv").stat().st_size > 1000


def test_the_grade_is_among_the_notices(folders: dict[str, Path]) -> None:
    said = churnrisk("score", CUSTOMERS, "--models-dir", folders["E"], "--no-remember", "--json").json
    assert said["notices"][0].startswith("The model has grade E: do not act on these scores.")
    assert len(said["customers"]) == 300


def test_a_card_of_old_has_no_grade() -> None:
    assert is_worth_acting_on({})
    assert list(warn_of_grade({})) == []


def test_a_report_of_the_worst_grade_lists_nobody(folders: dict[str, Path], tmp_path: Path) -> None:
    for letter, listed in (("C", 50), ("E", 0)):
        file = tmp_path / f"{letter}.html"
        said = churnrisk("report", CUSTOMERS, "-o", file, "--models-dir", folders[letter], "--json").json
        assert len(said["week_list"]["contact"]) == listed
        assert len(said["at_risk"]["warnings"]) == (letter == "E")
