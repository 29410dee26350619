"""Work over the whole history of the shop: scores of everybody as a file, and a model trained on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from churnrisk.cards import describe_recipe
from churnrisk.errors import StateError
from churnrisk.explain import make_finder, score_with_reasons
from churnrisk.memory import remember
from churnrisk.planning import Day, choose_as_of
from churnrisk.schema import STATUSES, By, ReasonsFor
from churnrisk.shop.files import ShopPlan
from churnrisk.shop.preparation import open_history
from churnrisk.state import open_state, stamp_tombstones
from churnrisk.timeline import date_of
from churnrisk.types import Progress
from churnrisk.workflows import ScoreResult, TrainPlan, load, train_orders, write_scores

TOP = 10


def score_everybody(
    plan: ShopPlan,
    path: Path,
    *,
    as_of: Day = None,
    model: str | None = None,
    by: By = "value",
    reasons: ReasonsFor = "listed",
    progress: Progress,
) -> dict[str, Any]:
    """Score everybody in the history, orders received included, and write the file that ``churnrisk score`` writes.

    The run is remembered, as one from the shell is.

    Parameters
    ----------
    plan : ShopPlan
        The shop.
    path : Path
        The CSV file.
    as_of, model, by, reasons
        As for ``churnrisk score``.
    progress : callable
        Told what is being done.

    Returns
    -------
    dict
        ``model, as_of, customers`` and counts; nothing of any customer.
    """
    progress("reading purchases", 0, 3)
    churn_model, forgotten = load(model, models_dir=plan.models_dir), _stamp(plan)
    with open_history(plan, churn_model.card) as orders:
        progress("scoring", 1, 3)
        day = choose_as_of(churn_model.model, orders, as_of)
        chosen: ReasonsFor = "none" if churn_model.model.sample is None else reasons
        finder = make_finder(churn_model.model, chosen, top=TOP, by=by)
        scores = score_with_reasons(finder, churn_model.model, orders, day, by=by, valuation=plan.valuation)
    progress("writing", 2, 3)
    if _stamp(plan) != forgotten:
        raise StateError("a customer was forgotten while everybody was scored, and nothing was kept; ask for it again.")
    write_scores(ScoreResult(scores, "purchases", (), {}), str(path))
    run = remember(plan.state, scores, model=str(churn_model.version), kind="purchases")
    progress("done", 3, 3)
    return {
        "model": churn_model.version,
        "as_of": date_of(day).isoformat(),
        "customers": len(scores),
        "counts": {status: scores.count("status", status) for status in STATUSES},
        "sorted_by": scores.by,
        "run": run,
    }


def _stamp(plan: ShopPlan) -> str:
    with open_state(plan.state) as state:
        return stamp_tombstones(state)


def train_on_history(plan: ShopPlan, how: TrainPlan, *, promote: bool = False, progress: Progress) -> dict[str, Any]:
    """Train on the history, orders received included, and store the model, signed.

    Parameters
    ----------
    plan : ShopPlan
        The shop; campaigns of its state are taken into account.
    how : TrainPlan
        As for ``churnrisk train``.
    promote : bool
        Whether the model becomes the current one.
    progress : callable
        Told what is being done.

    Returns
    -------
    dict
        ``version``, ``is_promoted``, and of the card the snapshot and the grade.
    """
    most = how.train_customers
    recipe = describe_recipe(plan.purchases, plan.options, backtest=how.backtest, train_customers=most)
    with open_history(plan) as orders:
        model = train_orders(orders, how, campaigns=plan.state, recipe=recipe, progress=progress)
    version = model.save(plan.models_dir, promote=promote)
    return {
        "version": version,
        "is_promoted": promote,
        "snapshot": model.card["snapshot"],
        "grade": model.card.get("grade"),
    }
