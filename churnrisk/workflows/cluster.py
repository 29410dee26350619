"""Score a purchase history where Spark keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from churnrisk.cards import read_as_trained, warn_of_grade
from churnrisk.forecast import Valuation
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.planning import Day, choose_as_of
from churnrisk.schema import By
from churnrisk.scoring import ClusterScores, score_on_cluster
from churnrisk.workflows.model import ChurnModel


@dataclass(frozen=True)
class ClusterResult:
    """Scores that lie on a cluster, and how they came about.

    Parameters
    ----------
    scores : ClusterScores
        Counts, and the first rows.
    notices : tuple of str
        What a user should know about the reading.
    intake : mapping
        The account of the rows.
    """

    scores: ClusterScores
    notices: tuple[str, ...]
    intake: Mapping[str, Any]


def score_source_on_spark(
    churn_model: ChurnModel,
    source: Any,
    *,
    as_of: Day = None,
    by: By = "value",
    valuation: Valuation | None = None,
    options: IntakeOptions | None = None,
    output: str | None = None,
    top: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> ClusterResult:
    """Score a purchase history on Spark, and write the scores there.

    Parameters
    ----------
    churn_model : ChurnModel
        What to score with; its signed bytes go to the executors.
    source : str, Path or PySpark frame
        Purchases that all of Spark sees.
    as_of : str or date, optional
        The day to score at.
    by : {"value", "risk"}
        What to sort by.
    valuation : Valuation, optional
        Margin and discount rate; by default values are revenue.
    options : IntakeOptions, optional
        How to read, and on which Spark.
    output : str, optional
        Folder for all rows, Parquet, or CSV if it ends in ``.csv``; it appears whole or not at all.
    top : int
        How many of the first rows to give back.
    progress : callable, optional
        Told what is being done, the steps done, and all steps.
    """
    if progress is not None:
        progress("reading purchases on Spark", 0, 3)
    chosen = read_as_trained(options or IntakeOptions(engine="spark"), churn_model.card)
    with read_orders(source, chosen) as orders:
        day = choose_as_of(churn_model.model, orders, as_of)
        scores = score_on_cluster(
            churn_model.model,
            churn_model.pack(),
            orders,
            day,
            by=by,
            valuation=valuation,
            output=output,
            top=top,
            progress=progress,
        )
        return ClusterResult(
            scores, (*warn_of_grade(churn_model.card), *orders.report.notices), orders.report.describe()
        )
