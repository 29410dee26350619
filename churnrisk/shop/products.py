"""What a generation tells of products, where the log names any; without it all else of a generation stands."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from churnrisk.engines import Database, FileDatabase
from churnrisk.errors import NotEnoughData
from churnrisk.orders import LINE_TYPES, Orders
from churnrisk.products import (
    HABIT_COLUMNS,
    ItemChoice,
    PairDays,
    find_pair_days,
    fit_due,
    sum_up_products,
    tell_habits,
)
from churnrisk.schema import LINE_DETAILS, column_names
from churnrisk.shop.erasures import History

MOST_CUSTOMERS = 20_000
"""So many customers, the first of the list, are told what they miss and buy next: that takes 0.6 ms for each."""


@dataclass(frozen=True)
class Bought:
    """Who bought what on which days; the kind of the error, where that could not be read."""

    pairs: PairDays | None = None
    problem: str = ""

    @property
    def names(self) -> Mapping[str, str]:
        """What products are called, where the log names them."""
        return {} if self.pairs is None or self.pairs.unit != "product" else self.pairs.names


@dataclass(frozen=True)
class ProductFacts:
    """What is told of products.

    Parameters
    ----------
    columns : mapping of str to ndarray of object
        As :data:`churnrisk.products.HABIT_COLUMNS`, and ``habit`` as :class:`churnrisk.products.Habits` has it, in the
        order of the list of customers; none where nothing is known.
    names : mapping of str to str
        What products, or categories, are called.
    summary : dict or None
        As :func:`churnrisk.products.sum_up_products`; None where nothing is known of products.
    problem : str
        Kind of the error that kept it from being known; empty where there was none.
    """

    columns: dict[str, np.ndarray]
    names: Mapping[str, str] = field(default_factory=dict)
    summary: dict[str, Any] | None = None
    problem: str = ""


def select_lines(database: Database, history: History) -> str:
    """Return SQL for all purchase rows with their details: those of the log, and those that came over HTTP.

    The latter have neither order ids nor names.
    """
    names, details = ", ".join(LINE_TYPES), column_names(LINE_DETAILS)
    none = ", ".join(f"'' AS {name}" for name in details)
    known = {name for name, *_ in database.rows_of(f"DESCRIBE {history.lines}")}
    own = ", ".join(details) if set(details) <= known else none
    return f"SELECT {names}, {own} FROM {history.lines} UNION ALL SELECT {names}, {none} FROM new_lines"  # noqa: S608 - names of ours


def read_bought(database: Database, orders: Orders, history: History, choice: ItemChoice) -> Bought:
    """Read who bought what, from the orders of the generation in the making and the rows of the log.

    What is given back of rows that came over HTTP is known by its amount.
    """
    try:
        lines = select_lines(database, history)
        [(first, last)] = database.rows_of("SELECT min(order_day), max(order_day) FROM shop.orders")
        frames = database.lazy_frame("SELECT * FROM shop.orders"), database.lazy_frame(lines)
        log = orders.made_elsewhere(frames)
        log.first_day, log.last_day = int(first), int(last)
        return Bought(find_pair_days(log, log.last_day + 1, choice=choice))
    except Exception as error:  # no page but that of products needs it
        return Bought(problem=type(error).__name__)


def tell_products(bought: Bought, customer_ids: np.ndarray, as_of: int) -> ProductFacts:
    """Return what is told of products as of a day that all orders lie before."""
    if bought.pairs is None:
        return ProductFacts({}, problem=bought.problem)
    pairs = replace(bought.pairs, cutoff=as_of)
    try:
        due = None
        with contextlib.suppress(NotEnoughData):
            due = fit_due(pairs)
        habits = tell_habits(pairs, customer_ids[:MOST_CUSTOMERS].tolist(), due=due)
        summary = sum_up_products(pairs, due=due)
    except Exception as error:  # as above
        return ProductFacts({}, problem=type(error).__name__)
    names = (*(column.name for column in HABIT_COLUMNS), "habit")
    columns = {name: np.full(len(customer_ids), None, dtype=object) for name in names}
    for name, values in {**habits.columns, "habit": habits.kinds}.items():
        columns[name][: len(values)] = values
    titles = dict(zip(pairs.items, pairs.titles().tolist(), strict=True))
    return ProductFacts(columns, titles, summary)


def write_titles(file: FileDatabase, names: Mapping[str, str]) -> None:
    """Write what products, or categories, are called."""
    named = {"item": list(names), "title": list(names.values())}
    file.write_table("item_titles", {name: np.array(values, dtype=object) for name, values in named.items()})


def without_customers(summary: Mapping[str, Any] | None, is_gone: Callable[[str], bool]) -> dict[str, Any] | None:
    """Return what is told of products without the rows of some customers."""
    if summary is None or summary["due"] is None:
        return None if summary is None else dict(summary)
    due = dict(summary["due"])
    for name in ("soon", "late"):
        rows = due[name]["rows"]
        kept = [row for row in rows if not is_gone(row["customer_id"])]
        due[name] = {"count": due[name]["count"] - len(rows) + len(kept), "rows": kept}
    return {**summary, "due": due}
