"""What is said where Spark cannot start, and that nothing else is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.shop import CUSTOMERS, churnrisk


def test_without_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("pyspark")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    answer = churnrisk("metrics", CUSTOMERS, "--engine", "spark")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("churnrisk: Spark needs Java 17 or newer")
    assert "JAVA_HOME" in answer.err


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)
    answer = churnrisk("train", CUSTOMERS, "--engine", "spark://127.0.0.1:7077")
    assert (answer.code, answer.err) == (2, "churnrisk: Spark needs an extra part: pip install 'churnrisk[spark]'.\n")


def test_an_engine_that_is_none() -> None:
    answer = churnrisk("metrics", CUSTOMERS, "--engine", "sparc")
    assert (answer.code, answer.out) == (2, "")
    assert "duckdb, polars, spark, or spark://HOST:PORT" in answer.err


def test_options_of_other_engines_are_refused(small_trained: Path, tmp_path: Path) -> None:
    given = ("score", CUSTOMERS, "--engine", "spark", "--models-dir", small_trained / "models")
    for option in (("--since", "last"), ("--reasons", "all"), ("--as", "ids"), ("--output", tmp_path / "s.xlsx")):
        answer = churnrisk(*given, *option)
        assert (answer.code, answer.out) == (2, ""), option
        assert option[0] in answer.err


def test_polars_gives_the_same_figures() -> None:
    answers = [churnrisk("metrics", CUSTOMERS, "--engine", engine, "--json") for engine in ("polars", "duckdb")]
    assert answers[0].code == 0, answers[0].err
    assert answers[0].json == answers[1].json
