"""The list of what is due: a row for each customer and item, with a look back at how such lists came true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np

from churnrisk.errors import NotEnoughData
from churnrisk.products.due import DueModel, fit_due
from churnrisk.products.items import NO_CHOICE, ItemAccount, ItemChoice, PairDays, ProductLog, read_pair_days
from churnrisk.schema import Column, ItemUnit
from churnrisk.tables import Kind, Table
from churnrisk.timeline import date_of
from churnrisk.types import Bools

DUE_COLUMNS = (
    Column("customer_id", "text", "id", "the customer"),
    Column("product_id", "text", "id", "the product, or the category with `--unit category`"),
    Column("name", "text", "name", "the most frequent description before the day; empty where the log has none"),
    Column("usual_gap_days", "float", "days", "geometric mean of the days between the customer's purchases of it"),
    Column("last_bought_on", "text", "date", "day of the last purchase of it"),
    Column("due_on", "text", "date", "day by which half of such pairs have bought it again, of those that do"),
    Column("from_on", "text", "date", "day by which one in ten has, of those that do"),
    Column("to_on", "text", "date", "day by which nine in ten have, of those that do"),
    Column(
        "overdue_days",
        "whole",
        "days",
        "days from `to_on` to the day of the list; 0 where it is not past, or where the "
        "silence is shorter than one and a half usual gaps",
    ),
    Column(
        "comes_again_probability",
        "float",
        "probability",
        "chance that it is bought again within the time told above the list, counted from the last purchase, given "
        "the silence so far; 0 where that time is over",
    ),
)
"""The columns of ``churnrisk products due``."""

RECENT_DAYS = 7
"""Of pairs bought so short a time before the look back the gap to come begins there, whatever its length."""

DECIMALS, PART_ROWS = 9, 100_000


@dataclass(frozen=True)
class LookBack:
    """What a list of an earlier day would have said, and what came of it.

    Parameters
    ----------
    as_of : str
        The earlier day.
    within_days : int
        Days after a last purchase within which the next counts as coming again.
    pairs, expected, came : int, float, float
        Pairs that could still come again, the share that was expected to, and the share that did.
    recent_came, inside : int, float or None
        Pairs bought in the week before that day that came again, and the share of them that did so between ``from_on``
        and ``to_on``, of which 80 % is promised; None where there were none.
    calibration_error : float
        Mean distance of expected from seen shares over ten groups of equal size by chance.
    """

    as_of: str
    within_days: int
    pairs: int
    expected: float
    came: float
    recent_came: int
    inside: float | None
    calibration_error: float


@dataclass(frozen=True)
class DueList:
    """What is due, sorted by customer and item.

    Parameters
    ----------
    as_of : int
        The first day that is not known, as days since 1970-01-01.
    unit : {"product", "category"}
        What an item is.
    within_days : int
        Days after the last purchase within which the next counts as coming again.
    columns : mapping of str to ndarray
        As :data:`DUE_COLUMNS`, with days as numbers, and with ``customer`` and ``item``, places among ``customers`` and
        ``items``, for the ids.
    customers, items : ndarray of object
        Ids.
    names : ndarray of object
        What items are called.
    look_back : LookBack or None
        How an earlier list came true; None where the log is too short for one.
    account : ItemAccount
        What was left out of the rows.
    """

    as_of: int
    unit: ItemUnit
    within_days: int
    columns: Mapping[str, np.ndarray]
    customers: np.ndarray
    items: np.ndarray
    names: np.ndarray
    look_back: LookBack | None
    account: ItemAccount

    def __len__(self) -> int:
        return len(self.columns["customer"])

    def choose(self, places: np.ndarray) -> Table:
        """Return some rows as a table."""
        part = {name: values[places] for name, values in self.columns.items()}
        cells: dict[str, Any] = {
            "customer_id": self.customers[part["customer"]],
            "product_id": self.items[part["item"]],
            "name": self.names[part["item"]],
            "usual_gap_days": np.round(part["usual_gap_days"], 1),
        }
        cells |= {name: _to_dates(part[name]) for name in ("last_bought_on", "due_on", "from_on", "to_on")}
        return Table(cells | {name: part[name] for name in ("overdue_days", "comes_again_probability")})

    def due_soon(self, days: int) -> np.ndarray:
        """Return the places of the pairs that are due, or will be within so many days, the most likely first.

        A pair stays due until it is overdue or given up.
        """
        is_due = self.columns["due_on"] < self.as_of + days
        return self._likely_first(is_due & (self.columns["overdue_days"] == 0) & ~self.is_given_up)

    def overdue(self) -> np.ndarray:
        """Return the places of the pairs that are overdue and not given up, the most likely first."""
        return self._likely_first((self.columns["overdue_days"] > 0) & ~self.is_given_up)

    @property
    def is_given_up(self) -> Bools:
        """Which pairs were not bought for so long that a next purchase would not count as coming again."""
        given_up: Bools = self.columns["comes_again_probability"] == 0
        return given_up

    def _likely_first(self, chosen: np.ndarray) -> np.ndarray:
        order = np.argsort(-self.columns["comes_again_probability"], kind="stable")
        return np.asarray(order[chosen[order]])

    @property
    def kinds(self) -> dict[str, Kind]:
        """Return what each column holds."""
        return {column.name: cast(Kind, column.type) for column in DUE_COLUMNS}

    def whole(self) -> Table:
        """Return all rows as one table."""
        return self.choose(np.arange(len(self)))

    def tables(self) -> Iterator[Table]:
        """Return all rows as tables below each other, at least one."""
        for start in range(0, max(len(self), 1), PART_ROWS):
            yield self.choose(np.arange(start, min(start + PART_ROWS, len(self))))

    def to_dict(self) -> dict[str, Any]:
        """Return what the list is, without its rows, as plain values."""
        return {
            "as_of": date_of(self.as_of).isoformat(),
            "unit": self.unit,
            "within_days": self.within_days,
            "pairs": len(self),
            "overdue": len(self.overdue()),
            "given_up": int(self.is_given_up.sum()),
            "look_back": None if self.look_back is None else asdict(self.look_back),
            "left_out": self.account.to_dict(),
        }


def forecast_due(
    log: ProductLog,
    *,
    as_of: int | None = None,
    unit: ItemUnit = "product",
    choice: ItemChoice = NO_CHOICE,
    within: int | None = None,
) -> DueList:
    """Tell for each customer and item bought on three days or more when it is due again.

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
    within : int, optional
        Days after the last purchase within which the next counts as coming again; by default 180, or half of the log
        where that is less.

    Raises
    ------
    ColumnError
        Where the log names no products, or no categories.
    NotEnoughData
        Where too few purchases were followed by another of the same customer and item.

    Examples
    --------
    >>> import churnrisk
    >>> from churnrisk.products import forecast_due
    >>> with churnrisk.read_orders("purchases.csv", churnrisk.IntakeOptions(products=True)) as orders:  # doctest: +SKIP
    ...     due = forecast_due(orders)
    """
    return list_due(read_pair_days(log, log.last_day + 1 if as_of is None else as_of, unit=unit, choice=choice), within)


def list_due(pairs: PairDays, within: int | None = None, *, due: DueModel | None = None) -> DueList:
    """Tell what is due from the days on which items were bought, by a forecast of them that was made before if given.

    As :func:`forecast_due` for the rest.
    """
    model = due or fit_due(pairs, within=within)
    early, half, late = model.quantiles(0.1, 0.5, 0.9)
    first, middle, last = np.maximum(np.floor(early), 1), np.rint(half), np.ceil(late)
    to_on = model.last_day + last
    columns: dict[str, np.ndarray] = {
        "customer": model.customer,
        "item": model.item,
        "usual_gap_days": model.own_gap,
        "last_bought_on": model.last_day,
        "due_on": (model.last_day + np.maximum(middle, first)).astype(np.int32),
        "from_on": (model.last_day + first).astype(np.int32),
        "to_on": to_on.astype(np.int32),
        "overdue_days": np.where(model.is_late(last), pairs.cutoff - to_on, 0).astype(np.int32),
        "comes_again_probability": np.round(model.chance(), DECIMALS),
    }
    return DueList(
        pairs.cutoff,
        pairs.unit,
        model.within,
        columns,
        np.array(pairs.customers, dtype=object),
        np.array(pairs.items, dtype=object),
        np.array([pairs.names.get(one, "") for one in pairs.items], dtype=object),
        look_back(pairs, model.within),
        pairs.account,
    )


def look_back(pairs: PairDays, within: int) -> LookBack | None:
    """Make the list of an earlier day, so early that all of it is known to have come or not; None where none can be."""
    early = pairs.before(pairs.cutoff - within)
    try:
        model = fit_due(early, within=within)
    except NotEnoughData:
        return None
    gap = _next_gap(pairs, model)
    chance, came = model.chance(), gap <= model.within
    asked = chance > 0
    if not asked.any():
        return None
    first, last = model.quantiles(0.1, 0.9)
    recent = (model.last_day >= model.cutoff - RECENT_DAYS) & came
    inside = (gap >= np.floor(first)) & (gap <= np.ceil(last))
    return LookBack(
        date_of(model.cutoff).isoformat(),
        model.within,
        int(asked.sum()),
        float(chance[asked].mean()),
        float(came[asked].mean()),
        int(recent.sum()),
        float(inside[recent].mean()) if recent.any() else None,
        _calibration_error(chance[asked], came[asked]),
    )


def _next_gap(pairs: PairDays, model: DueModel) -> np.ndarray:
    """Return the days from each pair's last purchase before the look back to the next; infinite where there is none."""
    later = pairs.day >= model.cutoff
    size = len(pairs.items)
    key = pairs.customer[later].astype(np.int64) * size + pairs.item[later]
    day = pairs.day[later]
    mine = model.customer.astype(np.int64) * size + model.item
    place = np.searchsorted(key, mine)  # the first row of a pair is its earliest
    is_there = place < len(key)
    is_there[is_there] = key[place[is_there]] == mine[is_there]
    gap = np.full(len(mine), np.inf)
    gap[is_there] = day[place[is_there]] - model.last_day[is_there]
    return gap


def _calibration_error(chance: np.ndarray, came: np.ndarray) -> float:
    order = np.argsort(chance, kind="stable")
    parts = [part for part in np.array_split(order, 10) if len(part)]
    return float(sum(abs(chance[part].mean() - came[part].mean()) * len(part) for part in parts)) / len(order)


def _to_dates(days: np.ndarray) -> np.ndarray:
    distinct, place = np.unique(days, return_inverse=True)
    return np.array([date_of(int(day)).isoformat() for day in distinct], dtype=object)[place]
