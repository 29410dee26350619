"""Rules are a name, a comparison and a number, and nothing else is ever taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.errors import SettingsError
from churnrisk.monitor import check_rules, parse_rules
from churnrisk.monitor.rules import NAMES, rules_page


@pytest.mark.parametrize(
    ("text", "name", "comparison", "threshold"),
    [
        ("retention_rate < 0.7", "retention_rate", "<", 0.7),
        ("psi>0.2", "psi", ">", 0.2),
        ("  days_since_last_purchase  >=  3 ", "days_since_last_purchase", ">=", 3.0),
        ("bias <= -0.05", "bias", "<=", -0.05),
    ],
)
def test_rules_are_read(text: str, name: str, comparison: str, threshold: float) -> None:
    [rule] = parse_rules([text], where="rules")
    assert (rule.name, rule.comparison, rule.threshold) == (name, comparison, threshold)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "psi",
        "psi > ",
        "> 0.2",
        "0.2 < psi",
        "psi > 0.2 and auc < 0.7",
        "psi == 0.2",
        "psi => 0.2",
        "psi > 0,2",
        "psi > .2",
        "psi > 2.",
        "psi > 1e3",
        "psi > inf",
        "psi > nan",
        "psi > +1",
        "psi > ٣",
        "psi\n> 0.2",
        "psi.max > 0.2",
        "__import__('os').system('true') > 1",
        "psi > 0.2; psi > 0.3",
        "psi > " + "9" * 500,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is no rule"):
        parse_rules([text], where="rules")


def test_an_unknown_name_is_met_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"--retrain-if: .*'retention_rat'.*did you mean retention_rate\?"):
        parse_rules(["retention_rat < 0.7"], where="--retrain-if")


@given(st.sampled_from(NAMES), st.sampled_from(["<", "<=", ">", ">="]), st.integers(-100, 100), st.integers(-100, 100))
def test_rules_fire_as_the_comparison_says(name: str, comparison: str, threshold: int, value: int) -> None:
    [verdict] = check_rules(parse_rules([f"{name} {comparison} {threshold}"], where="rules"), {name: float(value)})
    expected = {
        "<": value < threshold,
        "<=": value <= threshold,
        ">": value > threshold,
        ">=": value >= threshold,
    }
    assert verdict.has_fired is expected[comparison]
    assert verdict.to_dict() == {
        "rule": f"{name} {comparison} {threshold}",
        "name": name,
        "value": value,
        "fired": expected[comparison],
    }


@pytest.mark.parametrize("values", [{}, {"psi": None}, {"psi": float("nan")}])
def test_what_is_not_known_fires_nothing(values: dict[str, float | None]) -> None:
    for text in ("psi > -100", "psi < 100"):
        [verdict] = check_rules(parse_rules([text], where="rules"), values)
        assert not verdict.has_fired


def test_every_name_is_documented() -> None:
    page = rules_page()
    assert [name for name in NAMES if f"| `{name}` |" not in page] == []
