"""What a point of retention is worth in this shop, and what the folklore says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from churnrisk.engines import Arrays
from churnrisk.errors import NotEnoughData, SettingsError
from churnrisk.retention.definitions import Definition, divide
from churnrisk.retention.histories import OrderLog, follow_customers, map_orders, read_rows, split_rows
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import YEAR, date_of

DEFINITIONS = (
    Definition(
        "value_of_a_point",
        "a point is worth",
        "currency",
        "profit over the years with every cohort's yearly retention one point higher, less the profit without",
        "Each year keeps its share of last year's customers, those in their first year apart from older ones, and as "
        "many new ones join as in the last year of the log. Profit = customers x revenue x margin - new x acquisition "
        "cost, discounted to the middle of each year. What it costs to raise retention is not in it.",
        "Calculators on the web use one retention rate for all, and no discount.",
        "Gupta, S. & Lehmann, D. (2003), Customers as assets, J. Interactive Marketing 17(1)",
    ),
)

REICHHELD_SASSER = (
    "Reichheld, F. & Sasser, W. E. (1990), Zero Defections: Quality Comes to Services, Harvard Business Review "
    "68(5), 105-111"
)

FOLKLORE = (
    {
        "claim": "Five per cent more retention brings 25 to 95 per cent more profit.",
        "source": REICHHELD_SASSER,
        "what_it_is": "The article gives 85 % for a bank's branches, 50 % for an insurance brokerage, 30 % for a chain "
        "of car services: the value of a customer by years of stay, in businesses with contracts. The range of 25 to "
        "95 % is a later retelling, and no shop was among them.",
    },
    {
        "claim": "To win a customer costs five to seven times as much as to keep one.",
        "source": "repeated since the 1980s without a study that could be checked",
        "what_it_is": "It compares the cost of two different things: nobody has to be won twice, and most who stay "
        "would have stayed at no cost.",
    },
)


@dataclass(frozen=True)
class ShopYear:
    """The last year of a shop, as the simulation needs it.

    Parameters
    ----------
    young, old : int
        Customers active at its end who first bought within it, and earlier.
    young_retention, old_retention : float
        Share still active at its end, of those active a year before, by whether they were in their first year then;
        the share of all for both, where the log has less than three years.
    young_revenue, old_revenue : float
        Net revenue of the year per customer active at its end.
    one_rate_because : str
        Why one retention rate stands for both; empty where each has its own.
    """

    young: int
    old: int
    young_retention: float
    old_retention: float
    young_revenue: float
    old_revenue: float
    one_rate_because: str = ""


@dataclass(frozen=True)
class Terms:
    """Margin, cost of winning a customer, discount rate of a year, and years to look ahead."""

    margin: float
    acquisition_cost: float = 0.0
    discount: float = 0.1
    years: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.margin <= 1:
            raise SettingsError(f"--margin {self.margin}: give the share of revenue that is profit, such as 0.35.")
        if self.acquisition_cost < 0:
            raise SettingsError(f"--acquisition-cost {self.acquisition_cost}: a cost is not below 0.")
        if not 0 <= self.discount < 10:
            raise SettingsError(f"--discount {self.discount}: give a rate a year of 0 or more, such as 0.1 for 10 %.")
        if not 1 <= self.years <= 50:
            raise SettingsError(f"--years {self.years}: give 1 to 50 years.")


@dataclass(frozen=True)
class Economics:
    """What more retention is worth.

    Parameters
    ----------
    as_of : int
        End of the year that was measured.
    year : ShopYear
        The shop's own figures.
    terms : Terms
        What it was computed under.
    profit : float
        Of the years ahead, discounted, as things are.
    profit_one_point, profit_five_points : float
        The same with yearly retention one and five points higher.
    """

    as_of: int
    year: ShopYear
    terms: Terms
    profit: float
    profit_one_point: float
    profit_five_points: float

    @property
    def value_of_a_point(self) -> float:
        """Discounted profit that one more point of yearly retention brings."""
        return self.profit_one_point - self.profit

    @property
    def five_point_gain(self) -> float | None:
        """Share by which five more points raise profit; None where there is no profit to raise."""
        return divide(self.profit_five_points - self.profit, self.profit)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "as_of": date_of(self.as_of).isoformat(),
            **asdict(self.terms),
            **asdict(self.year),
            "profit": self.profit,
            "value_of_a_point": self.value_of_a_point,
            "five_point_gain": self.five_point_gain,
            "folklore": [dict(one) for one in FOLKLORE],
        }


def estimate_economics(log: OrderLog, terms: Terms) -> Economics:
    """Estimate what one more point of yearly retention is worth, from the log's own last year.

    Simulated over cohorts, year by year. Not to be used where the last year was unlike those to come.

    Raises
    ------
    NotEnoughData
        Less than two years of log, no amounts, or nobody to keep.
    """
    if not log.has_amounts:
        raise NotEnoughData("the log has no amounts, so retention has no value in money here.", code="data.no_amounts")
    if log.last_day + 1 - log.first_day < 2 * YEAR:
        raise NotEnoughData(
            f"two years of log are needed, one to see which customers were there, one to see which stayed; there "
            f"are {log.last_day + 1 - log.first_day} days.",
            code="data.log_too_short",
        )
    year = measure_year(log)
    profits = [simulate_profit(year, terms, extra=points / 100) for points in (0, 1, 5)]
    return Economics(log.last_day + 1, year, terms, *profits)


def measure_year(log: OrderLog) -> ShopYear:
    """Measure the last year of the log in one pass."""
    end = log.last_day + 1
    total = np.zeros(8, np.int64)
    for part in map_orders(log, partial(count_year, end), until=log.last_day):
        total += part["counts"]
    young_before, young_kept, old_before, old_kept, young, old, young_revenue, old_revenue = total.tolist()
    rates = divide(young_kept, young_before), divide(old_kept, old_before)
    everybody = divide(young_kept + old_kept, young_before + old_before)
    if everybody is None:
        raise NotEnoughData(
            f"nobody was active at {date_of(end - YEAR)}, a year before the end of the log.", code="data.nobody_active"
        )
    # With less than a third year before, nobody can be told to be older than a year at the start of the last one.
    is_known = log.last_day + 1 - log.first_day >= 3 * YEAR
    reason = ""
    if not is_known:
        reason = (
            f"the log has {log.last_day + 1 - log.first_day:,} days; with less than three years nobody can be told to "
            "have been a customer for more than a year when the last year began"
        )
    elif None in rates:
        kind = "older customers" if rates[0] is None else "in their first year"
        reason = f"all who were active a year before the end of the log were {kind}"
    young_rate, old_rate = (everybody if rate is None or not is_known else rate for rate in rates)
    means = (young_revenue / MONEY_SCALE / max(young, 1), old_revenue / MONEY_SCALE / max(old, 1))
    return ShopYear(young, old, young_rate, old_rate, *means, reason)


def count_year(end: int, batch: Arrays) -> Arrays:
    """Count, in a batch of whole customers, those of a year before the end, those that stayed, and what they spent."""
    counts = np.zeros(8, np.int64)
    cuts = np.array([end - YEAR, end], np.int64)
    for rows in split_rows(read_rows(batch), len(cuts)):
        seen = follow_customers(rows, cuts)
        before, after = seen.active(0, end - YEAR, YEAR), seen.active(1, end, YEAR)
        was_young = seen.first_day(end - YEAR) >= end - 2 * YEAR
        is_young = seen.first_day(end) >= end - YEAR
        spent = seen.revenue[1] - seen.revenue[0]
        sets = (
            *(before & was_young, before & was_young & after, before & ~was_young, before & ~was_young & after),
            *(after & is_young, after & ~is_young),
        )
        counts += [*(int(one.sum()) for one in sets), *(int(spent[one].sum()) for one in sets[-2:])]
    return {"counts": counts}


def simulate_profit(year: ShopYear, terms: Terms, *, extra: float = 0.0) -> float:
    """Simulate the customer base year by year, and give the discounted profit.

    Parameters
    ----------
    year : ShopYear
        Where it starts.
    terms : Terms
        Margin, cost of winning a customer, discount, years.
    extra : float
        Added to the yearly retention of every cohort, which stays at 1 at most.
    """
    young_rate, old_rate = (min(1.0, rate + extra) for rate in (year.young_retention, year.old_retention))
    young, old, profit = float(year.young), float(year.old), 0.0
    for k in range(terms.years):
        young, old = float(year.young), young * young_rate + old * old_rate
        revenue = young * year.young_revenue + old * year.old_revenue
        gained = revenue * terms.margin - young * terms.acquisition_cost
        profit += gained / (1 + terms.discount) ** (k + 0.5)
    return profit
