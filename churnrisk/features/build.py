"""From a log to a feature matrix: one lazy query on integers, then the last step in NumPy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from churnrisk.engines import (
    Arrays,
    Database,
    choose_rows,
    cluster,
    collect_arrays,
    iterate_batches,
    key_ranges,
    map_ahead,
)
from churnrisk.errors import IncompatibleModel
from churnrisk.features.base import CUSTOMER, PurchaseLog, has_purchased, in_base, line_history, order_history
from churnrisk.features.beside import beside_columns
from churnrisk.features.catalogue import (
    FEATURES_BY_NAME,
    WHOLE_NUMBERS,
    LogFacts,
    select_features,
    whole_numbers_of,
)
from churnrisk.features.compiled import run_kept
from churnrisk.features.feature import Feature, WholeNumber
from churnrisk.features.parts import PART_ROWS, RANGE_ROWS, ClusteredLog, RangedLog, frames_to_cluster, is_large
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

Who = Literal["base", "all"]
"""Which customers: those of the customer base, or all with a purchase before the cutoff."""

_ALWAYS = ("first_purchase_day", "last_purchase_day", "order_count", "purchase_day_count")
_DETAILS = {"products": "product_id", "categories": "category"}


@dataclass(frozen=True)
class Features:
    """The features of some customers at a snapshot.

    Parameters
    ----------
    snapshot : Snapshot
        When.
    customer_ids : ndarray of object, shape (n,)
        Who, sorted by code point.
    names : tuple of str
        The p columns of ``values``.
    values : ndarray of float64, shape (n, p)
        NaN where a feature is missing for a customer.
    raw : dict of str to ndarray of int64, shape (n,)
        Whole numbers for the output: ``days_since_last_order``, ``tenure_days``, ``order_count``,
        ``purchase_day_count``, and where the log has amounts ``total_amount`` and ``net_amount``
        (before and after returns, in ten-thousandths).
    """

    snapshot: Snapshot
    customer_ids: NDArray[np.object_]
    names: tuple[str, ...]
    values: Floats
    raw: dict[str, NDArray[np.int64]]


def customer_features(
    log: PurchaseLog,
    snapshot: Snapshot,
    *,
    who: Who = "base",
    names: Sequence[str] | None = None,
    database: Database | None = None,
) -> Features:
    """Compute features from the orders before a cutoff: one row per customer.

    Parameters
    ----------
    log : PurchaseLog
        Orders on any engine.
    snapshot : Snapshot
        The cutoff, and the windows that some features are tied to.
    who : {"base", "all"}
        The customer base, or everybody with a purchase before the cutoff.
    names : sequence of str, optional
        The features to compute, in this order; by default all that the log supports.
    database : Database, optional
        The one that the log lies in; then the text of the query is kept, for other snapshots of the same windows.
    """
    features = select_features(log, names)
    found = None if database is None else _ask_kept(log, snapshot, features, who, database=database)
    if found is None:
        query = _whole_number_query(log, snapshot, features, who)
        found = collect_arrays(query, sort_by=[CUSTOMER])
    return _add_tables(_apply_last_step(found, snapshot, features), log, names)


def _ask_kept(
    log: PurchaseLog, snapshot: Snapshot, features: Sequence[Feature], who: Who, *, database: Database
) -> Arrays | None:
    """Ask by the text of the query as it was kept for other cutoffs; None where it cannot be kept."""

    def write(cutoff: int) -> str:
        return database.write_query(_whole_number_query(log, snapshot.at(cutoff), features, who).sort(CUSTOMER))

    facts = (log.has_amounts, log.has_quantities, log.has_products, log.has_categories)
    asked = who, facts, snapshot.at(0), tuple(feature.name for feature in features)
    return run_kept(database, asked, write, snapshot.cutoff)


def iterate_features(
    log: PurchaseLog,
    snapshot: Snapshot,
    *,
    rows: int,
    who: Who = "base",
    names: Sequence[str] | None = None,
    database: Database | None = None,
    part_rows: int | None = None,
) -> Iterator[Features]:
    """Compute what :func:`customer_features` does, in batches of about ``rows`` customers, sorted throughout.

    With ``database``, the one that the log lies in, no more than a batch is held in memory, and a log of more than
    ``part_rows`` orders (by default what the memory limit allows) is stored by customer for the while and asked in
    parts of at most so many.
    Nobody in the base means no batch.
    """
    features = select_features(log, names)
    batches = _iterate_arrays(log, snapshot, features, who, rows=rows, database=database, part_rows=part_rows)
    for batch in map_ahead(lambda batch: _apply_last_step(batch, snapshot, features), batches, workers=1):
        yield _add_tables(batch, log, names)


def _iterate_arrays(
    log: PurchaseLog,
    snapshot: Snapshot,
    features: Sequence[Feature],
    who: Who,
    *,
    rows: int,
    database: Database | None,
    part_rows: int | None,
) -> Iterator[Arrays]:
    part_rows = part_rows or (0 if database is None else choose_rows(database))
    if database is None or not is_large(log, database, rows=part_rows):
        for ends in key_ranges(database, table="orders", key=CUSTOMER, rows=RANGE_ROWS):
            query = _whole_number_query(RangedLog(log, ends), snapshot, features, who)
            yield from iterate_batches(query, sort_by=[CUSTOMER], rows=rows, database=database)
        return
    with cluster(database, frames_to_cluster(log), CUSTOMER) as clustered:
        query = _whole_number_query(ClusteredLog(log, clustered), snapshot, features, who)
        yield from clustered.iterate(query, rows=rows, part_rows=min(part_rows, PART_ROWS))


def _add_tables(features: Features, log: PurchaseLog, names: Sequence[str] | None) -> Features:
    """Add the features of tables beside the purchases that are named, each in its place."""
    beside = [name for name in names or () if name not in FEATURES_BY_NAME]
    if names is None or not beside:
        return features
    both = np.column_stack([features.values, beside_columns(log, features.snapshot, features.customer_ids, beside)])
    place = {name: place for place, name in enumerate((*features.names, *beside))}
    return replace(features, names=tuple(names), values=both[:, [place[name] for name in names]])


def lazy_features(
    log: PurchaseLog, snapshot: Snapshot, *, who: Who = "base", names: Sequence[str] | None = None
) -> nw.LazyFrame[Any]:
    """Return the whole numbers behind the features as a lazy query, for work that stays in the engine.

    Raises
    ------
    IncompatibleModel
        For features of tables beside the purchases, which are put together outside of the engine.
    """
    if any(name not in FEATURES_BY_NAME for name in names or ()):
        raise IncompatibleModel(
            "a model with tables beside the purchases cannot score on a cluster yet. Score a part of the customers on "
            "one machine, or train a model without the tables."
        )
    return _whole_number_query(log, snapshot, select_features(log, names), who)


def finish_features(arrays: Arrays, snapshot: Snapshot, names: Sequence[str]) -> Features:
    """Do the last step for rows of :func:`lazy_features` that have come out of an engine, wherever they have got to."""
    return _apply_last_step(arrays, snapshot, select_features(LogFacts(), names))


def _whole_number_query(
    log: PurchaseLog, snapshot: Snapshot, features: Sequence[Feature], who: Who
) -> nw.LazyFrame[Any]:
    numbers = _numbers_to_collect(log, features)
    orders = order_history(log, snapshot).group_by(CUSTOMER).agg(*_expressions(numbers, "orders", snapshot))
    query = orders.filter(in_base(snapshot) if who == "base" else has_purchased())
    for source, column in _DETAILS.items():
        if expressions := _expressions(numbers, source, snapshot):
            details = _lines_per(log, snapshot, column).group_by(CUSTOMER).agg(*expressions)
            query = query.join(details, on=CUSTOMER, how="left")
    return query.select(CUSTOMER, *(number.name for number in numbers))


def _numbers_to_collect(log: PurchaseLog, features: Sequence[Feature]) -> tuple[WholeNumber, ...]:
    always = {*_ALWAYS, *(("total_amount", "net_amount") if log.has_amounts else ())}
    needed = {number.name for number in whole_numbers_of(features)} | always
    return tuple(number for name, number in WHOLE_NUMBERS.items() if name in needed)


def _expressions(numbers: Sequence[WholeNumber], source: str, snapshot: Snapshot) -> list[nw.Expr]:
    return [number.expression(snapshot).alias(number.name) for number in numbers if number.source == source]


def _lines_per(log: PurchaseLog, snapshot: Snapshot, column: str) -> nw.LazyFrame[Any]:
    """Return one row per customer and product (or category): how many rows, first and last day."""
    named = line_history(log, snapshot).filter(nw.col(column) != "")
    return named.group_by(CUSTOMER, column).agg(
        bought_line_count=nw.len().cast(nw.Int64),
        first_bought_day=nw.col("order_day").min(),
        last_bought_day=nw.col("order_day").max(),
    )


def _apply_last_step(arrays: Arrays, snapshot: Snapshot, features: Sequence[Feature]) -> Features:
    ids = arrays[CUSTOMER].astype(object)
    values = np.empty((len(ids), len(features)))
    with np.errstate(all="raise"):
        for index, feature in enumerate(features):
            # as floats only while they are asked for: all at once would need twice the room
            inputs = {name: arrays[name].astype(np.float64) for name in feature.inputs}
            values[:, index] = feature.last_step(inputs, snapshot)
    names = tuple(feature.name for feature in features)
    return Features(snapshot, ids, names, values, _raw_columns(arrays, snapshot))


def _raw_columns(arrays: Arrays, snapshot: Snapshot) -> dict[str, NDArray[np.int64]]:
    whole = {name: arrays[name].astype(np.int64) for name in (*_ALWAYS, "total_amount", "net_amount") if name in arrays}
    return {
        "days_since_last_order": snapshot.cutoff - whole.pop("last_purchase_day"),
        "tenure_days": snapshot.cutoff - whole.pop("first_purchase_day"),
        **whole,
    }
