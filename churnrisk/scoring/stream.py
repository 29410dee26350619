"""Score a log whose customers are too many for arrays: batches go through the model and back into the engine.

What is held is one batch of features for each thread and eight bytes for each scored customer, for the ranks.
Everything else lies in the log's own database, which sorts it on disk where memory does not suffice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np

from churnrisk.btyd import Summary
from churnrisk.engines import BATCH_ROWS, Arrays, Database, StoredTable, collect_arrays, iterate_batches, map_ahead
from churnrisk.features import Features, iterate_features
from churnrisk.forecast import Outlook, Valuation
from churnrisk.learning import FittedModel
from churnrisk.orders import Orders
from churnrisk.schema import By
from churnrisk.scoring.score import Watch, check_amounts
from churnrisk.scoring.scores import DECIMALS, OUTLOOK_COLUMNS, OutlookColumns, Scores, dress
from churnrisk.scoring.standing import CUSTOMER, find_lapsed, find_standing, make_standing
from churnrisk.timeline import Snapshot

_LAPSED = "return_probability"
_NUMBERS = ("churn_probability", *(name for name in OUTLOOK_COLUMNS if name != _LAPSED), "alive_probability")


@dataclass(frozen=True)
class StreamedScores:
    """Scores that lie in the database of their log, in the order of the list; they go when it is closed.

    Parameters
    ----------
    snapshot : Snapshot
        What was asked.
    by : {"value", "risk"}
        What they are sorted by.
    size : int
        How many customers.
    """

    snapshot: Snapshot
    by: By
    size: int
    _counts: Mapping[tuple[str, str], int]
    _model: FittedModel
    _table: StoredTable
    _database: Database
    _has_amounts: bool

    def __len__(self) -> int:
        return self.size

    def count(self, column: str, value: str) -> int:
        """Count the customers with a value of ``status`` or ``risk``."""
        return self._counts.get((column, value), 0)

    def batches(self, *, rows: int = BATCH_ROWS) -> Iterator[Scores]:
        """Yield them part by part, in the order of the list."""
        yield from map(self._dress, self._table.batches(rows=rows))

    def _dress(self, found: Arrays) -> Scores:
        standing = make_standing(found, self.snapshot, has_amounts=self._has_amounts)
        outlook = {name: found[name] for name in OUTLOOK_COLUMNS}
        columns = dress(self._model, self.snapshot, standing, found["churn_probability"], found["risk_rank"], outlook)
        return Scores(self.snapshot, columns, self.by, found["alive_probability"])


def stream_scores(
    model: FittedModel,
    orders: Orders,
    as_of: int,
    *,
    batch_rows: int = BATCH_ROWS,
    part_rows: int | None = None,
    by: By = "risk",
    valuation: Valuation | None = None,
    watch: Watch | None = None,
) -> StreamedScores:
    """Score everybody in a log that lies in a database; what comes out equals :func:`score_orders`, value by value.

    Parameters
    ----------
    model, orders, as_of, batch_rows, by, valuation, watch
        As for :func:`score_orders`.
    part_rows : int, optional
        Orders that a query for features reads at a time, about; by default what the memory limit allows.
    """
    check_amounts(model, orders)
    database = orders.database
    if database is None:
        raise TypeError("a stream needs orders in a database")
    snapshot = model.snapshot.at(as_of)
    standing, made = StoredTable(database, "standing_rows"), _Made(database)
    standing.fill(find_standing(orders, snapshot))
    batches = iterate_features(
        orders, snapshot, rows=batch_rows, names=model.names, database=database, part_rows=part_rows
    )
    step = _Step(model, snapshot, valuation or Valuation())
    for batch, numbers in map_ahead(step, batches):
        made.add(batch, numbers, model)
        if watch is not None:
            watch(batch.customer_ids, batch.values, numbers["churn_probability"], numbers["value_at_risk"])
    made.rank()
    is_lapsed = _follow_lapsed(model, orders, snapshot, batch_rows)
    by = "value" if by == "value" and made.has_values else "risk"
    table = StoredTable(database, "score_rows")
    table.fill(_join(standing.frame(), made, is_lapsed=is_lapsed, by=by))
    counts = made.counts | _count_others(standing, scored=made.size)
    return StreamedScores(snapshot, by, len(table), counts, model, table, database, orders.has_amounts)


@dataclass(frozen=True)
class _Step:
    """From a batch of features to its numbers; runs on a thread of its own."""

    model: FittedModel
    snapshot: Snapshot
    valuation: Valuation

    def __call__(self, batch: Features) -> tuple[Features, Arrays]:
        probability = self.model.predict(batch.values)
        outlook = OutlookColumns(self.snapshot, len(probability), self.valuation)
        outlook.add(self.model, batch.values, probability, np.arange(len(probability)))
        numbers = {"churn_probability": probability, **outlook.numbers, "alive_probability": outlook.alive}
        return batch, {name: numbers[name] for name in _NUMBERS}


class _Made:
    """The scored customers while they come, sorted by id."""

    def __init__(self, database: Database) -> None:
        self.rows, self.ranks = StoredTable(database, "scored_rows"), StoredTable(database, "rank_rows")
        self.counts: Counter[tuple[str, str]] = Counter()
        self.has_values, self.size = False, 0
        self._probability: list[np.ndarray] = []

    def add(self, batch: Features, numbers: Arrays, model: FittedModel) -> None:
        size = len(batch.customer_ids)
        member = np.arange(self.size, self.size + size)
        self.rows.append({CUSTOMER: batch.customer_ids, "member": member, **numbers})
        self.size += size
        self._probability.append(numbers["churn_probability"])
        self.counts.update(("risk", level) for level in model.bands.classify(numbers["churn_probability"]))
        self.has_values |= not bool(np.isnan(numbers["value_at_risk"]).all())

    def rank(self) -> None:
        """Rank by falling probability; of two alike the one whose id comes first."""
        if not self.size:
            return
        order = np.argsort(-np.concatenate(self._probability), kind="stable")
        self._probability.clear()
        for start in range(0, self.size, BATCH_ROWS):
            member = order[start : start + BATCH_ROWS]
            self.ranks.append({"member": member, "risk_rank": np.arange(start, start + len(member)) + 1.0})


def _follow_lapsed(model: FittedModel, orders: Orders, snapshot: Snapshot, rows: int) -> StoredTable | None:
    """Put aside how likely lapsed customers are to return; None where that is not known of anybody."""
    database = orders.database
    if model.outlook is None or database is None:
        return None
    table = StoredTable(database, "lapsed_rows")
    found = iterate_batches(find_lapsed(orders, snapshot), sort_by=[CUSTOMER], rows=rows, database=database)
    for batch in map_ahead(partial(_expect_return, model.outlook, snapshot), found):
        table.append(batch)
    return table if table.exists else None


def _expect_return(outlook: Outlook, snapshot: Snapshot, batch: Arrays) -> Arrays:
    histories = Summary(batch["n"] - 1, batch["last_day"] - batch["first_day"], snapshot.cutoff - batch["first_day"])
    returning = outlook.return_probability(histories, lead=snapshot.lead)
    alive = outlook.alive_probability(histories)
    return {
        CUSTOMER: batch[CUSTOMER],
        _LAPSED: np.round(returning, DECIMALS),
        "lapsed_alive": np.round(alive, DECIMALS),
    }


def _join(standing: nw.LazyFrame[Any], made: _Made, *, is_lapsed: StoredTable | None, by: By) -> nw.LazyFrame[Any]:
    """Put everything beside each other, and sort as :func:`arrange` does."""
    nothing = nw.lit(None, dtype=nw.Float64)
    if made.size:
        ranked = made.rows.frame().join(made.ranks.frame(), on="member", how="left").drop("member")
        table = standing.join(ranked, on=CUSTOMER, how="left")
    else:
        table = standing.with_columns(**dict.fromkeys((*_NUMBERS, "risk_rank"), nothing))
    if is_lapsed is None:
        table = table.with_columns(**{_LAPSED: nothing, "lapsed_alive": nothing})
    else:
        table = table.join(is_lapsed.frame(), on=CUSTOMER, how="left")
    table = table.with_columns(alive_probability=_first_known("alive_probability", "lapsed_alive")).drop("lapsed_alive")
    known = nw.col("churn_probability"), nw.col("value_at_risk") if by == "value" else nw.lit(0.0)
    probability, value = (nw.when(~one.is_null()).then(one).otherwise(nw.lit(0.0)) for one in known)
    is_scored, has_bought = (~nw.col(name).is_null() for name in ("churn_probability", "last_day"))
    place = nw.when(is_scored).then(nw.lit(0)).otherwise(nw.when(has_bought).then(nw.lit(1)).otherwise(nw.lit(2)))
    keyed = table.with_columns(k1=place, k2=nw.lit(0.0) - value, k3=nw.lit(0.0) - probability)
    return keyed.sort("k1", "k2", "k3", CUSTOMER).drop("k1", "k2", "k3")


def _first_known(*names: str) -> nw.Expr:
    first, second = map(nw.col, names)
    return nw.when(~first.is_null()).then(first).otherwise(second)


def _count_others(standing: StoredTable, *, scored: int) -> dict[tuple[str, str], int]:
    bought = ~nw.col("last_day").is_null()
    total, with_purchases = (_count(frame) for frame in (standing.frame(), standing.frame().filter(bought)))
    lapsed, none = with_purchases - scored, total - with_purchases
    return {("status", "scored"): scored, ("status", "lapsed"): lapsed, ("status", "no_purchases"): none}


def _count(frame: nw.LazyFrame[Any]) -> int:
    return int(collect_arrays(frame.select(n=nw.len()), sort_by=["n"])["n"][0])
