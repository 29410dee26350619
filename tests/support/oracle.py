"""Every feature and label once more, slowly, in plain Python: one customer at a time, by loops over dates.

Nothing here is taken from the package but the catalogue's names, so that a mistake must be made twice to go unseen.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from churnrisk.timeline import Snapshot
from support.logs import Order, PlainLog

NAN = math.nan


@dataclass(frozen=True)
class Customer:
    """The past of one customer, seen from a cutoff."""

    orders: list[Order]
    lines: list[dict[str, Any]]
    cutoff: int
    horizon: int
    lead: int
    has_amounts: bool

    @cached_property
    def purchases(self) -> list[Order]:
        return [order for order in self.orders if order.bought(self.cutoff)]

    @cached_property
    def days(self) -> list[int]:
        return sorted({order.order_day for order in self.purchases})

    @cached_property
    def gaps(self) -> list[int]:
        return [later - earlier for earlier, later in zip(self.days, self.days[1:], strict=False)]

    @cached_property
    def returns(self) -> list[Order]:
        return [order for order in self.orders if order.is_return or order.returned_amount > 0]

    @property
    def silence(self) -> int:
        return self.cutoff - self.days[-1]

    @property
    def tenure(self) -> int:
        return self.cutoff - self.days[0]

    @property
    def total(self) -> float:
        return sum(order.amount for order in self.purchases) / 10_000

    def days_from(self, farthest: int, nearest: int = 0) -> int:
        """Purchase days of which the cutoff is more than ``nearest`` and at most ``farthest`` days away."""
        return sum(1 for day in self.days if nearest < self.cutoff - day <= farthest)

    def orders_from(self, farthest: int) -> int:
        return sum(1 for order in self.purchases if self.cutoff - order.order_day <= farthest)

    def amount_from(self, farthest: int, nearest: int = 0) -> float:
        chosen = [o.amount for o in self.purchases if nearest < self.cutoff - o.order_day <= farthest]
        return sum(chosen) / 10_000

    def days_of_season(self, years: int, margin: int = 0) -> int:
        start = self.cutoff + self.lead - 365 * years - margin
        window = range(start, start + self.horizon + 2 * margin)
        return sum(1 for day in self.days if day in window)

    def days_of_all_seasons(self, margin: int = 0) -> int:
        start = self.cutoff + self.lead - margin
        years = [range(start - 365 * k, start + self.horizon + 2 * margin - 365 * k) for k in range(1, 8)]
        return sum(1 for day in self.days if any(day in year for year in years))

    def weekdays(self) -> Counter[int]:
        return Counter((day + 3) % 7 for day in self.days)

    @cached_property
    def bought_lines(self) -> list[dict[str, Any]]:
        return [r for r in self.lines if (r["amount"] > 0 if self.has_amounts else r["quantity"] >= 0)]

    def products(self) -> dict[str, list[int]]:
        return self._days_by("product_id")

    def categories(self) -> dict[str, list[int]]:
        return self._days_by("category")

    def _days_by(self, column: str) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for row in self.bought_lines:
            if row[column]:
                found.setdefault(row[column], []).append(row["order_day"])
        return found


def over(numerator: float, denominator: float) -> float:
    """Divide, NaN where that cannot be."""
    return numerator / denominator if denominator else NAN


def of_any(values: Iterable[float], function: Callable[[list[float]], float]) -> float:
    """Apply a function to values, NaN where there are none."""
    listed = list(values)
    return float(function(listed)) if listed else NAN


def quantile(values: list[float], share: float) -> float:
    """The usual linear quantile."""
    ordered = sorted(values)
    position = share * (len(ordered) - 1)
    low = math.floor(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def _deviation(c: Customer) -> float:
    return statistics.stdev(c.gaps) if len(c.gaps) > 1 else NAN


def _mean_gap(c: Customer) -> float:
    return of_any(c.gaps, statistics.fmean)


def _half(c: Customer, halves: int) -> int:
    return math.ceil(halves * c.horizon / 2)


def _between_halves(c: Customer, nearest: int, farthest: int) -> int:
    return c.days_from(_half(c, farthest), _half(c, nearest))


def _possible_gaps(c: Customer) -> list[int]:
    return [gap for gap in c.gaps if gap >= c.silence]


def _returning_gaps(c: Customer) -> list[int]:
    first = c.silence + c.lead
    return [gap for gap in c.gaps if first <= gap < first + c.horizon]


def _season_share(c: Customer) -> float:
    if c.days[0] >= c.cutoff + c.lead + c.horizon - 365:
        return NAN
    return over(c.days_of_all_seasons(), len(c.days))


def _last_day_sum(c: Customer, attribute: str) -> float:
    total: float = sum(getattr(order, attribute) for order in c.purchases if order.order_day == c.days[-1])
    return total


def _day_mean(c: Customer, attribute: str) -> float:
    total: float = sum(getattr(order, attribute) for order in c.purchases)
    return total / len(c.days)


def _active_horizons(c: Customer, last: int = 10_000) -> int:
    stretches = {(c.cutoff - day - 1) // c.horizon for day in c.days}
    return sum(1 for stretch in stretches if stretch < last)


def _amounts(c: Customer) -> list[float]:
    return [order.amount / 10_000 for order in c.purchases]


def _top_share(groups: dict[str, list[int]]) -> float:
    return over(max(map(len, groups.values()), default=0), sum(map(len, groups.values())))


def _entropy(counts: Counter[int]) -> float:
    total = sum(counts.values())
    return -sum(n / total * math.log2(n / total) for n in counts.values())


ORACLES: dict[str, Callable[[Customer], float]] = {
    # recency
    "days_since_last_order": lambda c: c.silence,
    "tenure_days": lambda c: c.tenure,
    "days_from_first_to_last_order": lambda c: c.days[-1] - c.days[0],
    "silence_tenure_share": lambda c: c.silence / c.tenure,
    # frequency
    "order_count": lambda c: len(c.purchases),
    "purchase_day_count": lambda c: len(c.days),
    "orders_per_purchase_day_ratio": lambda c: len(c.purchases) / len(c.days),
    "purchase_day_rate": lambda c: len(c.days) / c.tenure * 30,
    "repeat_purchase_day_rate": lambda c: over((len(c.days) - 1) * 30, c.days[-1] - c.days[0]),
    "active_horizon_count": _active_horizons,
    "active_horizon_share": lambda c: _active_horizons(c) / math.ceil(c.tenure / c.horizon),
    **{f"active_horizon_count_last_{k}_horizons": lambda c, k=k: _active_horizons(c, k) for k in (4, 12)},  # type: ignore[misc]
    **{f"purchase_day_count_last_{w}d": lambda c, w=w: c.days_from(w) for w in (7, 14, 30, 60, 90, 180, 365)},  # type: ignore[misc]
    **{f"order_count_last_{w}d": lambda c, w=w: c.orders_from(w) for w in (30, 90, 365)},  # type: ignore[misc]
    # monetary
    "total_amount": lambda c: c.total,
    "net_amount": lambda c: sum(order.amount for order in c.orders) / 10_000,
    "mean_order_amount": lambda c: statistics.fmean(_amounts(c)),
    "min_order_amount": lambda c: min(_amounts(c)),
    "median_order_amount": lambda c: statistics.median(_amounts(c)),
    "max_order_amount": lambda c: max(_amounts(c)),
    "first_day_amount": lambda c: sum(o.amount for o in c.purchases if o.order_day == c.days[0]) / 10_000,
    "last_day_amount": lambda c: _last_day_sum(c, "amount") / 10_000,
    **{f"total_amount_last_{w}d": lambda c, w=w: c.amount_from(w) for w in (30, 90, 365)},  # type: ignore[misc]
    "amount_rate": lambda c: c.total / c.tenure * 30,
    "max_order_amount_share": lambda c: max(_amounts(c)) / c.total,
    "quartile_spread_amount_ratio": lambda c: (
        (quantile(_amounts(c), 0.75) - quantile(_amounts(c), 0.25)) / statistics.median(_amounts(c))
    ),
    "last_day_amount_ratio": lambda c: over(_last_day_sum(c, "amount"), _day_mean(c, "amount")),
    # rhythm
    "mean_gap_days": _mean_gap,
    "min_gap_days": lambda c: of_any(c.gaps, min),
    "lower_quartile_gap_days": lambda c: of_any(c.gaps, lambda gaps: quantile(gaps, 0.25)),
    "median_gap_days": lambda c: of_any(c.gaps, statistics.median),
    "upper_quartile_gap_days": lambda c: of_any(c.gaps, lambda gaps: quantile(gaps, 0.75)),
    "upper_octile_gap_days": lambda c: of_any(c.gaps, lambda gaps: quantile(gaps, 0.875)),
    "max_gap_days": lambda c: of_any(c.gaps, max),
    "last_gap_days": lambda c: of_any(c.gaps, lambda gaps: gaps[-1]),
    "second_last_gap_days": lambda c: c.gaps[-2] if len(c.gaps) > 1 else NAN,
    "third_last_gap_days": lambda c: c.gaps[-3] if len(c.gaps) > 2 else NAN,
    "fourth_last_gap_days": lambda c: c.gaps[-4] if len(c.gaps) > 3 else NAN,
    "std_gap_days": _deviation,
    "gap_variation_ratio": lambda c: _deviation(c) / _mean_gap(c),
    "overdue_mean_gap_ratio": lambda c: c.silence / _mean_gap(c),
    "overdue_median_gap_ratio": lambda c: c.silence / of_any(c.gaps, statistics.median),
    "overdue_upper_quartile_gap_ratio": lambda c: c.silence / of_any(c.gaps, lambda gaps: quantile(gaps, 0.75)),
    "overdue_upper_octile_gap_ratio": lambda c: c.silence / of_any(c.gaps, lambda gaps: quantile(gaps, 0.875)),
    "overdue_max_gap_ratio": lambda c: c.silence / of_any(c.gaps, max),
    "overdue_std_gap_ratio": lambda c: over(c.silence - _mean_gap(c), _deviation(c)),
    "gaps_shorter_than_silence_share": lambda c: over(sum(gap < c.silence for gap in c.gaps), len(c.gaps)),
    "gaps_within_horizon_share": lambda c: over(sum(gap <= c.horizon for gap in c.gaps), len(c.gaps)),
    "gap_count_not_outlived": lambda c: len(_possible_gaps(c)),
    "gap_count_ending_in_outcome": lambda c: len(_returning_gaps(c)),
    "own_return_share": lambda c: over(len(_returning_gaps(c)), len(_possible_gaps(c))),
    "last_gap_median_gap_ratio": lambda c: of_any(c.gaps, lambda gaps: gaps[-1] / statistics.median(gaps)),
    # trend
    "purchase_day_count_last_half_horizon": lambda c: _between_halves(c, 0, 1),
    "purchase_day_count_last_horizon": lambda c: c.days_from(c.horizon),
    "purchase_day_count_horizon_before_last": lambda c: c.days_from(2 * c.horizon, c.horizon),
    "purchase_day_count_third_last_horizon": lambda c: c.days_from(3 * c.horizon, 2 * c.horizon),
    "purchase_day_count_fourth_last_horizon": lambda c: c.days_from(4 * c.horizon, 3 * c.horizon),
    "purchase_day_count_last_4_horizons": lambda c: c.days_from(4 * c.horizon),
    "purchase_day_count_4_horizons_before_last_4": lambda c: c.days_from(8 * c.horizon, 4 * c.horizon),
    "total_amount_last_horizon": lambda c: c.amount_from(c.horizon),
    "total_amount_horizon_before_last": lambda c: c.amount_from(2 * c.horizon, c.horizon),
    "last_horizon_purchase_day_share": lambda c: over(c.days_from(c.horizon), c.days_from(2 * c.horizon)),
    "last_4_horizons_purchase_day_share": lambda c: over(c.days_from(4 * c.horizon), c.days_from(8 * c.horizon)),
    "last_horizon_amount_share": lambda c: over(c.amount_from(c.horizon), c.amount_from(2 * c.horizon)),
    "pace_last_90d_ratio": lambda c: c.days_from(90) / (len(c.days) / c.tenure * 90),
    # season
    "season_purchase_day_count_1_year_ago": lambda c: c.days_of_season(1),
    "season_purchase_day_count_2_years_ago": lambda c: c.days_of_season(2),
    "season_purchase_day_count_1_year_ago_wide": lambda c: c.days_of_season(1, 15),
    "season_purchase_day_count_2_years_ago_wide": lambda c: c.days_of_season(2, 15),
    "season_purchase_day_count": lambda c: c.days_of_all_seasons(),
    "season_purchase_day_count_wide": lambda c: c.days_of_all_seasons(15),
    "season_purchase_day_share": _season_share,
    # basket
    "mean_order_line_count": lambda c: statistics.fmean(order.line_count for order in c.purchases),
    "max_order_line_count": lambda c: max(order.line_count for order in c.purchases),
    "last_day_line_count": lambda c: _last_day_sum(c, "line_count"),
    "last_day_line_count_ratio": lambda c: _last_day_sum(c, "line_count") / _day_mean(c, "line_count"),
    "mean_order_item_count": lambda c: statistics.fmean(order.quantity / 10_000 for order in c.purchases),
    "median_order_item_count": lambda c: statistics.median(order.quantity / 10_000 for order in c.purchases),
    "distinct_product_count": lambda c: len(c.products()) or NAN,
    "top_product_share": lambda c: _top_share(c.products()),
    "repeated_product_share": lambda c: over(
        sum(len(set(days)) > 1 for days in c.products().values()), len(c.products())
    ),
    "new_product_share_last_horizon": lambda c: over(
        sum(c.cutoff - min(days) <= c.horizon for days in c.products().values()), len(c.products())
    ),
    "distinct_category_count": lambda c: len(c.categories()) or NAN,
    "top_category_share": lambda c: _top_share(c.categories()),
    "category_concentration_ratio": lambda c: over(
        sum(len(days) ** 2 for days in c.categories().values()), sum(map(len, c.categories().values())) ** 2
    ),
    # of returned goods
    "return_count": lambda c: len(c.returns),
    "return_count_last_90d": lambda c: sum(c.cutoff - order.order_day <= 90 for order in c.returns),
    "return_rate": lambda c: len(c.returns) / len(c.purchases),
    "days_since_last_return": lambda c: of_any((c.cutoff - order.order_day for order in c.returns), min),
    "returned_amount": lambda c: sum(order.returned_amount for order in c.orders) / 10_000,
    "returned_amount_last_90d": lambda c: (
        sum(order.returned_amount for order in c.orders if c.cutoff - order.order_day <= 90) / 10_000
    ),
    "returned_amount_share": lambda c: over(
        sum(order.returned_amount for order in c.orders),
        sum(order.returned_amount for order in c.orders) + c.total * 10_000,
    ),
    # weekday
    "weekend_purchase_day_share": lambda c: (c.weekdays()[5] + c.weekdays()[6]) / len(c.days),
    "top_weekday_share": lambda c: max(c.weekdays().values()) / len(c.days),
    "weekday_count": lambda c: len(c.weekdays()),
    "weekday_entropy_bits": lambda c: _entropy(c.weekdays()),
}


def customers_of(log: PlainLog, snapshot: Snapshot) -> dict[str, Customer]:
    """Return everybody with a purchase before the cutoff, with their past."""
    past = [order for order in log.orders() if order.order_day < snapshot.cutoff]
    lines = [line for line in log.lines() if line["order_day"] < snapshot.cutoff]
    who = sorted({order.customer_id for order in past if order.bought(snapshot.cutoff)})
    return {
        customer: Customer(
            [order for order in past if order.customer_id == customer],
            [line for line in lines if line["customer_id"] == customer],
            snapshot.cutoff,
            snapshot.horizon,
            snapshot.lead,
            log.has_amounts,
        )
        for customer in who
    }


def labels_of(log: PlainLog, snapshot: Snapshot) -> dict[str, int]:
    """Return the customer base with 1 for churned and 0 for not."""
    orders = log.orders()
    observed = range(snapshot.cutoff - snapshot.lookback, snapshot.cutoff)
    awaited_from = snapshot.cutoff + snapshot.lead
    awaited = range(awaited_from, awaited_from + snapshot.horizon)
    base = sorted({one.customer_id for one in orders if one.bought(snapshot.cutoff) and one.order_day in observed})
    back = {one.customer_id for one in orders if one.bought(awaited.stop) and one.order_day in awaited}
    return {customer: int(customer not in back) for customer in base}


def follow_ups_of(
    log: PlainLog, snapshot: Snapshot, windows: tuple[int, ...], until: int
) -> dict[str, tuple[float, ...]]:
    """Return who had bought before the cutoff, with the wait until the next purchase and the net amounts."""
    start = snapshot.cutoff + snapshot.lead
    known = [order for order in log.orders() if order.order_day < until]
    followed = {}
    for customer in sorted({order.customer_id for order in known if order.is_purchase}):
        mine = [order for order in known if order.customer_id == customer]
        if any(order.bought(snapshot.cutoff) for order in mine):
            waits = [order.order_day - start for order in mine if order.bought(until) and order.order_day >= start]
            amounts = [
                sum(order.amount for order in mine if order.order_day in range(start, start + days)) / 10_000
                for days in windows
            ]
            followed[customer] = (float(min(waits)) if waits else float("inf"), *amounts)
    return followed
