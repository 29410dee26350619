"""The whole numbers behind the features, written by hand in DuckDB's SQL: what :mod:`bench.scale` compares with.

As one would write it who knows the engine: one window for all that needs an order, one pass for all aggregates, all
quantiles of a column at once, CASE inside sums (FILTER was slower here), whole numbers of 32 bits where they suffice.
"""

from __future__ import annotations

BARE = "SELECT customer_id, count(*) AS n, max(order_day) AS last, sum(amount) AS total FROM orders GROUP BY 1"

_HISTORY = """
WITH placed AS (
    SELECT customer_id, order_day, amount, returned_amount, quantity, line_count, is_purchase = 1 AS bought,
        is_return = 1 OR returned_amount > 0 AS returned,
        lead(order_day) OVER w AS before, dense_rank() OVER w AS place, first_value(order_day) OVER w AS last_day,
        last_value(order_day) OVER (w ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS first_day
    FROM orders WHERE order_day < {cutoff}
    WINDOW w AS (PARTITION BY customer_id, is_purchase ORDER BY order_day DESC)),
history AS (
    SELECT *, CAST(bought AND (before IS NULL OR before < order_day) AS INTEGER) AS new,
        CASE WHEN bought AND before < order_day THEN order_day - before END AS gap,
        CAST(bought AND (before IS NULL OR ({cutoff} - 1 - order_day) // {horizon}
            <> ({cutoff} - 1 - before) // {horizon}) AS INTEGER) AS starts
    FROM placed)
"""


def _sums(cutoff: int, horizon: int) -> dict[str, str]:
    """Return each sum by its name: what is added, and where."""
    past = "order_day >= {}".format
    sums = {
        "order_count": "bought",
        "purchase_day_count": "new",
        "active_horizon_count": "starts",
        "net_amount": "amount",
        "total_amount": "CASE WHEN bought THEN amount ELSE 0 END",
        "first_day_amount": "CASE WHEN bought AND order_day = first_day THEN amount ELSE 0 END",
        "last_day_amount": "CASE WHEN bought AND place = 1 THEN amount ELSE 0 END",
        "gap_days_squared_sum": "gap * gap",
        "gaps_shorter_than_silence": f"coalesce(last_day + gap < {cutoff}, false)",
        "gaps_ending_in_outcome": f"coalesce(last_day + gap BETWEEN {cutoff} AND {cutoff + horizon - 1}, false)",
        "gaps_within_horizon": f"coalesce(gap <= {horizon}, false)",
        "line_count": "CASE WHEN bought THEN line_count ELSE 0 END",
        "last_day_line_count": "CASE WHEN bought AND place = 1 THEN line_count ELSE 0 END",
        "item_count": "CASE WHEN bought THEN quantity ELSE 0 END",
        "return_count": "returned",
        "return_count_last_90d": f"returned AND {past(cutoff - 90)}",
        "returned_amount": "returned_amount",
        "returned_amount_last_90d": f"CASE WHEN {past(cutoff - 90)} THEN returned_amount ELSE 0 END",
    }
    for count in (4, 12):
        day = cutoff - count * horizon
        sums[f"active_horizon_count_last_{count}_horizons"] = f"CASE WHEN {past(day)} THEN starts ELSE 0 END"
    for days in (30, 90, 365):
        since = past(cutoff - days)
        sums[f"order_count_last_{days}d"] = f"bought AND {since}"
        sums[f"total_amount_last_{days}d"] = f"CASE WHEN bought AND {since} THEN amount ELSE 0 END"
    return (
        sums
        | {name: f"CASE WHEN {condition} THEN new ELSE 0 END" for name, condition in _days(cutoff, horizon).items()}
        | {
            f"total_amount_{name}": f"CASE WHEN bought AND {_between(cutoff, horizon, *edges)} THEN amount ELSE 0 END"
            for name, edges in {"last_horizon": (0, 2), "horizon_before_last": (2, 4)}.items()
        }
    )


def _between(cutoff: int, horizon: int, nearest: int, farthest: int) -> str:
    near, far = ((half * horizon + 1) // 2 for half in (nearest, farthest))
    return f"order_day >= {cutoff - far} AND order_day < {cutoff - near}"


def _days(cutoff: int, horizon: int) -> dict[str, str]:
    """Return the windows in which purchase days are counted."""
    windows = {
        "last_half_horizon": (0, 1),
        "last_horizon": (0, 2),
        "horizon_before_last": (2, 4),
        "third_last_horizon": (4, 6),
        "fourth_last_horizon": (6, 8),
        "last_4_horizons": (0, 8),
        "4_horizons_before_last_4": (8, 16),
    }
    weekdays = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    found = {
        f"purchase_day_count_last_{days}d": f"order_day >= {cutoff - days}" for days in (7, 14, 30, 60, 90, 180, 365)
    }
    found |= {f"purchase_day_count_{name}": _between(cutoff, horizon, *edges) for name, edges in windows.items()}
    found |= {f"{name}_purchase_day_count": f"(order_day + 3) % 7 = {k}" for k, name in enumerate(weekdays)}
    for margin, suffix in ((0, ""), (15, "_wide")):
        for years, words in ((1, "1_year_ago"), (2, "2_years_ago")):
            start, end = cutoff - 365 * years - margin, cutoff + horizon - 365 * years + margin
            found[f"season_purchase_day_count_{words}{suffix}"] = f"order_day >= {start} AND order_day < {end}"
        last, width = cutoff + horizon + margin - 366, min(horizon + 2 * margin, 365)
        condition = f"order_day <= {last} AND ({last} - order_day) % 365 < {width}"
        found[f"season_purchase_day_count{suffix}"] = condition
    return found


def _others() -> dict[str, str]:
    amounts, items = (f"CASE WHEN bought THEN {name} END" for name in ("amount", "quantity"))
    gaps = "quantile_cont(gap, [0.25, 0.5, 0.75, 0.875])"
    spent = f"quantile_cont({amounts}, [0.25, 0.5, 0.75])"
    last = ("last", "second_last", "third_last", "fourth_last")
    return {
        "first_purchase_day": "min(CASE WHEN bought THEN order_day END)",
        "last_purchase_day": "max(CASE WHEN bought THEN order_day END)",
        "min_order_amount": f"min({amounts})",
        "max_order_amount": f"max({amounts})",
        "min_gap_days": "min(gap)",
        "max_gap_days": "max(gap)",
        "max_order_line_count": "max(CASE WHEN bought THEN line_count END)",
        "last_return_day": "max(CASE WHEN returned THEN order_day END)",
        "median_order_item_count": f"median({items})",
        **{f"{name}_gap_days": f"max(CASE WHEN place = {k} THEN gap END)" for k, name in enumerate(last, start=1)},
        **{f"{name}_gap_days": f"{gaps}[{k}]" for k, name in enumerate(
            ("lower_quartile", "median", "upper_quartile", "upper_octile"), start=1)},
        **{f"{name}_order_amount": f"{spent}[{k}]" for k, name in enumerate(
            ("lower_quartile", "median", "upper_quartile"), start=1)},
    }  # fmt: skip


def features_sql(cutoff: int, *, lookback: int, horizon: int) -> str:
    """Return the query: one row for each customer of the base, sorted."""
    sums = {
        name: f"CAST(coalesce(sum({_as_number(value)}), 0) AS BIGINT)" for name, value in _sums(cutoff, horizon).items()
    }
    columns = ", ".join(f"{value} AS {name}" for name, value in (sums | _others()).items())
    history = _HISTORY.format(cutoff=cutoff, horizon=horizon)
    return (
        f"{history} SELECT customer_id, {columns} FROM history GROUP BY 1 "
        f"HAVING last_purchase_day >= {cutoff - lookback} ORDER BY 1"
    )


def _as_number(value: str) -> str:
    is_condition = value in ("bought", "returned") or value.startswith(("coalesce", "bought AND", "returned AND"))
    return f"CAST({value} AS INTEGER)" if is_condition else value
