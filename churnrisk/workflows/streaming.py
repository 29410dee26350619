"""Scores of a large log, straight into a file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from churnrisk.explain import REASON_COLUMNS, ReasonFinder
from churnrisk.forecast import Valuation
from churnrisk.learning import FittedModel
from churnrisk.orders import Orders
from churnrisk.schema import By, CsvStyle
from churnrisk.scoring import NEXT_ORDER, Scores, StreamedScores, stream_scores
from churnrisk.tables import Kind, Table, whole_numbers, write_tables

STREAM_ORDERS = 3_000_000
"""A log of more orders is scored in a stream, where the scores go to a file that can be written in parts."""

WHOLE_COLUMNS = ("risk_rank", "days_since_last_order", "order_count")
TEXT_COLUMNS = ("customer_id", "as_of", "status", "risk", *NEXT_ORDER, *REASON_COLUMNS)
ENDINGS = (".csv", ".parquet")


@dataclass(frozen=True)
class StreamTo:
    """A file for the scores of a large log.

    Parameters
    ----------
    path : Path
        Ends in ``.csv`` or ``.parquet``.
    csv_style : {"plain", "excel"}
        How CSV is written.
    orders : int
        What counts as large.
    """

    path: Path
    csv_style: CsvStyle = "plain"
    orders: int = STREAM_ORDERS

    @classmethod
    def choose(cls, output: str | None, *, csv_style: CsvStyle) -> StreamTo | None:
        """Take a result file that can be written in parts; None for any other place, or none."""
        if output is None or "://" in output or Path(output).suffix.lower() not in ENDINGS:
            return None
        return cls(Path(output), csv_style)

    def takes(self, orders: Orders | None) -> bool:
        """Tell whether a log is to be streamed: a large one, with every customer in it that is in the file."""
        if orders is None or orders.database is None:
            return False
        return orders.report.orders > self.orders


@dataclass(frozen=True)
class Streamed:
    """What was written: all customers of a log, of whom only the first are at hand.

    Parameters
    ----------
    scores : StreamedScores
        For counts; its rows went with the log.
    defused : int
        Texts that got an apostrophe.
    """

    scores: StreamedScores
    defused: int


def write_stream(
    target: StreamTo,
    model: FittedModel,
    orders: Orders,
    as_of: int,
    *,
    by: By,
    valuation: Valuation | None,
    finder: ReasonFinder | None,
    top: int,
) -> tuple[Scores, Streamed]:
    """Score a log into a file, whole or absent, and give the first rows of the list with what was written.

    The file is the same, byte by byte, as one that is written of scores in arrays.
    """
    watch = None if finder is None else finder.see
    stream = stream_scores(model, orders, as_of, by=by, valuation=valuation, watch=watch)
    first: list[Scores] = []

    def tables() -> Iterator[Table]:
        for part in stream.batches():
            scores = part if finder is None else finder.add_to(part)
            if not first:
                first.append(_head(scores, max(top, 1)))
            yield table_of(scores)

    parts = tables()
    peeked = next(parts)
    kinds = kinds_of(peeked.names)
    every = itertools.chain([peeked], parts)
    defused = write_tables(every, target.path, kinds=kinds, holds="scores", csv_style=target.csv_style)
    return first[0], Streamed(stream, defused)


def table_of(scores: Scores) -> Table:
    """Return scores as a table: whole numbers whole, None where there is nothing."""
    columns: dict[str, Any] = dict(scores.columns)
    return Table(columns | {name: whole_numbers(columns[name]) for name in WHOLE_COLUMNS})


def kinds_of(names: Sequence[str]) -> dict[str, Kind]:
    """Return what each column of scores holds."""
    return {name: "whole" if name in WHOLE_COLUMNS else "text" if name in TEXT_COLUMNS else "float" for name in names}


def _head(scores: Scores, rows: int) -> Scores:
    columns = {name: values[:rows].copy() for name, values in scores.columns.items()}
    return replace(scores, columns=columns, alive_probability=scores.alive_probability[:rows].copy())
