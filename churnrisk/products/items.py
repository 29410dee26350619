"""Who bought what on which days: the rows of a log as arrays of whole numbers, cleaned of what is no product.

One row stands for a customer, an item and a day. Quantities are not used: some logs count fuel in thousandths. What
was given back is off, and so is all of the cutoff's day and after.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.engines import Arrays, StoredTable, collect_arrays
from churnrisk.errors import ColumnError, LimitExceeded, NotEnoughData, SettingsError
from churnrisk.products.codes import NoProduct, find_no_products
from churnrisk.products.names import CodeName, ManyNames, find_many_names, most_frequent, read_code_names
from churnrisk.products.returned import find_given_back, undone_before
from churnrisk.schema import ITEM_UNITS, LINE_DETAILS, ItemUnit, column_names
from churnrisk.timeline import date_of

_COLUMNS = {"product": "product_id", "category": "category"}


class ProductLog(Protocol):
    """What is needed of a log: :class:`churnrisk.orders.Orders` that were read with ``products=True``."""

    first_day: int
    last_day: int
    has_amounts: bool
    has_quantities: bool
    has_products: bool
    has_categories: bool

    def frame(self) -> nw.LazyFrame[Any]:
        """Return the orders, as :data:`churnrisk.schema.ORDERS`."""

    def lines(self) -> nw.LazyFrame[Any] | None:
        """Return the purchase rows, as :data:`churnrisk.schema.LINES` with :data:`churnrisk.schema.LINE_DETAILS`."""


@dataclass(frozen=True)
class ItemChoice:
    """What a user says of codes: these are no products, and these are, whatever the evidence says.

    Parameters
    ----------
    not_products, are_products : tuple of str
        Product ids or names of categories, as the log has them.
    """

    not_products: tuple[str, ...] = ()
    are_products: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        both = sorted(set(self.not_products) & set(self.are_products))
        if both:
            raise SettingsError(f"--not-product {both[0]}: --is-product names it, too; leave one of them out.")


NO_CHOICE = ItemChoice()


@dataclass(frozen=True)
class ItemAccount:
    """What was left out of the rows, and what is odd about names.

    Parameters
    ----------
    lines_bought, lines_given_back : int
        Bought rows that name an item, and those of them that were given back.
    no_products : tuple of NoProduct
        Codes and categories that are left out.
    many_names : tuple of ManyNames
        Codes that were renamed, or that stand for several products.
    unknown : tuple of str
        Codes that the user named and that no row has.
    """

    lines_bought: int = 0
    lines_given_back: int = 0
    no_products: tuple[NoProduct, ...] = ()
    many_names: tuple[ManyNames, ...] = ()
    unknown: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "lines_bought": self.lines_bought,
            "lines_given_back": self.lines_given_back,
            "no_products": [one.to_dict() for one in self.no_products],
            "renamed": [one.to_dict() for one in self.many_names if one.is_renamed],
            "several_products": [one.to_dict() for one in self.many_names if not one.is_renamed],
            "unknown": list(self.unknown),
        }


@dataclass(frozen=True)
class PairDays:
    """The days on which each customer bought each item, before a cutoff.

    Parameters
    ----------
    customer, item, day : ndarray of int32, shape (n,)
        Places in ``customers`` and ``items``, and days since 1970-01-01; sorted by the three, each row once.
    customers : list of str
        Every customer who bought an item before the cutoff, sorted; some have no row, since all was given back.
    items : list of str
        Product ids or categories, sorted.
    names, categories : mapping of str to str
        The most frequent description and category of an item; empty text where there is none.
    first_day, cutoff : int
        Day of the log's first order, and the first day that is not known.
    unit : {"product", "category"}
        What an item is.
    account : ItemAccount
        What was left out.
    """

    customer: NDArray[np.int32]
    item: NDArray[np.int32]
    day: NDArray[np.int32]
    customers: list[str]
    items: list[str]
    names: Mapping[str, str]
    categories: Mapping[str, str]
    first_day: int
    cutoff: int
    unit: ItemUnit = "product"
    account: ItemAccount = ItemAccount()

    def titles(self) -> np.ndarray:
        """Return what each item is called: its name; where it has none its id, behind its category."""
        return np.array([self.names.get(one) or self._call(one) for one in self.items], dtype=object)

    def _call(self, item: str) -> str:
        category = self.categories.get(item, "")
        return item if category in ("", item) else f"{category} {item}"

    def before(self, cutoff: int) -> PairDays:
        """Return the rows before an earlier cutoff, with the same customers and items.

        What was given back by now is off already, and what is no product was told from all rows: enough to look back
        on what was forecast, where it has to be the same for the forecast and the outcome.
        """
        early = self.day < cutoff
        rows = {name: getattr(self, name)[early] for name in ("customer", "item", "day")}
        return replace(self, **rows, cutoff=cutoff)


def read_pair_days(
    log: ProductLog, cutoff: int, *, unit: ItemUnit = "product", choice: ItemChoice = NO_CHOICE
) -> PairDays:
    """Read the days on which each customer bought each item.

    Parameters
    ----------
    log : ProductLog
        Orders that were read with ``IntakeOptions(products=True)``, on any engine.
    cutoff : int
        The first day that is not known, as :func:`churnrisk.timeline.day_number` gives it.
    unit : {"product", "category"}
        What an item is.
    choice : ItemChoice
        What the user says of codes.

    Raises
    ------
    ColumnError
        Where the log names no products, or no categories.
    NotEnoughData
        Where nothing was bought before the cutoff.
    """
    lines = _check(log, cutoff, unit)
    bought, negative = _tell_bought(log)
    past = lines.filter(nw.col("order_day") < cutoff)
    orders = log.frame().filter(nw.col("order_day") < cutoff)
    codes = read_code_names(past, bought, negative)
    found = find_no_products(codes, past, orders, bought=bought, has_quantities=log.has_quantities)
    off, unknown = _choose(found, codes, choice)
    kept = {code: left for code, counted in codes.items() if (left := _keep(code, counted, off, unit))}
    items = _list_items(kept, unit, log, cutoff)
    wanted = _wanted(past, off, unit)
    customers = _number_customers(log, orders)
    ids = collect_arrays(customers, sort_by=["customer"])["customer_id"]
    packing = Packing(ids, np.array(items, dtype=object), log.first_day, cutoff)
    keys = _read_keys(wanted.filter(bought), customers, _COLUMNS[unit], packing)
    back = find_given_back(
        wanted, undone_before(orders, cutoff), bought=bought, negative=negative, has_amounts=log.has_amounts
    )
    back_keys = packing.pack(back["customer_id"], back[_COLUMNS[unit]], back["order_day"])
    customer, item, day = packing.unpack(_subtract(keys, back_keys))
    buyers = packing.customers_of(keys)
    many = [one for code, left in kept.items() if code and (one := find_many_names(code, left))]
    return PairDays(
        np.searchsorted(buyers, customer).astype(np.int32),
        item,
        day,
        ids[buyers].tolist(),
        items,
        *_describe(kept, items, unit),
        log.first_day,
        cutoff,
        unit,
        ItemAccount(len(keys), len(back_keys), tuple(off.values()), tuple(many), unknown),
    )


def _check(log: ProductLog, cutoff: int, unit: ItemUnit) -> nw.LazyFrame[Any]:
    """Return the lines, and refuse a log that does not have what is asked for."""
    if unit not in ITEM_UNITS:
        raise SettingsError(f"--unit {unit}: there is no such unit; name one of {', '.join(ITEM_UNITS)}.")
    role = _COLUMNS[unit]
    lines = log.lines()
    if lines is None or not (log.has_products if unit == "product" else log.has_categories):
        instead = " Or ask for categories with --unit category." if log.has_categories else ""
        raise ColumnError(
            f"no column of these purchases is the {role}, so nothing is known of the {unit} that was bought. Name it "
            f"with --column {role}=NAME.{instead}"
        )
    names = lines.collect_schema().names()
    if not set(column_names(LINE_DETAILS)) <= set(names):
        raise SettingsError(
            "these purchases were read without the order ids and names of their rows; read them with "
            "IntakeOptions(products=True)."
        )
    if cutoff <= log.first_day:
        raise NotEnoughData(f"the log begins on {date_of(log.first_day)}; choose a later --as-of.")
    return lines


def _tell_bought(log: ProductLog) -> tuple[nw.Expr, nw.Expr]:
    """Return which rows were bought, and which give something back."""
    if log.has_amounts:
        return nw.col("amount") > 0, nw.col("amount") < 0
    return nw.col("quantity") >= 0, nw.col("quantity") < 0


def _choose(
    found: Sequence[NoProduct], codes: Mapping[str, list[CodeName]], choice: ItemChoice
) -> tuple[dict[tuple[str, bool], NoProduct], tuple[str, ...]]:
    """Return what is left out, by code and whether that is a category, and the named codes that no row has."""
    off = {(one.code, one.is_category): one for one in found if one.code not in choice.are_products}
    rows: dict[str, int] = {}
    for counted in codes.values():
        for one in counted:
            rows[one.category] = rows.get(one.category, 0) + one.lines
    for code in choice.not_products:
        if code in codes:
            lines = sum(one.lines for one in codes[code])
            off[code, False] = NoProduct(code, most_frequent(codes[code], "name"), lines, ("told",))
        if code in rows:
            off[code, True] = NoProduct(code, "", rows[code], ("told",), is_category=True)
    asked = (*choice.not_products, *choice.are_products)
    return off, tuple(code for code in asked if code not in codes and code not in rows)


def _keep(
    code: str, counted: Sequence[CodeName], off: Mapping[tuple[str, bool], Any], unit: ItemUnit
) -> list[CodeName]:
    """Return the part of a code that was bought and is a product."""
    if (code, False) in off:
        return []
    good = [one for one in counted if one.bought and (one.category, True) not in off]
    return [one for one in good if (code if unit == "product" else one.category)]


def _list_items(kept: Mapping[str, list[CodeName]], unit: ItemUnit, log: ProductLog, cutoff: int) -> list[str]:
    """Return the sorted items, and refuse a log in which none was bought."""
    items = sorted({code if unit == "product" else one.category for code, left in kept.items() for one in left})
    if not items:
        raise NotEnoughData(
            f"no row before {date_of(cutoff)} says that a {unit} was bought; the log has the days from "
            f"{date_of(log.first_day)} to {date_of(log.last_day)}. Choose a later --as-of, or name another column with "
            f"--column {_COLUMNS[unit]}=NAME."
        )
    return items


def _describe(
    kept: Mapping[str, list[CodeName]], items: Sequence[str], unit: ItemUnit
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the names and the categories of items; a category has no name but itself."""
    if unit == "category":
        return dict.fromkeys(items, ""), {code: code for code in items}
    names = {code: most_frequent(kept[code], "name") for code in items}
    return names, {code: most_frequent(kept[code], "category") for code in items}


def _wanted(lines: nw.LazyFrame[Any], off: Mapping[tuple[str, bool], Any], unit: ItemUnit) -> nw.LazyFrame[Any]:
    """Leave out the rows that name no item or none that is a product."""
    wanted = lines.filter(nw.col(_COLUMNS[unit]) != "")
    for column, is_category in (("product_id", False), ("category", True)):
        codes = [code for code, kind in off if kind == is_category]
        if codes:
            wanted = wanted.filter(~nw.col(column).is_in(codes))
    return wanted


@dataclass(frozen=True)
class Packing:
    """A customer, an item and a day as one whole number, in the order of the three: it is sorted in one go.

    Parameters
    ----------
    customers, items : ndarray of object
        Sorted ids.
    first_day, end : int
        The days that there are.
    """

    customers: np.ndarray
    items: np.ndarray
    first_day: int
    end: int

    def __post_init__(self) -> None:
        if len(self.customers) * len(self.items) * self.days >= 2**63:
            raise LimitExceeded(
                f"{len(self.customers):,} customers, {len(self.items):,} products and {self.days:,} days are more than "
                "can be told apart at once; ask for categories with --unit category, or for a part of the customers."
            )

    @property
    def days(self) -> int:
        """How many days there are."""
        return self.end - self.first_day

    def pack(self, customers: np.ndarray, items: np.ndarray, days: np.ndarray) -> NDArray[np.int64]:
        """Return the sorted numbers of a few rows."""
        if not len(days):
            return np.zeros(0, np.int64)
        customer, item = np.searchsorted(self.customers, customers), np.searchsorted(self.items, items)
        return np.sort(self.join(customer, item, days.astype(np.int64)))

    def join(self, customer: Any, item: Any, day: Any) -> Any:
        """Make the number of places and days: arrays, or columns of an engine."""
        return (customer * len(self.items) + item) * self.days + (day - self.first_day)

    def customers_of(self, keys: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return the sorted places of the customers of sorted numbers, each once."""
        customer = (keys // (len(self.items) * self.days)).astype(np.int32)
        found: NDArray[np.int32] = np.unique(customer)
        return found

    def unpack(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
        """Return customers, items and days of numbers."""
        pair, day = np.divmod(keys, self.days)
        day += self.first_day
        customer, item = np.divmod(pair, len(self.items))
        return customer.astype(np.int32), item.astype(np.int32), day.astype(np.int32)


def _number_customers(log: ProductLog, orders: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """Return every customer with a place among the sorted ids; kept in the database, if there is one, for two uses."""
    numbered = orders.select("customer_id").unique().with_row_index("customer", order_by="customer_id")
    database = getattr(log, "database", None)
    if database is None:
        return numbered
    table = StoredTable(database, "customer_places")
    table.fill(numbered)
    return table.frame()


def _read_keys(
    rows: nw.LazyFrame[Any], customers: nw.LazyFrame[Any], column: str, packing: Packing
) -> NDArray[np.int64]:
    """Return the number of each bought row, sorted; ids become places in the engine."""
    items = rows.select(column).unique().with_row_index("item", order_by=column)
    joined = rows.select("customer_id", column, "order_day").join(customers, on="customer_id").join(items, on=column)
    customer, item = (nw.col(name).cast(nw.Int64) for name in ("customer", "item"))
    keys: Arrays = collect_arrays(joined.select(key=packing.join(customer, item, nw.col("order_day"))), sort_by=[])
    return np.sort(keys["key"].astype(np.int64, copy=False))


def _subtract(keys: NDArray[np.int64], back: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return each number once, without those all of whose rows were given back."""
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.zeros(0, np.intp)
    unique = keys[starts]
    if not len(back):
        return unique
    left = np.diff(np.append(starts, len(keys)))
    given, times = np.unique(back, return_counts=True)
    left[np.searchsorted(unique, given)] -= times
    return unique[left > 0]
