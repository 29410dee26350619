"""The tables of first products: by item, by category, by the size and by the month of the first basket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from churnrisk.products.first import (
    FALSE_SHARE,
    LEAST_BUYERS,
    FirstBaskets,
    chance_to_see,
    find_first_baskets,
    interval,
    let_through,
    needed_z,
    p_value,
    score_within_strata,
)
from churnrisk.products.items import NO_CHOICE, ItemAccount, ItemChoice, PairDays, ProductLog, read_pair_days
from churnrisk.products.stopping import Stopping, find_stopping
from churnrisk.schema import Column, ItemUnit
from churnrisk.tables import Table
from churnrisk.timeline import date_of
from churnrisk.types import Floats

FIRST_COLUMNS = (
    Column("product_id", "text", "id", "the product, or the category with `--unit category`"),
    Column("name", "text", "name", "the most frequent description before the day; empty where the log has none"),
    Column("category", "text", "name", "the most frequent category; empty where the log has none"),
    Column("first_buyers", "whole", "customers", "first baskets with it, after the burn-in, whose horizon is known"),
    Column("return_rate", "float", "share", "share of them that bought anything again within the horizon"),
    Column("return_rate_from", "float", "share", "lower end of its 95 % interval"),
    Column("return_rate_to", "float", "share", "upper end of its 95 % interval"),
    Column("expected_rate", "float", "share", "the same share of first baskets of the same month and size"),
    Column("difference", "float", "share", "`return_rate` less `expected_rate`"),
    Column("p_value", "float", "probability", "chance of such a difference where the product makes none"),
    Column("verdict", "text", "word", "more, less, or not told apart, after the correction for many comparisons"),
    Column("repeat_buyers", "whole", "customers", "all buyers of it whose horizon after their first purchase is known"),
    Column("repeat_rate", "float", "share", "share of them that bought it again within the horizon"),
    Column("second_orders", "whole", "customers", "second baskets with it, of the first buyers that came back"),
)
"""The columns of ``churnrisk products first``."""

NOT_TOLD_APART = "not told apart"
DIFFERENCES = (0.1, 0.2)


@dataclass(frozen=True)
class FirstList:
    """What first baskets hold and how many customers come back.

    Parameters
    ----------
    as_of, horizon, burn_in : int
        The first day that is not known; days in which a customer may come back; days left out at the log's start.
    unit : {"product", "category"}
        What an item is.
    first_buyers : int
        Customers whose first basket counts.
    return_rate : float
        Share of them that came back.
    items, categories, sizes, months : Table
        Items and categories as :data:`FIRST_COLUMNS`, the most first buyers first; sizes and months with
        ``first_buyers``, ``return_rate`` and its interval.
    second_order : str
        The item that most second baskets hold.
    power : tuple of tuple
        Buyers, a difference, and the chance that it is told apart.
    stopping : Table or None
        Items by how much faster their regulars stop than a year ago; None where the log is too short.
    stopping_days : int
        Days without a purchase after which a regular has stopped.
    account : ItemAccount
        What was left out of the rows.
    """

    as_of: int
    horizon: int
    burn_in: int
    unit: ItemUnit
    first_buyers: int
    return_rate: float
    items: Table
    categories: Table
    sizes: Table
    months: Table
    second_order: str
    power: tuple[tuple[int, float, float], ...]
    stopping: Table | None
    stopping_days: int
    account: ItemAccount

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        power = [{"buyers": n, "difference": gap, "chance_told_apart": chance} for n, gap, chance in self.power]
        return {
            "as_of": date_of(self.as_of).isoformat(),
            "unit": self.unit,
            "horizon_days": self.horizon,
            "burn_in_days": self.burn_in,
            "first_buyers": self.first_buyers,
            "return_rate": self.return_rate,
            "false_share": FALSE_SHARE,
            "items": self.items.records(),
            "categories": self.categories.records(),
            "sizes": self.sizes.records(),
            "months": self.months.records(),
            "most_second_orders": self.second_order,
            "power": power,
            "stopping_days": self.stopping_days,
            "stopping": None if self.stopping is None else self.stopping.records(),
            "left_out": self.account.to_dict(),
        }


def compare_first(
    log: ProductLog,
    *,
    as_of: int | None = None,
    unit: ItemUnit = "product",
    choice: ItemChoice = NO_CHOICE,
    horizon: int | None = None,
    burn_in: int | None = None,
) -> FirstList:
    """Compare what customers bought first by how many came back.

    Parameters
    ----------
    log : ProductLog
        Orders that were read with ``IntakeOptions(products=True)``.
    as_of : int, optional
        The first day that is not known; by default the day after the last order.
    unit : {"product", "category"}
        What an item is.
    choice : ItemChoice
        Codes that are no products, or are some, whatever the evidence says.
    horizon, burn_in : int, optional
        As for :func:`churnrisk.products.first.find_first_baskets`.

    Raises
    ------
    ColumnError
        Where the log names no products, or no categories.
    NotEnoughData
        Where fewer than 200 first baskets can be compared.
    """
    cutoff = log.last_day + 1 if as_of is None else as_of
    return list_first(read_pair_days(log, cutoff, unit=unit, choice=choice), horizon=horizon, burn_in=burn_in)


def list_first(pairs: PairDays, *, horizon: int | None = None, burn_in: int | None = None) -> FirstList:
    """Compare first baskets of pairs; as :func:`compare_first` for the rest."""
    first = find_first_baskets(pairs, horizon=horizon, burn_in=burn_in)
    share = float(first.came_back.mean())
    second = _count_second(pairs, first)
    compared = compare_items(first.baskets, first)
    repeats = _repeats(pairs, first.horizon)
    items = _item_table(pairs, compared, repeats, second)
    most = int(np.argmax(second)) if second.any() else None
    stopping = find_stopping(pairs, first.horizon)
    return FirstList(
        pairs.cutoff,
        first.horizon,
        first.burn_in,
        pairs.unit,
        len(first.customer),
        share,
        items,
        _category_table(pairs, first),
        _size_table(first),
        _month_table(first),
        "" if most is None else pairs.items[most],
        _say_power(compared, share),
        None if stopping is None else _stopping_table(pairs, stopping),
        first.horizon,
        pairs.account,
    )


@dataclass(frozen=True)
class Compared:
    """Items with first buyers enough, each against the other first baskets of its strata, most buyers first.

    Parameters
    ----------
    item, buyers, back, expected, p_values, found : ndarray, shape (n,)
        Place, first buyers, those that came back, how many were expected to, p value, and whether it is told apart.
    """

    item: NDArray[np.intp]
    buyers: Floats
    back: Floats
    expected: Floats
    p_values: Floats
    found: NDArray[np.bool_]


def compare_items(baskets: sparse.csr_matrix, first: FirstBaskets) -> Compared:
    """Compare the items of baskets that have first buyers enough."""
    count = np.asarray(baskets.sum(axis=0)).ravel()
    item = np.flatnonzero(count >= LEAST_BUYERS)
    item = item[np.lexsort((item, -count[item]))]
    back = first.came_back.astype(float)[:, None]
    z, seen, expected = score_within_strata(sparse.csr_matrix(baskets[:, item]), back, first.stratum)
    p_values = p_value(z[:, 0])
    return Compared(item, count[item].astype(float), seen[:, 0], expected[:, 0], p_values, let_through(p_values))


def _rates(back: Floats, buyers: Floats) -> dict[str, Floats]:
    low, high = interval(back, buyers)
    return {"return_rate": back / buyers, "return_rate_from": low, "return_rate_to": high}


def _verdicts(compared: Compared) -> list[str]:
    more = compared.back > compared.expected
    return [
        NOT_TOLD_APART if not found else ("more" if is_more else "less")
        for found, is_more in zip(compared.found, more, strict=True)
    ]


def _compared_columns(compared: Compared) -> dict[str, Any]:
    rates = _rates(compared.back, compared.buyers)
    expected = compared.expected / compared.buyers
    return {
        "first_buyers": compared.buyers.astype(np.int64),
        **rates,
        "expected_rate": expected,
        "difference": rates["return_rate"] - expected,
        "p_value": compared.p_values,
        "verdict": _verdicts(compared),
    }


def _item_table(
    pairs: PairDays, compared: Compared, repeats: tuple[NDArray[np.int64], NDArray[np.int64]], second: NDArray[np.int64]
) -> Table:
    ids = [pairs.items[place] for place in compared.item]
    buyers, again = (counts[compared.item] for counts in repeats)
    columns: dict[str, Any] = {
        "product_id": ids,
        "name": [pairs.names.get(one, "") for one in ids],
        "category": [pairs.categories.get(one, "") for one in ids],
        **_compared_columns(compared),
        "repeat_buyers": buyers,
        "repeat_rate": np.where(buyers > 0, again / np.maximum(buyers, 1), np.nan),
        "second_orders": second[compared.item],
    }
    return Table(columns)


def _category_table(pairs: PairDays, first: FirstBaskets) -> Table:
    """Compare the categories of products; of categories themselves there are none above them."""
    names = sorted({one for one in pairs.categories.values() if one}) if pairs.unit == "product" else []
    place = {name: number for number, name in enumerate(names)}
    known = [
        (row, place[pairs.categories[one]]) for row, one in enumerate(pairs.items) if pairs.categories[one] in place
    ]
    rows, columns = ([pair[side] for pair in known] for side in (0, 1))
    belongs = sparse.csr_matrix((np.ones(len(known)), (rows, columns)), shape=(len(pairs.items), len(names)))
    baskets = sparse.csr_matrix((first.baskets @ belongs) > 0, dtype=float)
    compared = compare_items(baskets, first)
    return Table({"category": [names[one] for one in compared.item], **_compared_columns(compared)})


def _size_table(first: FirstBaskets) -> Table:
    bounds = np.unique(np.quantile(first.size, (0.2, 0.4, 0.6, 0.8)))
    group = np.searchsorted(bounds, first.size)
    return _grouped(first, group, "items", lambda mine: f"{first.size[mine].min()} to {first.size[mine].max()}")


def _month_table(first: FirstBaskets) -> Table:
    months = np.array([date_of(int(day)).isoformat()[:7] for day in first.day])
    names, group = np.unique(months, return_inverse=True)
    return _grouped(first, group, "month", lambda mine: str(names[group[mine[0]]]))


def _grouped(first: FirstBaskets, group: NDArray[np.intp], what: str, name: Any) -> Table:
    places = [np.flatnonzero(group == one) for one in np.unique(group)]
    buyers = np.array([len(mine) for mine in places], float)
    back = np.array([first.came_back[mine].sum() for mine in places], float)
    names = [name(mine) for mine in places]
    columns: dict[str, Any] = {what: names, "first_buyers": buyers.astype(np.int64), **_rates(back, buyers)}
    return Table(columns)


def _repeats(pairs: PairDays, horizon: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count by item its buyers whose horizon after their first purchase is known, and those that bought it again."""
    new = (pairs.customer[1:] != pairs.customer[:-1]) | (pairs.item[1:] != pairs.item[:-1])
    is_first = np.append(True, new)
    starts = np.flatnonzero(is_first)
    following = np.append(~is_first[1:], False)[starts]
    gap = np.where(following, np.append(np.diff(pairs.day), 0)[starts], horizon)
    known = pairs.day[starts] + horizon <= pairs.cutoff
    item, size = pairs.item[starts], len(pairs.items)
    again = known & (gap < horizon)
    return np.bincount(item[known], minlength=size), np.bincount(item[again], minlength=size)


def _count_second(pairs: PairDays, first: FirstBaskets) -> NDArray[np.int64]:
    """Count by item the second baskets that hold it, of the customers that came back."""
    start = np.full(len(pairs.customers), pairs.cutoff)
    start[first.customer[first.came_back]] = first.day[first.came_back]
    after = np.flatnonzero(pairs.day > start[pairs.customer])
    second = np.full(len(pairs.customers), pairs.cutoff)
    np.minimum.at(second, pairs.customer[after], pairs.day[after])
    held = after[pairs.day[after] == second[pairs.customer[after]]]
    return np.bincount(pairs.item[held], minlength=len(pairs.items))


def _say_power(compared: Compared, share: float) -> tuple[tuple[int, float, float], ...]:
    """Return the chance to tell apart products of the fewest, the usual and the most buyers."""
    if not len(compared.item):
        return ()
    threshold = needed_z(compared.p_values, compared.found)
    sizes = sorted({int(np.quantile(compared.buyers, one)) for one in (0, 0.5, 1)})
    return tuple((n, gap, chance_to_see(-gap, n, share, threshold)) for n in sizes for gap in DIFFERENCES)


def _stopping_table(pairs: PairDays, stopping: Stopping) -> Table:
    ids = [pairs.items[place] for place in stopping.columns["item"]]
    verdict = [
        NOT_TOLD_APART if not found else ("faster" if gap > 0 else "slower")
        for found, gap in zip(stopping.columns["is_told_apart"], stopping.columns["difference"], strict=True)
    ]
    left_out = ("item", "is_told_apart")
    numbers: Mapping[str, Any] = {name: values for name, values in stopping.columns.items() if name not in left_out}
    return Table({"product_id": ids, "name": [pairs.names.get(one, "") for one in ids], **numbers, "verdict": verdict})
