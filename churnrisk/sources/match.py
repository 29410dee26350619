"""The columns of a source, by its headers and, where they leave a question, by some of its rows."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping
from dataclasses import replace

from churnrisk.engines import Database
from churnrisk.errors import ColumnError
from churnrisk.sources.columns import ColumnMatch, match_columns
from churnrisk.sources.lines import sample_rows
from churnrisk.sources.missing import refuse_empty_money, refuse_unread_money
from churnrisk.sources.options import IntakeOptions
from churnrisk.sources.raw import RawRows


def match_source(
    raw: RawRows, database: Database, options: IntakeOptions, *, chosen: Mapping[str, str] | None = None
) -> ColumnMatch:
    """Find the column of each role of a purchase history; see :func:`~churnrisk.sources.columns.match_columns`.

    Parameters
    ----------
    raw : RawRows
        The source.
    database : Database
        Where it is read.
    options : IntakeOptions
        The user's columns, and whether the log is read without amounts.
    chosen : mapping of str to str, optional
        The columns in place of those of the options.
    """
    columns = options.columns if chosen is None else chosen
    match = match_columns(
        raw.headers, columns, names_products=options.products, sample=lambda: sample_rows(raw, database)
    )
    refuse_odd_ids(raw.name, match, raw.no_ids)
    if not options.no_amounts:
        return match
    kept = {role: place for role, place in match.positions.items() if role not in ("amount", "unit_price")}
    return replace(match, positions=kept)


def refuse_odd_ids(name: str, match: ColumnMatch, no_ids: Collection[int]) -> None:
    """Refuse a column of ids that holds what no id can be.

    Parameters
    ----------
    name : str
        Of the source.
    match : ColumnMatch
        Its columns.
    no_ids : collection of int
        The places of the columns of truth values, lists or objects.
    """
    for role in ("customer_id", "order_id"):
        if match.positions.get(role) in no_ids:
            raise ColumnError(
                f"{name}: the column {match.names[role]} holds truth values, lists or objects, and an id must be a "
                f"text or a number. Name another with --column {role}=NAME."
            )


def refuse_odd_list(raw: RawRows, match: ColumnMatch) -> None:
    """Refuse a list of customers in which a cell of the ids is no id: no row of it may be passed over."""
    refuse_odd_ids(raw.name, match, raw.no_ids)
    used = match.positions["customer_id"]
    for _, path, places in raw.odd:
        with path.open(encoding="utf-8", newline="") as file:
            for line, place, value, reason in csv.reader(file):
                if places[int(place)] == used:
                    raise ColumnError(f"{raw.name}, line {line}, {match.names['customer_id']}: {value!r}: {reason}.")


def check_amounts(
    raw: RawRows, match: ColumnMatch, database: Database, options: IntakeOptions, *, is_empty: bool
) -> None:
    """Ask where a log has no amounts that are read, and a column that may hold some.

    Parameters
    ----------
    raw : RawRows
        The rows.
    match : ColumnMatch
        Their columns.
    database : Database
        Where they are read.
    options : IntakeOptions
        Whether the log is read without amounts.
    is_empty : bool
        Whether the column of the amounts has nothing in it.
    """
    if options.no_amounts:
        return
    if match.money:
        place = match.positions[match.money]
        if is_empty and place not in raw.typed:  # a program that leaves a column of numbers empty means it
            refuse_empty_money(raw.headers[place], name=raw.name, form=raw.format)
        return
    used = set(match.positions.values())
    free = [place for place in range(len(raw.headers)) if place not in used]
    if free:
        refuse_unread_money(raw.headers, free, sample_rows(raw, database), name=raw.name)
