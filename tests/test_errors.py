"""Errors and their codes: every code is known, used, and told to programs."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

import churnrisk as package
from churnrisk import errors
from churnrisk.errors import CODES, AmbiguousFormat, ChurnriskError
from support.shop import PURCHASES, churnrisk

CLASSES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ChurnriskError)]
HOME = Path(package.__file__).parent


def codes_of_raises() -> list[str]:
    """Return the codes that stand where errors are raised."""
    found = []
    for path in HOME.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {kind.__name__ for kind in CLASSES}:
                given = [word.value for word in node.keywords if word.arg == "code"]
                found += [str(one.value) for one in given if isinstance(one, ast.Constant)]
    return found


def test_every_code_is_in_the_list_and_every_code_of_the_list_is_used() -> None:
    narrower = codes_of_raises()
    assert len(narrower) > 60
    assert set(narrower) | {kind.code for kind in CLASSES} == set(CODES)
    assert list(CODES) == sorted(CODES)


def test_every_class_has_a_code_of_its_own() -> None:
    assert len({kind.code for kind in CLASSES}) == len(CLASSES)


def test_an_error_without_a_narrower_code_has_that_of_its_class() -> None:
    assert AmbiguousFormat("x").code == "values.ambiguous"
    assert AmbiguousFormat("x", code="dates.no_day").code == "dates.no_day"
    assert AmbiguousFormat.code == "values.ambiguous"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ("customer_id,date,amount\na,01/02/2024,5\nb,03/04/2024,6\n", "dates.order_unsure"),
        ("customer_id,date,amount\n", "source.no_rows"),
        ("", "source.empty"),
        ("customer_id,date,amount,currency\na,2024-01-02,5,PLN\nb,2024-01-03,6,EUR\n", "currency.several"),
    ],
)
def test_a_command_with_json_answers_a_failure_with_its_code(tmp_path: Path, rows: str, code: str) -> None:
    (tmp_path / "p.csv").write_text(rows, encoding="utf-8")
    answer = churnrisk("metrics", tmp_path / "p.csv", "--json")
    said = json.loads(answer.out)["error"]
    assert (answer.code, said["code"]) == (2, code)
    assert answer.err == f"churnrisk: {said['detail']}\n"


def test_a_wrapped_error_keeps_its_code(tmp_path: Path) -> None:
    answer = churnrisk("train", PURCHASES, "--models-dir", tmp_path, "--as-of", "2035-01-01", "--json")
    said = json.loads(answer.out)["error"]
    assert (answer.code, said["code"]) == (2, "as_of.after_the_log")
    assert "churnrisk check" in said["detail"]


def test_without_json_standard_output_stays_empty(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("", encoding="utf-8")
    answer = churnrisk("metrics", tmp_path / "p.csv")
    assert (answer.code, answer.out) == (2, "")
