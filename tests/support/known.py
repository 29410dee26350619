"""What a log says of a day, and what it said when it ended there: the two sides of one equation.

Each look takes a log and a day, reads what is to depend on the rows before the day only, and gives plain values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from churnrisk.dataset import build_follow_ups, count_daily_purchases, repurchase_gaps
from churnrisk.dataset.past_bases import trace_past_bases
from churnrisk.dataset.purchase_days import purchase_days, summarise_histories
from churnrisk.engines import collect_arrays
from churnrisk.errors import NotEnoughData
from churnrisk.features import customer_features
from churnrisk.labels import follow_customers, label_churn
from churnrisk.orders import Orders
from churnrisk.retention import build_cohorts, build_segments, measure_retention
from churnrisk.retention.movement import follow_segments
from churnrisk.retention.periods import make_periods
from churnrisk.scoring import standing_of
from churnrisk.scoring.standing import lapsed_histories
from churnrisk.timeline import Snapshot
from support.logs import EngineLog, PlainLog

LOOKBACK, HORIZON, LEAD = 40, 20, 3
FOLLOWED_FEATURES = ("days_since_last_order", "tenure_days", "purchase_day_count")


def windows(cutoff: int) -> Snapshot:
    """Return the snapshot that all looks use."""
    return Snapshot(cutoff, LOOKBACK, HORIZON, LEAD)


def look_at_features(orders: Orders, day: int) -> Any:
    """Features of everybody who had bought."""
    found = customer_features(orders, windows(day), who="all")
    return found.customer_ids.tolist(), found.values.tolist(), {k: v.tolist() for k, v in found.raw.items()}


def look_at_labels(orders: Orders, day: int) -> Any:
    """Labels of the base whose outcome window ends there."""
    return [part.tolist() for part in label_churn(orders, windows(day - HORIZON - LEAD))]


def look_at_what_followed(orders: Orders, day: int) -> Any:
    """Waits and amounts after earlier cutoffs, also as a follow-up made then tells them."""
    after = follow_customers(orders, windows(day - 30), windows=(7, 20) if orders.has_amounts else (), until=day)
    made = build_follow_ups(
        orders, [windows(day - back) for back in (45, 30, 12)], names=FOLLOWED_FEATURES, until=day, seed=1
    )
    told = [
        (one.customer_ids.tolist(), one.wait_days.tolist(), one.lapsed.customers.tolist(), one.returned.tolist())
        for one in made
    ]
    return after.customer_ids.tolist(), after.wait_days.tolist(), after.revenue.tolist(), told


def look_at_standing(orders: Orders, day: int) -> Any:
    """What is known without a model of those who had an order, and the histories of the lapsed."""
    found = standing_of(orders, windows(day))
    rows = zip(found.customer_ids, found.days_since_last_order, found.order_count, strict=True)
    total = [0.0] * found.size if found.total_amount is None else found.total_amount.tolist()
    known = {who: (float(days), int(n), money) for (who, days, n), money in zip(rows, total, strict=True)}
    lapsed, histories = lapsed_histories(orders, windows(day))
    return {k: v for k, v in known.items() if v[1] or v[2]}, lapsed.tolist(), histories.frequency.tolist()


def look_at_days(orders: Orders, day: int) -> Any:
    """Purchase days and what is made of them."""
    days = collect_arrays(purchase_days(orders, day), sort_by=["customer_id", "order_day"])
    summary = summarise_histories(orders, windows(day))
    daily = count_daily_purchases(orders, day)
    both = zip(daily.counts, daily.new_counts, strict=True)
    counted = [(daily.first_day + k, n, new) for k, (n, new) in enumerate(both)]
    gaps = repurchase_gaps(orders, day)
    histories = [part.tolist() for part in (summary.frequency, summary.tenure, summary.customers)]
    busy = [tuple(map(int, one)) for one in counted if one[1]]
    return {k: v.tolist() for k, v in days.items()}, histories, gaps, busy


def look_at_bases(orders: Orders, day: int) -> Any:
    """The customer base week by week, with its churn."""
    traced = trace_past_bases(orders, windows(day), first_day=day - 100)
    return [
        (one.snapshot.cutoff, one.histories.frequency.tolist(), one.histories.customers.tolist(), one.churned.tolist())
        for one in traced
    ]


def look_at_figures(orders: Orders, day: int) -> Any:
    """Retention figures of periods that end there or before; that of second orders needs 90 days more."""
    table = measure_retention(orders, 15, start=day - 45, stop=day, lookback=LOOKBACK, revenue_window=20)
    return [{k: v for k, v in row.figures.items() if k != "second_order_rate_90_days"} for row in table.rows]


def look_at_second_orders(orders: Orders, day: int) -> Any:
    """Second orders within 90 days of those whose first lies that long back."""
    start = day - 91 - 15
    table = measure_retention(orders, 15, start=start, stop=start + 15, lookback=LOOKBACK, revenue_window=20)
    return [row.figures["second_order_rate_90_days"] for row in table.rows]


def look_at_cohorts(orders: Orders, day: int) -> Any:
    """Cells of cohorts whose periods are over: bought in, and bought again by."""
    cells = {}
    for measure in ("customers", "revenue") if orders.has_amounts else ("customers",):
        for cohort in build_cohorts(orders, "week", measure=measure, lookback=LOOKBACK).cohorts:
            over = (day - cohort.period.starts_on) // 7
            if over > 0:
                cells[measure, cohort.period.name] = (cohort.size, cohort.classic[:over], cohort.cumulative[:over])
    return cells


def look_at_segments(orders: Orders, day: int) -> Any:
    """Segments on the day, and how customers moved until then."""
    try:
        made = build_segments(orders, day)
        moved = follow_segments(orders, make_periods(15, orders.first_day, day, start=day - 30, stop=day))
    except NotEnoughData as error:
        return str(error)
    return made.segment_of(), made.to_dict(), [one.to_dict() for one in moved]


LOOKS: dict[str, Callable[[Orders, int], Any]] = {
    "features": look_at_features,
    "labels": look_at_labels,
    "what followed": look_at_what_followed,
    "standing": look_at_standing,
    "days": look_at_days,
    "bases": look_at_bases,
    "figures": look_at_figures,
    "second orders": look_at_second_orders,
    "cohorts": look_at_cohorts,
    "segments": look_at_segments,
}


def same(one: Any, other: Any) -> bool:
    """Tell whether two looks saw the same, to the bit; NaN is NaN."""
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (np.isnan(one) and np.isnan(other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def orders_of(log: EngineLog, *, first_day: int, last_day: int) -> Orders:
    """Make orders of a log on an engine, with the days that it covers."""
    facts = {name: getattr(log, name) for name in ("has_amounts", "has_quantities", "has_products", "has_categories")}
    return Orders.from_frame(log.frame(), lines=log.lines(), first_day=first_day, last_day=last_day, **facts)


def both_sides(make: Callable[[PlainLog], EngineLog], log: PlainLog, day: int, name: str) -> tuple[Any, Any]:
    """Look at a day in the whole log, and in the log as it stood when that day began."""
    first_day = min(row.day for row in log.rows)
    last_day = max(day - 1, *(row.day for row in log.rows))
    then = log.keep(lambda row: row.day < day)
    look = LOOKS[name]
    whole = look(orders_of(make(log), first_day=first_day, last_day=last_day), day)
    return whole, look(orders_of(make(then), first_day=first_day, last_day=day - 1), day)
