"""The file that is to be scored: purchases, a list of customer ids, or a summary per customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from churnrisk.engines import Database
from churnrisk.errors import SettingsError
from churnrisk.orders.dated import read_beside
from churnrisk.orders.kept_copy import KeptCopy, telling_time
from churnrisk.orders.left_out import leave_out_listed
from churnrisk.orders.log import Orders
from churnrisk.orders.read import build_orders, on_engine, refuse_beyond_memory
from churnrisk.orders.report import IntakeReport
from churnrisk.orders.rows import RowTable
from churnrisk.orders.summary import list_ids, read_summary
from churnrisk.schema import CUSTOMER_KINDS
from churnrisk.sources import (
    PURCHASE_ROLES,
    SUMMARY_FILE_ROLES,
    ColumnMatch,
    IntakeOptions,
    RawRows,
    check_roles,
    find_chosen_in,
    match_columns,
    match_source,
    open_source,
    refuse_odd_list,
    settle_rows,
)

MOST_LISTED = 3_000_000
"""Orders of a log whose customers are listed; the list would take hundreds of megabytes beyond."""


@dataclass(frozen=True, kw_only=True)
class CustomerTable:
    """A file of customers, and what it was taken for.

    Parameters
    ----------
    kind : str
        ``"purchases"``, ``"ids"`` or ``"summary"``.
    customer_ids : list of str
        Each id of the file once, in the order of the file; empty where ``is_everybody``.
    is_everybody : bool
        Whether all customers of the orders are meant, which are too many to list.
    orders : Orders, optional
        The purchase history, for purchases.
    summary : dict of str to array, optional
        For a summary, its columns: ``customer_id`` (text) and, as floats, ``order_count``, ``mean_order_amount``
        (currency units), ``days_since_last_order``, ``tenure_days``, or ``last_order_day`` and ``first_order_day``
        (days since 1970-01-01) where the file has dates; NaN where a value is missing.
    report : IntakeReport
        The account of the reading; its first notice says which kind the file was taken for and why.
    """

    kind: str
    customer_ids: list[str]
    report: IntakeReport
    orders: Orders | None = None
    summary: dict[str, np.ndarray] | None = None
    is_everybody: bool = False

    def close(self) -> None:
        """Let go of the purchase history, if there is one."""
        if self.orders is not None:
            self.orders.close()

    def __enter__(self) -> CustomerTable:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def read_customers(
    source: Any,
    options: IntakeOptions = IntakeOptions(),  # noqa: B008 - frozen
    *,
    as_kind: str | None = None,
) -> CustomerTable:
    """Read the customers that are to be scored, and say what kind of file they came in.

    Parameters
    ----------
    source : str, Path or frame
        Purchases, a list of customer ids, or one row per customer.
    options : IntakeOptions
        How to read it; chosen columns that belong to another kind of file are passed over.
    as_kind : str, optional
        ``"purchases"``, ``"ids"`` or ``"summary"``; by default the columns tell.
    """
    if as_kind not in (None, *CUSTOMER_KINDS):
        raise SettingsError(f"--as {as_kind}: give one of {', '.join(CUSTOMER_KINDS)}.")
    copy = KeptCopy.find(source, options)
    kept = None if copy is None else _open_copy(copy, options, as_kind)
    if kept is not None:
        return kept
    database = Database(threads=options.threads, memory=options.memory)
    try:
        with telling_time(options, is_kept=copy is not None):
            raw = open_source(source, database, options)
            check_roles(options.columns)
            kind, reason = (as_kind, "as asked") if as_kind else tell_kind(raw.headers, options.columns)
            table = _read_kind(kind, raw, database, options)
        if copy is not None and table.orders is not None and _takes_all(raw, options):
            copy.keep(table.orders)
        if table.orders is not None:
            read_beside(table.orders, options)
            table = replace(table, orders=on_engine(table.orders, options))
    except BaseException as error:
        database.close()
        refuse_beyond_memory(error, options)
        raise
    if table.kind != "purchases":
        database.close()
    return replace(table, report=_say_kind(table.report, kind, reason))


def _open_copy(copy: KeptCopy, options: IntakeOptions, as_kind: str | None) -> CustomerTable | None:
    """Open the kept copy of a purchase history; None where there is none, or the file is to be taken for another."""
    orders = copy.open()
    if orders is None:
        return None
    report = orders.report
    headers = (*report.columns.values(), *report.ignored_columns)
    kind, reason = (as_kind, "as asked") if as_kind else tell_kind(headers, options.columns)
    if kind != "purchases":
        orders.close()
        return None
    said = _say_kind(report, kind, reason)
    read_beside(orders, options)
    return CustomerTable(kind=kind, customer_ids=[], report=said, orders=on_engine(orders, options), is_everybody=True)


def _takes_all(raw: RawRows, options: IntakeOptions) -> bool:
    """Tell whether all chosen columns are in the file, so that reading it as purchases would do the same."""
    return find_chosen_in(raw.headers, options.columns, keep=PURCHASE_ROLES[:2]) == dict(options.columns)


def tell_kind(headers: Sequence[str], columns: Mapping[str, str]) -> tuple[str, str]:
    """Tell what kind of file has these headers, and why."""
    chosen = find_chosen_in(headers, columns)
    summary = match_columns(headers, chosen, roles=SUMMARY_FILE_ROLES, needed=()).positions
    has_days = {"days_since_last_order", "tenure_days"} <= set(summary)
    has_dates = {"first_order_on", "last_order_on"} <= set(summary)
    if "order_count" in summary and (has_days or has_dates):
        return "summary", "it has one row per customer, with " + ", ".join(headers[i] for i in summary.values())
    purchases = match_columns(headers, chosen, roles=PURCHASE_ROLES, needed=()).names
    if "ordered_at" in purchases:
        return "purchases", f"it has a date of purchase, {purchases['ordered_at']}"
    if summary.keys() - {"customer_id"}:
        return "summary", "it has " + ", ".join(headers[i] for role, i in summary.items() if role != "customer_id")
    return "ids", "it has no date of purchase"


def _read_kind(kind: str, raw: RawRows, database: Database, options: IntakeOptions) -> CustomerTable:
    if kind == "purchases":
        chosen = find_chosen_in(raw.headers, options.columns, keep=PURCHASE_ROLES[:2])
        match = match_source(raw, database, options, chosen=chosen)
        listed: list[str] = []
        orders = build_orders(
            raw, match, database, options, before_dropping=lambda rows: listed.extend(_list_ids(database, rows))
        )
        return CustomerTable(
            kind=kind, customer_ids=listed, report=orders.report, orders=orders, is_everybody=not listed
        )
    raw = settle_rows(raw, database)
    chosen = find_chosen_in(raw.headers, options.columns, keep=("customer_id",))
    match = match_columns(raw.headers, chosen, roles=SUMMARY_FILE_ROLES, needed=("customer_id",))
    refuse_odd_list(raw, match)
    raw = leave_out_listed(raw, match, database, options)
    if kind == "ids":
        match = ColumnMatch(match.headers, {"customer_id": match.positions["customer_id"]})
        ids, report = list_ids(raw, match, database, options)
        return CustomerTable(kind=kind, customer_ids=ids, report=report)
    summary, report = read_summary(raw, match, database, options)
    return CustomerTable(kind=kind, customer_ids=list(summary["customer_id"]), report=report, summary=summary)


def _list_ids(database: Database, rows: RowTable) -> list[str]:
    """List the customers; nobody where they are many and all of them are in the orders."""
    [(count,)] = database.connection.execute("SELECT count(*) FROM orders").fetchall()
    return [] if count > MOST_LISTED else _ids_in_order(database, rows)


def _ids_in_order(database: Database, rows: RowTable) -> list[str]:
    query = f"SELECT customer_id FROM {rows.name} WHERE issue = 0 GROUP BY customer_id ORDER BY min(rowid)"
    return [str(row[0]) for row in database.connection.execute(query).fetchall()]


_MEANINGS = {"purchases": "a purchase history", "ids": "a list of customer ids", "summary": "a summary per customer"}


def _say_kind(report: IntakeReport, kind: str, reason: str) -> IntakeReport:
    sentence = f"{report.source} was taken for {_MEANINGS[kind]}: {reason}. To change that: --as purchases|ids|summary."
    return replace(report, notices=(sentence, *report.notices))
