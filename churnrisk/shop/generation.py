"""Look into a generation: one customer by id, or pages of the list. Read only, by any number of processes."""

from __future__ import annotations

import base64
import binascii
import functools
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from churnrisk.dated import EVENT_TYPES, TablesBeside, table_of
from churnrisk.engines import FileDatabase
from churnrisk.errors import BadQuery
from churnrisk.messages import mark, wording
from churnrisk.orders import FACTS, LINE_TYPES, ORDER_TYPES, Orders
from churnrisk.shop.beside import attribute_types, open_tables
from churnrisk.shop.customer_query import CustomerQuery, write_conditions
from churnrisk.shop.files import ShopFiles
from churnrisk.shop.pasts import find_names
from churnrisk.timeline import date_of

OTHER_ORDER = wording("cursor: it is of a list sorted by {name}; begin again without a cursor.")
_PLACES = {"value": "value_place", "risk": "risk_place", "id": "number"}
_HIDDEN = (
    *("number", "value_place", "risk_place", "contact_place", "lapsed_place", "due_place"),
    *("expected_profit", "return_value", "habit", "main_family"),
)
"""Columns that the list of all customers does not show."""


@dataclass(frozen=True)
class CustomerPage:
    """A page of the list.

    Parameters
    ----------
    rows : list of dict
        The columns of scores, with ``p_alive``, ``segment`` and ``reason_1`` to ``reason_3``.
    next_cursor : str or None
        Asks for the page after; None on the last one.
    total : int
        How many customers all pages have.
    as_of, model : str, str or None
        The day and the model of the scores.
    """

    rows: list[dict[str, Any]]
    next_cursor: str | None
    total: int
    as_of: str
    model: str | None


class Generation:
    """An open generation. Safe to be used by several threads at once.

    Parameters
    ----------
    files : ShopFiles
        Which.
    """

    def __init__(self, files: ShopFiles) -> None:
        self.name = files.name
        self._file = FileDatabase(files.path, is_read_only=True, threads=1)
        self.facts: dict[str, Any] = json.loads(self._file.rows("SELECT document FROM facts")[0]["document"])
        self._count = functools.lru_cache(maxsize=256)(self._count_rows)

    @property
    def known(self) -> dict[str, bool]:
        """What the log knows, as the facts of :class:`churnrisk.orders.Orders`."""
        return {name: bool(self.facts["facts"][name]) for name in FACTS}

    def open_orders(self) -> Orders:
        """Return all orders, for figures; not to be used by two threads at once, and closing them closes nothing."""
        facts: dict[str, Any] = self.known
        first, last = (int(self.facts[name]) for name in ("first_day", "last_day"))
        days: dict[str, Any] = {"first_day": first, "last_day": last}
        return Orders(self._file, None, **days, currency=self.facts["currency"], beside=self.beside, **facts)

    @property
    def beside(self) -> TablesBeside:
        """The tables beside the purchases; as :meth:`open_orders`."""
        return open_tables(self.facts["beside"], self._file.frame)

    def table_rows(self, customer_id: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return the rows of a customer in the tables beside the purchases, by table."""
        tables, attributes = (self.facts["beside"][group] for group in ("tables", "attributes"))
        columns = dict.fromkeys(tables, tuple(EVENT_TYPES))
        columns |= {name: tuple(attribute_types(one)) for name, one in attributes.items()}
        found = {}
        for name, names in columns.items():
            query = f"SELECT {', '.join(names)} FROM {table_of(name)} WHERE customer_id = ?"  # noqa: S608 - names of ours
            found[name] = [tuple(row.values()) for row in self._file.rows(query, (customer_id,))]
        return found

    def find(self, customer_id: str) -> dict[str, Any] | None:
        """Return the row of a customer, with its number; None for one that is not in the history."""
        rows = self._file.rows("SELECT * FROM scored WHERE customer_id = ?", (customer_id,))
        return rows[0] if rows else None

    def orders_of(self, number: int) -> list[tuple[Any, ...]]:
        """Return the orders of a customer by number, as ``schema.ORDERS``, the earliest first."""
        return self._tuples("numbered_orders", ORDER_TYPES, number)

    def lines_of(self, number: int) -> list[tuple[Any, ...]]:
        """Return the purchase rows of a customer by number, as ``schema.LINES``."""
        if not (self.known["has_products"] or self.known["has_categories"]):
            return []
        return self._tuples("numbered_lines", LINE_TYPES, number)

    def bought_by(self, number: int) -> list[dict[str, Any]]:
        """Return the purchase rows of a customer by number, with the ids of their orders."""
        names = ", ".join(LINE_TYPES)
        query = f"SELECT {names}, order_id FROM numbered_lines WHERE number = ?"  # noqa: S608 - names of ours
        return self._file.rows(query, (number,)) if self.known["has_products"] or self.known["has_categories"] else []

    def name_products(self, product_ids: Sequence[str]) -> dict[str, str]:
        """Return what some products are called; those without a name are left out."""
        return find_names(self._file, product_ids)

    def _tuples(self, table: str, names: Any, number: int) -> list[tuple[Any, ...]]:
        query = f"SELECT {', '.join(names)} FROM {table} WHERE number = ?"  # noqa: S608 - names of ours
        return [tuple(row.values()) for row in self._file.rows(query, (number,))]

    @property
    def erased(self) -> Mapping[str, str]:
        """Whose orders were left out: keyed hashes of customers who had been erased before, with the moments."""
        return dict(self.facts.get("erased", {}))

    @property
    def erased_stamp(self) -> str:
        """What the erasures were known by when it was made."""
        return str(self.facts.get("erased_stamp", ""))

    def iterate_customers(self) -> Iterator[tuple[int, str]]:
        """Yield every customer, with the number."""
        for row in self._file.rows("SELECT number, customer_id FROM scored"):
            yield int(row["number"]), row["customer_id"]

    def known_orders(self, customer_ids: Sequence[str]) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Amount and quantity of orders of some customers by customer, id and day; none where orders lack ids."""
        if not self.facts["has_order_ids"] or not customer_ids:
            return {}
        numbers = "SELECT number FROM scored WHERE customer_id IN (SELECT unnest(CAST(? AS VARCHAR[])))"
        query = "SELECT customer_id, order_id, order_day, amount, quantity FROM numbered_orders WHERE number = ANY(?)"
        chosen = [row["number"] for row in self._file.rows(numbers, (list(customer_ids),))]
        found = self._file.rows(query, (chosen,)) if chosen else []
        return {
            (one["customer_id"], one["order_id"], date_of(one["order_day"]).isoformat()): (
                one["amount"],
                one["quantity"],
            )
            for one in found
        }

    def page(self, query: CustomerQuery, *, without: Sequence[int] = ()) -> CustomerPage:
        """Return a page of the list, without some customers, by number."""
        conditions, values = write_conditions(query, as_of=int(self.facts["as_of"]), without=without)
        place = _PLACES[query.sort]
        total = self._count(conditions, tuple(values))
        after = -1 if query.cursor is None else self._place_after(query)
        # the customers of the page first, then their rows: to sort all columns of everybody takes five times as long
        chosen = f"SELECT number FROM scored WHERE {conditions} AND {place} > ? ORDER BY {place} LIMIT ?"  # noqa: S608 - names of ours
        found = self._file.rows(
            f"SELECT * FROM scored WHERE number IN ({chosen}) ORDER BY {place}",  # noqa: S608 - names of ours
            (*_lists(values), after, query.limit + 1),
        )
        rows = found[: query.limit]
        is_last = len(found) <= query.limit
        cursor = None if is_last else _write_cursor(self.name, query.sort, rows[-1][place], rows[-1]["customer_id"])
        return CustomerPage([show_row(row) for row in rows], cursor, total, self.as_of, self.facts["model"])

    def take(self, place: str, count: int, *, without: Set[str]) -> list[dict[str, Any]]:
        """Return the first rows by a column of places, without some customers."""
        ranked = self._file.rows(
            f"SELECT number, customer_id FROM scored WHERE {place} IS NOT NULL ORDER BY {place} LIMIT ?",  # noqa: S608 - names of ours
            (count + len(without),),
        )
        numbers = [row["number"] for row in ranked if row["customer_id"] not in without][:count]
        return self._file.rows(f"SELECT * FROM scored WHERE number = ANY(?) ORDER BY {place}", (numbers,))  # noqa: S608

    def count_placed(self, place: str, among: Set[str]) -> int:
        """Count the customers with a place that are among some."""
        query = f"SELECT count(*) AS n FROM scored WHERE {place} IS NOT NULL AND customer_id = ANY(?)"  # noqa: S608
        return int(self._file.rows(query, (sorted(among),))[0]["n"]) if among else 0

    def ids_of(self, numbers: Sequence[int]) -> list[str]:
        """Return the ids of some customers by number."""
        query = "SELECT customer_id FROM scored WHERE number = ANY(?)"
        return [row["customer_id"] for row in self._file.rows(query, (list(numbers),))] if numbers else []

    def item_names(self) -> dict[str, str]:
        """Return what products, or categories, are called."""
        return {row["item"]: row["title"] for row in self._file.rows("SELECT item, title FROM item_titles")}

    def title_items(self, items: Sequence[str]) -> dict[str, str]:
        """Return what some products, or categories, are called; those that are none, such as postage, are left out."""
        rows = self._file.rows("SELECT item, title FROM item_titles WHERE item IN (SELECT unnest(?))", (list(items),))
        return {row["item"]: row["title"] for row in rows}

    @property
    def as_of(self) -> str:
        """The day that everybody was scored at, as an ISO date."""
        return date_of(self.facts["as_of"]).isoformat()

    def _count_rows(self, conditions: str, values: tuple[Any, ...]) -> int:
        rows = self._file.rows(f"SELECT count(*) AS n FROM scored WHERE {conditions}", _lists(values))  # noqa: S608
        return int(rows[0]["n"])

    def _place_after(self, query: CustomerQuery) -> int:
        """Return the place to go on after; of another generation, that where its last customer stands now."""
        generation, sort, place, customer = _read_cursor(query.cursor or "")
        if sort != query.sort:
            raise BadQuery(OTHER_ORDER.format(name=sort))
        if generation == self.name:
            return place
        row = self.find(customer)
        return place if row is None else int(row[_PLACES[query.sort]])

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def show_row(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as it is shown: scores, then what is known beside them."""
    shown = {name: value for name, value in row.items() if name not in (*_HIDDEN, "alive_probability")}
    for name in ("risk_rank", "days_since_last_order", "order_count"):
        shown[name] = None if shown[name] is None else int(shown[name])
    return shown | {"p_alive": row["alive_probability"]}


def _lists(values: Sequence[Any]) -> list[Any]:
    """Return values as the database takes them; those that are kept as a key have tuples in place of lists."""
    return [list(one) if isinstance(one, tuple) else one for one in values]


def _write_cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts, ensure_ascii=False).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[str, str, int, str]:
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        generation, sort, place, customer = json.loads(text)
        parts: Sequence[Any] = (generation, sort, customer)
        if not all(isinstance(part, str) for part in parts) or type(place) is not int or not 0 <= place < 2**62:
            raise ValueError
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise BadQuery(mark("cursor: it is not from this service; begin again without a cursor.")) from None
    return generation, sort, place, customer
