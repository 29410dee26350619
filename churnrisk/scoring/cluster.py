"""Score on the executors of Spark: only counts and the first rows of the list come to this process.

Each executor gets the signed bytes of the model once, verifies them and only then rebuilds the model, once in each of
its processes. The scores are kept on the executors, ranked and sorted there, and written by them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.btyd import Summary
from churnrisk.engines import Arrays, Spark, check_folder, map_rows, replacing_folder, spark_errors
from churnrisk.errors import OutputError
from churnrisk.features import finish_features, lazy_features
from churnrisk.forecast import Valuation
from churnrisk.formulas import FORMULA, NUMBER_OR_PHONE
from churnrisk.learning import FittedModel
from churnrisk.orders import Orders
from churnrisk.schema import RISKS, STATUSES, By
from churnrisk.scoring.score import check_amounts
from churnrisk.scoring.scores import NEXT_ORDER, OUTLOOK_COLUMNS, OutlookColumns, arrange
from churnrisk.scoring.standing import CUSTOMER, find_standing, make_standing
from churnrisk.store import PackedModel, unpack_model
from churnrisk.timeline import Snapshot
from churnrisk.types import Progress

TEXTS = (CUSTOMER, "as_of", "status", "risk", *NEXT_ORDER)
WHOLE = ("risk_rank", "days_since_last_order", "order_count")
COLUMNS = (
    CUSTOMER,
    "as_of",
    "status",
    "churn_probability",
    "risk",
    "risk_rank",
    "days_since_last_order",
    "order_count",
    "total_amount",
    *OUTLOOK_COLUMNS,
)
_KNOWN = {"last_day": "known_last_day", "order_count": "known_order_count", "total_amount": "known_total_amount"}
_SLICES = 1000
_PLACE = "CASE status WHEN 'scored' THEN 0 WHEN 'lapsed' THEN 1 ELSE 2 END"

_loaded: dict[bytes, FittedModel] = {}
"""Of this process, by what was signed: a process of an executor serves many tasks and loads a model once."""


@dataclass(frozen=True)
class ClusterScores:
    """What comes back from scoring on a cluster.

    Parameters
    ----------
    snapshot : Snapshot
        What was asked.
    by : {"value", "risk"}
        What the rows are sorted by.
    statuses, risks : mapping of str to int
        Customers of each status, and of each level of risk.
    top : list of dict
        The first rows of the list.
    defused : int
        Texts that got an apostrophe in CSV, since a spreadsheet would run them as formulas.
    """

    snapshot: Snapshot
    by: By
    statuses: Mapping[str, int]
    risks: Mapping[str, int]
    top: list[dict[str, Any]]
    defused: int = 0

    @property
    def size(self) -> int:
        """How many customers."""
        return sum(self.statuses.values())


@dataclass(frozen=True)
class ScoreRows:
    """Scores rows of customers on an executor.

    Parameters
    ----------
    packed : Broadcast of PackedModel
        The model.
    snapshot : Snapshot
        The day to score at.
    has_amounts : bool
        Whether the log knows amounts.
    valuation : Valuation
        Margin and discount rate.
    """

    packed: Any
    snapshot: Snapshot
    has_amounts: bool
    valuation: Valuation

    def __call__(self, rows: Arrays) -> Arrays:
        """Return the columns of the scores but the rank, rows in another order."""
        model, snapshot = load_once(self.packed.value), self.snapshot
        known = {CUSTOMER: rows[CUSTOMER], **{name: rows[there] for name, there in _KNOWN.items()}}
        standing = make_standing(known, snapshot, has_amounts=self.has_amounts)
        last = snapshot.cutoff - standing.days_since_last_order
        is_active = np.asarray(snapshot.in_base(last), dtype=bool)  # False where nothing was bought
        active, lapsed = np.flatnonzero(is_active), np.flatnonzero(~is_active & ~np.isnan(last))
        probability = np.full(standing.size, np.nan)
        outlook = OutlookColumns(snapshot, standing.size, self.valuation)
        if len(active):
            chosen = {name: values[active] for name, values in rows.items() if name not in _KNOWN.values()}
            values = finish_features(chosen, snapshot, model.names).values
            probability[active] = model.predict(values)
            outlook.add(model, values, probability[active], active)
        outlook.add_histories(model, _histories(rows, snapshot, lapsed), lapsed)
        return dict(arrange(model, snapshot, standing, probability, outlook=outlook).columns)


def _histories(rows: Arrays, snapshot: Snapshot, places: np.ndarray) -> Summary:
    count, first, last = (
        rows[name][places].astype(np.int64)
        for name in ("purchase_day_count", "first_purchase_day", "last_purchase_day")
    )
    return Summary(count - 1, last - first, snapshot.cutoff - first)


def load_once(packed: PackedModel) -> FittedModel:
    """Verify and load a model in this process, or give the one that was loaded from the same signed bytes."""
    key = b"".join(packed.contents[name] for name in sorted(packed.contents))
    if key not in _loaded:
        model: FittedModel = unpack_model(packed)
        _loaded.clear()
        _loaded[key] = model
    return _loaded[key]


def score_on_cluster(
    model: FittedModel,
    packed: PackedModel,
    orders: Orders,
    as_of: int,
    *,
    by: By = "risk",
    valuation: Valuation | None = None,
    output: str | None = None,
    top: int = 0,
    progress: Progress | None = None,
) -> ClusterScores:
    """Score everybody in a log that lies on Spark.

    Parameters
    ----------
    model : FittedModel
        The model.
    packed : PackedModel
        The same, as the signed bytes that travel.
    orders : Orders
        The purchase history, read with ``engine="spark"`` or from a PySpark frame.
    as_of : int
        The day to score at.
    by : {"value", "risk"}
        What to sort by.
    valuation : Valuation, optional
        Margin and discount rate of the values.
    output : str, optional
        Folder to write all rows to: CSV if it ends in ``.csv``, else Parquet.
    top : int
        How many of the first rows to give.
    progress : callable, optional
        Told what is being done.
    """
    spark = orders.keeper
    if not isinstance(spark, Spark):
        raise TypeError("these orders are not on Spark")
    check_amounts(model, orders)
    tell = progress or (lambda _what, _done, _total: None)
    if output is not None:
        check_folder(spark, output)
    snapshot = model.snapshot.at(as_of)
    tell("scoring on Spark", 0, 3)
    view = _score(spark, packed, orders, snapshot, model.names, valuation or Valuation())
    counted = f"status, risk, count(*), count(value_at_risk) FROM {view} GROUP BY 1, 2 ORDER BY 1, 2"
    found = spark.rows_of(f"SELECT {counted}")
    by = by if any(row[3] for row in found) else "risk"
    tell("ranking", 1, 3)
    ranked = _rank(spark, view)
    rows = spark.rows_of(f"SELECT {', '.join(COLUMNS)} FROM {ranked} ORDER BY {_order(by)} LIMIT {top}") if top else []
    tell("writing", 2, 3)
    defused = 0 if output is None else _write(spark, ranked, by, output)
    tell("writing", 3, 3)
    return ClusterScores(
        snapshot,
        by,
        {name: sum(row[2] for row in found if row[0] == name) for name in STATUSES},
        {name: sum(row[2] for row in found if row[1] == name) for name in RISKS},
        [dict(zip(COLUMNS, row, strict=True)) for row in rows],
        defused,
    )


def _score(
    spark: Spark, packed: PackedModel, orders: Orders, snapshot: Snapshot, names: tuple[str, ...], valuation: Valuation
) -> str:
    """Return the view of the scores, computed when first asked and kept then."""
    numbers = lazy_features(orders, snapshot, who="all", names=names)
    rows = find_standing(orders, snapshot).rename(_KNOWN).join(numbers, on=CUSTOMER, how="left")
    step = ScoreRows(spark.session.sparkContext.broadcast(packed), snapshot, orders.has_amounts, valuation)
    kinds = {name: "text" if name in TEXTS else "int64" if name in WHOLE else "float64" for name in COLUMNS}
    del kinds["risk_rank"]
    return spark.view(spark.keep(map_rows(rows, step, kinds)))


def _rank(spark: Spark, view: str) -> str:
    """Return the scores with their rank by falling probability.

    A window over all customers would be one task. So probabilities are cut into slices, each a window of its own,
    and a rank is the place within the slice behind all customers of higher slices.
    """
    piece = f"CAST(floor(churn_probability * {_SLICES}) AS INT)"
    counted = spark.rows_of(
        f"SELECT {piece} AS s, count(*) FROM {view} WHERE status = 'scored' GROUP BY 1 ORDER BY 1 DESC"
    )
    before, pairs = 0, []
    for number, count in counted:
        pairs.append(f"({number}, {before})")
        before += count
    places = f"SELECT * FROM VALUES {', '.join(pairs or ['(0, 0)'])} AS t(slice, before)"
    within = "row_number() OVER (PARTITION BY slice ORDER BY churn_probability DESC, customer_id)"
    scored = (
        f"SELECT v.*, before + {within} AS risk_rank FROM (SELECT *, {piece} AS slice FROM {view} "
        f"WHERE status = 'scored') v JOIN ({places}) USING (slice)"
    )
    names = ", ".join(COLUMNS)
    others = f"SELECT *, CAST(NULL AS BIGINT) AS risk_rank FROM {view} WHERE status <> 'scored'"
    query = f"SELECT {names} FROM ({scored}) UNION ALL SELECT {names} FROM ({others})"
    return spark.view(spark.sql(query))


def _order(by: By) -> str:
    value = "coalesce(value_at_risk, 0) DESC, " if by == "value" else ""
    return f"{_PLACE}, {value}coalesce(churn_probability, 0) DESC, customer_id"


def _write(spark: Spark, ranked: str, by: By, output: str) -> int:
    """Write all rows, sorted over the files too; the folder appears whole or not at all."""
    is_csv = output.lower().rstrip("/").endswith(".csv")
    names = [_csv_sql(spark, name) if is_csv else name for name in COLUMNS]
    frame = spark.sql(f"SELECT {', '.join(names)} FROM (SELECT * FROM {ranked} ORDER BY {_order(by)})")
    try:
        with replacing_folder(spark, output) as folder, spark_errors():
            if is_csv:
                frame.write.csv(folder, header=True, escape='"', nullValue="", emptyValue="")
            else:
                frame.write.parquet(folder)
    except OSError as error:
        raise OutputError(f"{output}: cannot be written: {error}") from error
    if not is_csv:
        return 0
    [(defused,)] = spark.rows_of(f"SELECT count_if({_is_formula(spark, CUSTOMER)}) FROM {ranked}")
    return int(defused)


def _is_formula(spark: Spark, column: str) -> str:
    number = spark.quote_text(f"^{NUMBER_OR_PHONE}$")
    return f"{column} RLIKE {spark.quote_text(FORMULA)} AND NOT {column} RLIKE {number}"


def _csv_sql(spark: Spark, name: str) -> str:
    """Return a column as CSV has it: formulas defused, numbers without powers of ten."""
    if name == CUSTOMER:
        return f"CASE WHEN {_is_formula(spark, name)} THEN concat('\\'', {name}) ELSE {name} END AS {name}"
    if name in TEXTS or name in WHOLE:
        return name
    return f"regexp_replace(CAST(CAST({name} AS DECIMAL(38, 9)) AS STRING), '\\\\.?0+$', '') AS {name}"
