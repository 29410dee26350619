"""Why somebody is on the list: sentences with a day, an amount or a product of this customer, in every language."""

from __future__ import annotations

import dataclasses

import pytest

from churnrisk.messages import LANGUAGES, speaking
from churnrisk.week_list import tell_why
from churnrisk.week_list.purchased import Purchased
from support.reports import make_entry

DAY = 19_097  # 2022-04-15
ONCE = Purchased(19_000, 19_000, 1, None, 31.5, ("mug", "cup"), 31.5, 31.5, 0.0)
REGULAR = Purchased(18_000, 19_000, 12, 30.0, 20.0, ("mug",), 900.0, 40.0, 400.0)
GONE = Purchased(18_000, 18_700, 12, None, None, (), None, None, None)


def test_a_first_time_buyer_is_told_what_was_bought_and_how_many_come_back() -> None:
    entry = make_entry("contact", 1, "a", bought=ONCE, churn_probability=0.8)
    assert tell_why(entry, as_of=DAY, horizon=90) == [
        "ordered once: mug, cup for 31.50 on 2022-01-08; 20 of 100 such customers order again within 90 days"
    ]
    lapsed = make_entry("lapsed", 1, "a", bought=ONCE, churn_probability=None, return_probability=0.04)
    assert "; 4 of 100 such customers" in tell_why(lapsed, as_of=DAY, horizon=90)[0]
    gone = make_entry("lapsed", 1, "a", bought=ONCE, churn_probability=None, return_probability=0.004)
    assert "; fewer than 1 of 100 such customers" in tell_why(gone, as_of=DAY, horizon=90)[0]


def test_rhythm_and_money_are_told_of_a_regular() -> None:
    entry = make_entry("contact", 1, "a", bought=REGULAR)
    assert tell_why(entry, as_of=DAY, horizon=90) == [
        "no order for 97 days, since 2022-01-08; usually one every 30 days",
        "brought 400 in the year before 2021-04-15, 40 since",
    ]
    missed = make_entry("contact", 1, "a", bought=REGULAR, observation="no mug for 70 days, usually bought every 28")
    assert tell_why(missed, as_of=DAY, horizon=90)[0] == "no mug for 70 days, usually bought every 28"


def test_where_only_days_are_known_the_reason_of_the_model_stands_behind() -> None:
    entry = make_entry("contact", 1, "a", bought=GONE)
    assert tell_why(entry, as_of=DAY, horizon=90) == [
        "last order on 2021-03-14",
        "no order for 100 days (typical here: 41)",
    ]


def test_an_order_that_is_due_is_told_by_its_product_and_rhythm() -> None:
    entry = make_entry("due", 1, "a", bought=REGULAR, due_product="beans")
    assert tell_why(entry, as_of=DAY, horizon=90) == [
        "beans is due; orders about every 30 days, the last time on 2022-01-08",
        "last order on 2022-01-08: mug for 20.00",
    ]


def test_a_day_is_told_once_where_nothing_else_is_known_of_the_last_order() -> None:
    bare = dataclasses.replace(REGULAR, last_amount=None, products=(), revenue_year=None, usual_gap=0.6)
    late = make_entry("contact", 1, "a", bought=bare)
    assert tell_why(late, as_of=DAY, horizon=90) == [
        "no order for 97 days, since 2022-01-08; usually one every day",
        "no order for 100 days (typical here: 41)",
    ]
    due = make_entry("due", 1, "a", bought=bare)
    assert tell_why(due, as_of=DAY, horizon=90)[0] == "orders about every day, the last time on 2022-01-08"
    assert sum("2022-01-08" in one for one in tell_why(due, as_of=DAY, horizon=90)) == 1


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_every_sentence_is_said_in_every_language(language: str) -> None:
    told = set()
    for part in ("contact", "lapsed", "due"):
        for bought in (ONCE, REGULAR, GONE):
            entry = make_entry(part, 1, "a", bought=bought, due_product="beans")
            english = tell_why(entry, as_of=DAY, horizon=90)
            with speaking(language):
                own = tell_why(entry, as_of=DAY, horizon=90)
            assert len(own) == len(english)
            assert not set(own) & set(english)
            told |= set(english)
    assert len(told) >= 7
