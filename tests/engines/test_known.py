"""On Spark, too, no later row changes an earlier day; few logs, since each takes a score of queries."""

from __future__ import annotations

import random
from typing import Any

import pytest

from support.known import both_sides, same
from support.logs import CUTOFF, PlainLog, Row, spark_log


def busy_log(seed: int) -> PlainLog:
    """Make a log with part deliveries, refunds, reversals and receipt numbers used again."""
    draw = random.Random(seed)
    rows = []
    for _ in range(120):
        amount = draw.choice([-30, -20, -10, 10, 10, 20, 20, 30]) * 10_000
        day = CUTOFF + draw.randint(-70, 70)
        rows.append(Row(f"c{draw.randrange(9)}", draw.choice(["1", "2", "3", ""]), day, amount, amount, "p1"))
    return PlainLog(tuple(dict.fromkeys(rows)), has_categories=False)


def test_the_log_has_what_is_asked_about() -> None:
    orders = busy_log(1).orders()
    undone = [one for one in orders if one.undone_day < 2**31 - 1]
    assert any(one.order_day < CUTOFF <= one.undone_day for one in undone)
    assert any(one.undone_day < CUTOFF for one in undone)
    assert len({(one.customer_id, one.order_id) for one in orders}) < len(orders)


@pytest.mark.spark
@pytest.mark.parametrize("name", ["features", "labels", "what followed", "standing", "days", "figures", "segments"])
def test_what_is_said_on_spark_of_a_day_is_what_was_known_then(name: str, spark: Any) -> None:
    whole, then = both_sides(lambda log: spark_log(log, spark), busy_log(1), CUTOFF, name)
    assert same(whole, then), (whole, then)
    assert whole
