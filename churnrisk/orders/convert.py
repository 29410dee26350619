"""Write a purchase history anew in the plain form that every engine reads: typed Parquet, one row per purchase row."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from churnrisk.engines import Database, explaining_storage
from churnrisk.errors import AmbiguousFormat
from churnrisk.orders.log import Orders
from churnrisk.orders.read import build_orders
from churnrisk.orders.report import IntakeReport
from churnrisk.orders.rows import RowTable
from churnrisk.sources import ColumnMatch, IntakeOptions, match_source, open_source, quote_text

_DAY = "CAST(DATE '1970-01-01' + CAST(day AS INTEGER) AS DATE)"
_MONEY = "CAST(CAST({} AS DECIMAL(19, 0)) * 0.0001 AS DECIMAL(23, 4))"


def convert_purchases(source: Any, target: Path, options: IntakeOptions) -> IntakeReport:
    """Read purchases by all rules of intake, and write the rows that are used as one Parquet file.

    What is read from it gives the same orders, and so the same scores, on every engine. Times are days from then on.

    Parameters
    ----------
    source : str, Path or frame
        Anything that :func:`churnrisk.read_orders` takes.
    target : Path
        The file, overwritten.
    options : IntakeOptions
        How to read the source; what they ask for (rates, dropped copies and cancellations) is done to the rows.
    """
    with explaining_storage(target), Database(threads=options.threads, memory=options.memory) as database:
        options = replace(options, products=True)  # what a row calls its product is of no use to most, and is kept
        raw = open_source(source, database, options)
        match = match_source(raw, database, options)
        orders = build_orders(raw, match, database, options, before_dropping=lambda rows: _keep_rows(database, rows))
        columns = ", ".join(_columns(orders, match))
        copy = f"COPY (SELECT {columns} FROM kept_rows) TO {quote_text(str(target))} (FORMAT parquet, COMPRESSION zstd)"
        database.connection.execute(copy)
        return orders.report


def _keep_rows(database: Database, rows: RowTable) -> None:
    """Set the good rows apart before they are dropped."""
    database.create_table("kept_rows", f"SELECT * FROM {rows.name} WHERE issue = 0")


def _columns(orders: Orders, match: ColumnMatch) -> list[str]:
    """Return the columns that the log knows, under the names that every reader knows."""
    known = {
        "customer_id": True,
        "order_id": "order_id" in match.positions,
        f"{_DAY} AS ordered_at": True,
        f"{_MONEY.format('amount')} AS amount": orders.has_amounts,
        f"{_MONEY.format('quantity')} AS quantity": orders.has_quantities,
        "product_id": orders.has_products,
        "description": "description" in match.positions,
        "category": orders.has_categories,
        f"{quote_text(orders.currency or '')} AS currency": orders.currency is not None,
    }
    return [column for column, is_known in known.items() if is_known]


def convert_files(
    files: Sequence[Path], folder: Path, options: IntakeOptions, *, tell: Callable[[int], object] = lambda _: None
) -> list[IntakeReport]:
    """Convert each file by itself, several at a time, into a Parquet file of its name; give their accounts in order.

    A cluster can share such work: every file may as well be converted on another machine. What spans files, such as a
    return of a purchase in another one, is found when the folder is read.

    Parameters
    ----------
    files : sequence of Path
        The files.
    folder : Path
        Where the Parquet files go.
    options : IntakeOptions
        How to read them; its threads are the files that are read at a time.
    tell : callable
        Is told how many files are done.

    Raises
    ------
    AmbiguousFormat
        Where files turn out to have other columns than the first, or other forms of dates.
    """
    targets = [folder / f"{number:05d}-{file.stem}.parquet" for number, file in enumerate(files)]
    own = [replace(options, threads=1, rejects=_rejects_of(options.rejects, file)) for file in files]
    workers = min(len(files), options.threads or os.cpu_count() or 1)
    context = multiprocessing.get_context("spawn")  # threads of an engine do not survive a fork
    with concurrent.futures.ProcessPoolExecutor(workers, mp_context=context) as pool:
        reports = []
        for report in pool.map(convert_purchases, files, targets, own):
            reports.append(report)
            tell(len(reports))
            _refuse_other_form(reports[0], report)
    return reports


def _rejects_of(rejects: Path | None, file: Path) -> Path | None:
    return None if rejects is None else rejects.with_name(f"{file.stem}.{rejects.name}")


def _refuse_other_form(first: IntakeReport, other: IntakeReport) -> None:
    if first.columns != other.columns:
        raise AmbiguousFormat(
            f"{other.source} has other columns than {first.source}: {', '.join(other.columns.values())}, and not "
            f"{', '.join(first.columns.values())}. Convert them apart, or name the columns with --column.",
            code="files.other_columns",
        )
    if first.date_format != other.date_format:
        raise AmbiguousFormat(
            f"{other.source} has dates as {other.date_format}, and {first.source} as {first.date_format}. Convert them "
            "apart, or name the form with --date-format.",
            code="files.other_dates",
        )
