"""What customer ids look like: one customer under several ids, many under one, and columns that may tell them apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnrisk.engines import SqlEngine
from churnrisk.messages import wording
from churnrisk.sources import (
    ColumnMatch,
    find_identifiers,
    fold_id,
    is_number_sql,
    is_unusual_sql,
    say_option,
    usual_form_sql,
)

MANGLED = wording(
    "Some customer ids were shortened by a spreadsheet, such as {names}: different customers may have become one. "
    "Export the file again with the id as text."
)
FOLDED = wording(
    "{number} customer ids differ from others by upper and lower case only and count as customers of their own; "
    "--fold-case merges them."
)
SPLIT = wording(
    "{number} customer ids differ from others only in invisible characters, letters that look alike, accents in two "
    "encodings, leading zeros, '.0' or case, such as {names}, and count as customers of their own; --fold-ids merges "
    "them."
)
LARGEST = wording(
    "{share} of all orders are of one customer id, {name}: it may stand for many, such as guests. To take its rows "
    "out, leave it empty in the file."
)
ONCE = wording(
    "Every customer id has one order only ({number} ids in {names}): they may be made anew for each order. If another "
    "column names the customer, choose it: --column customer_id=NAME."
)
ONCE_BESIDE = wording(
    "Every customer id has one order only ({number} ids in {names}), while {other} repeats: the ids may be made anew "
    "for each order. To tell customers apart by that column: {name}."
)
SHARED = wording(
    "{number} addresses in {names} stand beside several customer ids, {ids} in all, such as {other}: one customer may "
    "count as several. To tell customers apart by the address: {name}."
)
LARGEST_SHARE, LEAST_ORDERS = 0.2, 5
_MOST_UNUSUAL = 100_000
"""Ids that are folded one by one for a notice; beyond that many, the notice speaks of these only."""

_MOSTLY, _ALMOST_ALL, _LEAST_VALUES = 0.5, 0.9, 0.02
_EXAMPLES = 5


def say_ids(engine: SqlEngine, counted: str, customers: int, *, source: str, match: ColumnMatch) -> list[str]:
    """Say which ids look mangled by a spreadsheet, differ in writing only, or are not those of persons.

    ``counted`` is the table of the ids, with the number of orders of each, ``n``; it is dropped.
    """
    is_mangled = engine.matches_sql("id", r"^\d([.,]\d+)?[eE]\+\d+$")
    [(all_orders, most, split, capitals, smalls)] = engine.rows_of(
        f"""SELECT sum(n), max(n), count(*) FILTER (WHERE {is_unusual_sql(engine, "id")})
                + count(*) FILTER (WHERE {is_number_sql(engine, "id")}),
            count(*) FILTER (WHERE lower(id) <> id), count(*) FILTER (WHERE upper(id) <> id)
        FROM {counted}"""
    )
    folded = customers
    if capitals and smalls:
        query = f"SELECT count(DISTINCT {engine.hash_sql('lower(id)')}) FROM {counted}"
        folded = int(engine.rows_of(query)[0][0])
    mangled = engine.rows_of(f"SELECT id FROM {counted} WHERE {is_mangled} ORDER BY id LIMIT {_EXAMPLES}")
    said = []
    if mangled:
        said.append(MANGLED.format(names=", ".join(str(row[0]) for row in mangled)))
    written = _say_split(engine, counted) if split else ""
    if written:
        said.append(written)
    elif customers > folded:
        said.append(FOLDED.format(number=customers - folded))
    if customers >= LEAST_ORDERS and int(most) > LARGEST_SHARE * int(all_orders) and int(most) >= LEAST_ORDERS:
        [(name,)] = engine.rows_of(f"SELECT id FROM {counted} WHERE n = {int(most)} ORDER BY id LIMIT 1")
        said.append(LARGEST.format(share=f"{int(most) / int(all_orders):.0%}", name=repr(str(name))))
    if customers >= LEAST_ORDERS and int(most) == 1 and not written:
        said.append(_say_once(engine, customers, source=source, match=match))
    engine.drop_table(counted)
    return said


def _say_split(engine: SqlEngine, ids: str) -> str:
    """Say which ids differ in writing only, where some differ by more than case; else nothing."""
    is_unusual = is_unusual_sql(engine, "id")
    query = f"SELECT id FROM {ids} WHERE {is_unusual} ORDER BY id LIMIT {_MOST_UNUSUAL}"
    unusual = [str(row[0]) for row in engine.rows_of(query)]
    usual = f"SELECT id, {usual_form_sql(engine, 'id')} AS form FROM {ids} WHERE NOT {is_unusual}"
    other = ""
    if unusual:
        columns = {"id": np.array(unusual, dtype=object), "form": np.array([*map(fold_id, unusual)], dtype=object)}
        other = engine.fill_table("unusual_ids", columns)
    forms = usual + (f" UNION ALL SELECT id, form FROM {other}" if other else "")
    [(extra,)] = engine.rows_of(f"SELECT count(*) - count(DISTINCT {engine.hash_sql('form')}) FROM ({forms})")
    shown: list[str] = []
    if extra:
        several = f"SELECT form FROM ({forms}) GROUP BY form HAVING min(lower(id)) < max(lower(id))"
        first = f"{several} ORDER BY form LIMIT {_EXAMPLES}"
        query = f"SELECT form, id FROM ({forms}) WHERE form IN ({first}) ORDER BY form, id LIMIT {_EXAMPLES}"
        shown = [ascii(str(one)) for _, one in engine.rows_of(query)]
    if other:
        engine.drop_table(other)
    return SPLIT.format(number=int(extra), names=", ".join(shown)) if shown else ""


def _say_once(engine: SqlEngine, customers: int, *, source: str, match: ColumnMatch) -> str:
    own = repr(match.names["customer_id"])
    other = find_identifier(engine, source, match, where="1 = 1", below=customers)
    if other is None:
        return ONCE.format(number=customers, names=own)
    choice = say_option("customer_id", other.header)
    return ONCE_BESIDE.format(number=customers, names=own, other=repr(other.header), name=choice)


def say_shared_addresses(engine: SqlEngine, table: str, match: ColumnMatch, *, customer: str, where: str) -> list[str]:
    """Say how many e-mail addresses stand beside several customers."""
    pairs = f"SELECT lower(email_text) AS address, {customer} AS id FROM {table} WHERE {where}"
    several = f"""SELECT count(DISTINCT id) AS n, min(id) AS first, max(id) AS last FROM ({pairs})
        WHERE id IS NOT NULL GROUP BY address HAVING min(id) < max(id)"""
    [(addresses, ids)] = engine.rows_of(f"SELECT count(*), sum(n) FROM ({several})")
    if not addresses:
        return []
    rows = engine.rows_of(f"SELECT first, last FROM ({several}) ORDER BY n DESC, first, last LIMIT 2")
    shown = ", ".join(f"{first!r} and {last!r}" for first, last in rows)
    header = match.names["email"]
    option = say_option("customer_id", header)
    return [SHARED.format(number=int(addresses), ids=int(ids), names=repr(header), other=shown, name=option)]


@dataclass(frozen=True)
class Identifier:
    """A column that may tell customers apart: its header, and the share of the rows in question that have a value."""

    header: str
    share: float


def find_identifier(
    engine: SqlEngine, source: str, match: ColumnMatch, *, where: str, below: int | None = None
) -> Identifier | None:
    """Find the column, of those whose header or values look like ids of customers, that tells most rows apart.

    Its values must repeat.

    Parameters
    ----------
    engine : SqlEngine
        Which.
    source : str
        The rows as they came, with the columns ``c0``, ``c1``, ...
    match : ColumnMatch
        What they stand for.
    where : str
        Condition of the rows in question.
    below : int, optional
        How many different values it must not reach; by default as many as there are rows with one.
    """
    named = find_identifiers(match)
    headers = [*named, *(header for header in match.ignored if header not in named)][:_MOST_COLUMNS]
    values = [engine.trim_sql(f"CAST(c{match.headers.index(header)} AS STRING)") for header in headers]
    if not headers:
        return None
    counts = ", ".join(
        f"count(v{k}), count(DISTINCT lower(v{k})), count(*) FILTER (WHERE {engine.matches_sql(f'v{k}', _CODE)})"
        for k in range(len(headers))
    )
    listed = ", ".join(f"{value} AS v{k}" for k, value in enumerate(values))
    [(rows, *found)] = engine.rows_of(f"SELECT count(*), {counts} FROM (SELECT {listed} FROM {source} WHERE {where})")
    best: tuple[bool, float] = (False, 0.0)
    chosen = None
    for k, header in enumerate(headers):
        present, distinct, codes = map(int, found[3 * k : 3 * k + 3])
        is_named, share = header in named, present / int(rows) if rows else 0.0
        repeats = 1 < distinct < min(present, below or present)
        is_id = is_named or (codes > _ALMOST_ALL * present and distinct > _LEAST_VALUES * present)
        if share > _MOSTLY and repeats and is_id and (is_named, share) > best:
            best, chosen = (is_named, share), Identifier(header, share)
    return chosen


_MOST_COLUMNS = 60
_CODE = "^[^@ ]+@[^@ ]+$|^[A-Za-z]{1,6}[-_]?[0-9]{2,}$"
"""What an id looks like where no header says so: an e-mail address, or letters and digits."""
