"""Features of the tables beside the purchases: their names, and their columns for given customers.

``tickets.open_count`` is a template of the table ``tickets``, ``tickets.open_count=complaint`` counts one kind.
``members.channel=app`` tells whether an attribute has a value, ``members.points`` is a number, and
``members.joined.days_since`` counts the days since a day.

A value is missing, and not zero, where the table did not exist yet at the cutoff, and in a window that reaches to
days before the table existed: there nobody knows how many rows there would have been.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.dated import AttributeTable, DatedTable, TablesBeside, attributes_at, visible_at
from churnrisk.engines import as_int, collect_arrays, cut_range, purchases_before
from churnrisk.errors import ColumnError
from churnrisk.features.base import CUSTOMER
from churnrisk.features.families import TABLES
from churnrisk.features.feature import Feature
from churnrisk.features.templates import NUMBERS, TEMPLATES, Template
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

MOST_KINDS, MOST_VALUES = 5, 8
LEAST_HOLDERS = 30
"""So many customers must have a kind or a value that a feature is named for: a name or an address is of one alone."""

_SINCE = ".days_since"


class BesideLog(Protocol):
    """A log that may have tables beside it."""

    def frame(self) -> nw.LazyFrame[Any]:
        """Return the orders."""


@dataclass(frozen=True)
class Asked:
    """A feature's name in parts: ``kind`` is None where it has none."""

    name: str
    table: str
    item: str
    kind: str | None

    @classmethod
    def of(cls, name: str) -> Asked | None:
        """Take a name apart; None for one that is of no table."""
        table, point, rest = name.partition(".")
        item, sign, kind = rest.partition("=")
        return cls(name, table, item, kind if sign else None) if point else None

    @property
    def template(self) -> Template | None:
        """The template, where it is one."""
        return TEMPLATES.get(self.item)


def tables_of(log: object) -> TablesBeside:
    """Return the tables beside a log; none for a log that knows of none."""
    found: TablesBeside = getattr(log, "beside", TablesBeside())
    return found


def beside_feature(name: str) -> Feature | None:
    """Return the feature of a table that has this name; None for any other name."""
    asked = Asked.of(name)
    if asked is None:
        return None
    unit, meaning, missing = _describe(asked)
    return Feature(name, TABLES, unit, f"{meaning}.", (), lambda columns, _: columns[name], missing)


def _describe(asked: Asked) -> tuple[str, str, str]:
    template, table = asked.template, asked.table
    if template is not None:
        of_kind = "" if asked.kind is None else f" of the kind {asked.kind}"
        missing = f"where the table did not exist{' so long' if template.window else ''}"
        said = f"{template.missing}, and {missing}" if template.missing else missing
        return template.unit, f"{template.meaning}, in {table}{of_kind}", f"missing {said}"
    missing = "missing where nothing is known of the customer"
    if asked.kind is not None:
        return "0 or 1", f"Whether {asked.item} is {asked.kind}, in {table}", missing
    if asked.item.endswith(_SINCE):
        return "days", f"Days since {asked.item.removesuffix(_SINCE)}, in {table}", missing
    return "as in the table", f"{asked.item}, in {table}", missing


def beside_names(log: BesideLog, known_before: int) -> tuple[str, ...]:
    """Return the names of all features of the tables beside a log.

    Parameters
    ----------
    log : Orders, or anything with tables beside it
        The log.
    known_before : int
        The frequent kinds and values are those of rows known before this day, so that names tell of nothing later.
    """
    beside, names = tables_of(log), []
    for name, table in sorted(beside.tables.items()):
        kinds = _frequent(visible_at(table.frame(), known_before), "kind", MOST_KINDS) if table.has_kinds else []
        names += _names_of_table(name, table, kinds if len(kinds) > 1 else [])
    for name, attributes in sorted(beside.attributes.items()):
        past = attributes.frame().filter(nw.col("valid_day") < known_before)
        for text in attributes.texts:
            names += [f"{name}.{text}={value}" for value in _frequent(past, text, MOST_VALUES)]
        names += [f"{name}.{number}" for number in attributes.numbers]
        names += [f"{name}.{day}{_SINCE}" for day in attributes.days]
    return tuple(names)


def _names_of_table(name: str, table: DatedTable, kinds: Sequence[str]) -> list[str]:
    has = {"": True, "ends": table.has_ends, "values": table.has_values}
    able = {item: template for item, template in TEMPLATES.items() if has[template.need]}
    of_kinds = [f"{name}.{item}={kind}" for kind in kinds for item, one in able.items() if one.is_of_kinds]
    return [*(f"{name}.{item}" for item in able), *of_kinds]


def _frequent(rows: nw.LazyFrame[Any], column: str, most: int) -> list[str]:
    """Return the texts that most rows have; of equally many those first by their letters."""
    counted = rows.filter(nw.col(column) != "").group_by(column)
    held = counted.agg(count=nw.len().cast(nw.Int64), holders=nw.col(CUSTOMER).n_unique())
    chosen = held.filter(nw.col("holders") >= LEAST_HOLDERS).select(column, "count")
    chosen = chosen.sort("count", column, descending=[True, False]).head(most)
    found = collect_arrays(chosen, sort_by=[])
    order = np.lexsort((found[column].astype(str), -found["count"]))
    return [str(found[column][place]) for place in order]


def beside_columns(log: BesideLog, snapshot: Snapshot, ids: NDArray[np.object_], names: Sequence[str]) -> Floats:
    """Return the columns of features of tables for customers, as they were known at a cutoff.

    Parameters
    ----------
    log : Orders, or anything with tables beside it
        The log.
    snapshot : Snapshot
        Its cutoff counts.
    ids : ndarray of object, shape (n,)
        The customers, sorted by code point.
    names : sequence of str
        The features.

    Returns
    -------
    ndarray of float64, shape (n, len(names))

    Raises
    ------
    ColumnError
        Where the log lacks a table, or a table what the features need.
    """
    asked = [one for one in map(Asked.of, names) if one is not None]
    check_beside(log, names)
    values, beside = np.full((len(ids), len(names)), np.nan), tables_of(log)
    if not len(ids):
        return values
    for table in dict.fromkeys(one.table for one in asked):
        places = [place for place, one in enumerate(asked) if one.table == table]
        wanted = [asked[place] for place in places]
        if table in beside.tables:
            values[:, places] = _table_columns(log, beside.tables[table], snapshot.cutoff, ids, wanted)
        else:
            values[:, places] = _attribute_columns(beside.attributes[table], snapshot.cutoff, ids, wanted)
    return values


def check_beside(log: object, names: Sequence[str]) -> None:
    """Refuse a log that lacks a table, or a table that lacks a column, which features are made of.

    Raises
    ------
    ColumnError
        With the table, and the option that names it.
    """
    beside = tables_of(log)
    for asked in filter(None, map(Asked.of, names)):
        if asked.table not in beside.tables and asked.table not in beside.attributes:
            option = "--table" if asked.template is not None else "--attributes"
            raise ColumnError(
                f"the model was trained with the table {asked.table}, and there is none beside these purchases. Name "
                f"it with {option} {asked.table}=FILE, or in churnrisk.toml, or train a model without it.",
                code="model.features_not_in_file",
            )
        if lacking := _lacking(beside, asked):
            raise ColumnError(
                f"the table {asked.table} has no {lacking}, and the model was trained with one. Use a table with the "
                "same columns as in training, or train again.",
                code="model.features_not_in_file",
            )


def _lacking(beside: TablesBeside, asked: Asked) -> str:
    """Return what a table lacks for a feature; empty for nothing."""
    if asked.table in beside.tables:
        table, template = beside.tables[asked.table], asked.template
        if template is None:
            return f"feature {asked.item}"
        lacks = {
            "ended_at": template.need == "ends" and not table.has_ends,
            "value": template.need == "values" and not table.has_values,
            "kind": asked.kind is not None and not table.has_kinds,
        }
        return next((f"column {column}" for column, is_so in lacks.items() if is_so), "")
    attributes, item = beside.attributes[asked.table], asked.item
    if asked.kind is not None:
        return "" if item in attributes.texts else f"column {item} of texts"
    if item.endswith(_SINCE):
        item = item.removesuffix(_SINCE)
        return "" if item in attributes.days else f"column {item} of days"
    return "" if item in attributes.numbers else f"column {item} of numbers"


def _table_columns(
    log: BesideLog, table: DatedTable, cutoff: int, ids: NDArray[np.object_], asked: Sequence[Asked]
) -> Floats:
    values = np.full((len(ids), len(asked)), np.nan)
    if table.first_day >= cutoff or table.last_day <= 0:  # 0: it has no rows at all
        return values
    wanted = list(dict.fromkeys((number, one.kind) for one in asked for number in _template(one).inputs))
    rows = _of_ids(visible_at(table.frame(), cutoff), ids)
    if any(number == "rows_after_purchase" for number, _ in wanted):
        bought = purchases_before(_of_ids(log.frame(), ids), cutoff).group_by(CUSTOMER)
        rows = rows.join(bought.agg(last_purchase_day=nw.col("order_day").max()), on=CUSTOMER, how="inner")
    numbers = {f"n{place}": NUMBERS[number](cutoff, _is_kind(kind)) for place, (number, kind) in enumerate(wanted)}
    found = collect_arrays(rows.group_by(CUSTOMER).agg(**numbers), sort_by=[CUSTOMER])
    at, is_there = _places(found[CUSTOMER], ids)
    spread = {
        one: _spread(found[f"n{place}"][at[is_there]], is_there, is_count=one[0].startswith("rows"))
        for place, one in enumerate(wanted)
    }
    for place, one in enumerate(asked):
        template = _template(one)
        if cutoff - template.window >= table.first_day:
            inputs = {number: spread[number, one.kind] for number in template.inputs}
            values[:, place] = template.last_step(inputs, cutoff)
    return values


def _template(asked: Asked) -> Template:
    return TEMPLATES[asked.item]


def _is_kind(kind: str | None) -> nw.Expr:
    condition: nw.Expr = nw.col("known_day") == nw.col("known_day") if kind is None else nw.col("kind") == kind
    return condition


def _of_ids(rows: nw.LazyFrame[Any], ids: NDArray[np.object_]) -> nw.LazyFrame[Any]:
    """Leave out the rows of customers before the first and after the last of sorted ids."""
    return cut_range(rows, CUSTOMER, (ids[0], None)).filter(nw.col(CUSTOMER) <= ids[-1])


def _spread(numbers: NDArray[Any], is_there: NDArray[np.bool_], *, is_count: bool) -> NDArray[Any]:
    """Put the numbers of some customers in the places of all: those of nobody are 0 for counts, else missing."""
    size = len(is_there)
    spread: NDArray[Any] = np.zeros(size, dtype=np.int64) if is_count else np.full(size, np.nan)
    spread[is_there] = numbers
    return spread


def _places(known: NDArray[Any], ids: NDArray[np.object_]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return where sorted ids stand among others, and whether they are there at all."""
    if not len(known):
        return np.zeros(len(ids), dtype=np.intp), np.zeros(len(ids), dtype=bool)
    known = known.astype(object)
    place = np.minimum(np.searchsorted(known, ids), len(known) - 1)
    return place, np.asarray(known[place] == ids, dtype=bool)


def _attribute_columns(table: AttributeTable, cutoff: int, ids: NDArray[np.object_], asked: Sequence[Asked]) -> Floats:
    rows = _of_ids(attributes_at(table.frame(), cutoff), ids)
    columns = {}
    for place, one in enumerate(asked):
        column = nw.col(one.item.removesuffix(_SINCE) if one.kind is None else one.item)
        columns[f"n{place}"] = column if one.kind is None else as_int(column == one.kind)
    found = collect_arrays(rows.select(CUSTOMER, **columns), sort_by=[CUSTOMER])
    at, is_there = _places(found[CUSTOMER], ids)
    values = np.full((len(ids), len(asked)), np.nan)
    for index, one in enumerate(asked if is_there.any() else ()):
        own = found[f"n{index}"].astype(np.float64)[at[is_there]]
        if one.kind is None:
            own = cutoff - own if one.item.endswith(_SINCE) else own / MONEY_SCALE
        values[is_there, index] = own
    return values
