"""Who stands where on the list of this week: against plain sorting, for any customers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.decide import ContactTerms, Playbook
from churnrisk.errors import SettingsError
from churnrisk.forecast import Valuation
from churnrisk.week_list import ListPlan, rank_customers

TERMS = ContactTerms(1.0, 5.0, 0.2, redemption=0.5)
MONEY = st.floats(0, 1000).map(lambda value: round(value, 2))


@st.composite
def customers(draw: st.DrawFn) -> dict[str, Any]:
    """Draw customers of every status, with value at risk never above the most."""
    size = draw(st.integers(1, 12))
    status = draw(st.lists(st.sampled_from(("scored", "lapsed", "no_purchases")), min_size=size, max_size=size))
    least = draw(st.lists(MONEY, min_size=size, max_size=size))

    def known(values: Any, wanted: str) -> np.ndarray:
        return np.array([one if had == wanted else np.nan for one, had in zip(values, status, strict=True)])

    shares = st.lists(st.floats(0.01, 0.99), min_size=size, max_size=size)
    days = st.lists(st.integers(1, 40), min_size=size, max_size=size)
    quiet = draw(days)
    next_on = [
        f"2024-03-{1 + day % 28:02}" if had == "scored" else None for day, had in zip(quiet, status, strict=True)
    ]
    return {
        "customer_id": np.array([f"c{k:02}" for k in draw(st.permutations(range(size)))], dtype=object),
        "as_of": np.array(["2024-03-01"] * size, dtype=object),
        "status": np.array(status, dtype=object),
        "churn_probability": known(draw(shares), "scored"),
        "value_at_risk": known(least, "scored"),
        "value_at_risk_most": known([one + 1 for one in least], "scored"),
        "return_probability": known(draw(shares), "lapsed"),
        "expected_value_horizon": known(draw(st.lists(MONEY, min_size=size, max_size=size)), "scored"),
        "next_order_on": np.array(next_on, dtype=object),
        "days_since_last_order": np.array(quiet, dtype=float),
        "order_count": np.array(draw(days), dtype=float),
        "total_amount": np.array(draw(st.lists(MONEY, min_size=size, max_size=size))),
    }


def order_of(places: np.ndarray, ids: np.ndarray) -> list[str]:
    """The customers of a part, by place."""
    pairs = sorted((place, one) for place, one in zip(places.tolist(), ids.tolist(), strict=True) if place == place)
    assert [place for place, _ in pairs] == list(range(len(pairs)))
    return [one for _, one in pairs]


@given(customers(), st.integers(0, 40), st.integers(1, 5))
def test_each_part_is_sorted_as_plain_sorting_does(log: dict[str, Any], quiet: int, least: int) -> None:
    plan = ListPlan(terms=TERMS, valuation=Valuation(0.4), quiet_days=quiet, least_purchases=least)
    segments = ["lost" if k % 3 == 0 else "loyal" for k in range(len(log["customer_id"]))]
    ranked = rank_customers(log, segments, plan, is_worth_acting_on=True)
    rows = [dict(zip(log, values, strict=True)) for values in zip(*log.values(), strict=True)]
    contact, lapsed, due = [], [], []
    for row in rows:
        if row["status"] == "scored":
            p, at_risk = row["churn_probability"], row["value_at_risk"]
            value = 0.4 * at_risk / p
            profit = p * 0.2 * (value - 5) - (1 - p) * 0.5 * 5 - 1
            if profit > 0 and row["days_since_last_order"] >= quiet and row["order_count"] >= least:
                contact.append((-profit, row["customer_id"]))
            if "2024-03-01" <= row["next_order_on"] <= "2024-03-08":
                due.append((-row["expected_value_horizon"], row["customer_id"]))
        elif row["status"] == "lapsed":
            lapsed.append(row)
    usual = [row["total_amount"] / row["order_count"] for row in rows]
    worth = [
        (-row["return_probability"] * min(row["total_amount"] / row["order_count"], np.quantile(usual, 0.99)), row)
        for row in lapsed
    ]
    paying = sorted((minus, row["customer_id"]) for minus, row in worth if -minus * 0.4 > TERMS.contact_cost)
    listed = order_of(ranked.contact, log["customer_id"])
    assert ranked.by == ("profit" if "scored" in log["status"] else "risk")
    assert sorted(listed) == sorted(one for _, one in contact)
    profit_of = dict(zip(log["customer_id"].tolist(), ranked.profit.tolist(), strict=True))
    assert [profit_of[one] for one in listed] == pytest.approx([-minus for minus, _ in sorted(contact)])
    assert order_of(ranked.lapsed, log["customer_id"]) == [one for _, one in paying]
    assert order_of(ranked.due, log["customer_id"]) == [one for _, one in sorted(due)]


@given(customers(), st.randoms())
def test_the_order_of_rows_plays_no_part(log: dict[str, Any], random: Any) -> None:
    shuffled = list(range(len(log["customer_id"])))
    random.shuffle(shuffled)
    other = {name: values[shuffled] for name, values in log.items()}
    segments = ["loyal"] * len(shuffled)
    for plan in (ListPlan(), ListPlan(terms=TERMS)):
        first = rank_customers(log, segments, plan, is_worth_acting_on=True)
        second = rank_customers(other, segments, plan, is_worth_acting_on=True)
        for part in ("contact", "lapsed", "due"):
            assert order_of(getattr(first, part), log["customer_id"]) == order_of(
                getattr(second, part), other["customer_id"]
            )


def test_without_terms_it_goes_by_value_and_without_amounts_by_risk() -> None:
    log: dict[str, Any] = {
        "customer_id": np.array(["a", "b", "c"], dtype=object),
        "as_of": np.array(["2024-03-01"] * 3, dtype=object),
        "status": np.array(["scored"] * 3, dtype=object),
        "churn_probability": np.array([0.2, 0.9, 0.5]),
        "value_at_risk": np.array([30.0, 10.0, 20.0]),
        "value_at_risk_most": np.array([30.0, 10.0, 20.0]),
        "return_probability": np.full(3, np.nan),
        "expected_value_horizon": np.full(3, np.nan),
        "next_order_on": np.array([None, "2024-03-02", "2024-03-09"], dtype=object),
        "days_since_last_order": np.full(3, 30.0),
        "order_count": np.full(3, 2.0),
        "total_amount": np.full(3, np.nan),
    }
    ranked = rank_customers(log, ["loyal"] * 3, ListPlan(), is_worth_acting_on=True)
    assert (ranked.by, order_of(ranked.contact, log["customer_id"])) == ("value", ["a", "c", "b"])
    poor = log | {"value_at_risk": np.full(3, np.nan)}
    ranked = rank_customers(poor, ["loyal"] * 3, ListPlan(terms=TERMS), is_worth_acting_on=True)
    assert (ranked.by, order_of(ranked.contact, log["customer_id"])) == ("risk", ["b", "c", "a"])
    assert order_of(ranked.due, log["customer_id"]) == ["b"]
    weak = rank_customers(log, ["loyal"] * 3, ListPlan(), is_worth_acting_on=False)
    assert order_of(weak.contact, log["customer_id"]) == []
    idle = ListPlan(playbook=Playbook({"loyal": "none"}))
    assert order_of(rank_customers(log, ["loyal"] * 3, idle, is_worth_acting_on=True).contact, log["customer_id"]) == []


def test_without_amounts_the_lapsed_go_by_their_chance_and_have_no_value() -> None:
    log: dict[str, Any] = {
        "customer_id": np.array(["a", "b"], dtype=object),
        "as_of": np.array(["2024-03-01"] * 2, dtype=object),
        "status": np.array(["lapsed"] * 2, dtype=object),
        **{name: np.full(2, np.nan) for name in ("churn_probability", "value_at_risk", "value_at_risk_most")},
        **{name: np.full(2, np.nan) for name in ("expected_value_horizon", "total_amount")},
        "return_probability": np.array([0.02, 0.3]),
        "next_order_on": np.array([None, None], dtype=object),
        "days_since_last_order": np.full(2, 400.0),
        "order_count": np.full(2, 2.0),
    }
    ranked = rank_customers(log, ["lost"] * 2, ListPlan(terms=TERMS), is_worth_acting_on=True)
    assert order_of(ranked.lapsed, log["customer_id"]) == ["b", "a"]
    assert np.isnan(ranked.return_value).all()


def test_a_plan_that_cannot_be_is_refused() -> None:
    with pytest.raises(SettingsError, match="list_rest_days: -1 is below 0"):
        ListPlan(rest_days=-1)
