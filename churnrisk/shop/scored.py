"""Everybody's scores in a generation: who is scored with which model, the list, and what is known of it as a whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from churnrisk.engines import FileDatabase
from churnrisk.errors import ChurnriskError, IncompatibleModel, ModelNotFound
from churnrisk.explain import make_finder, score_with_reasons, with_reasons
from churnrisk.features import check_beside
from churnrisk.messages import mark
from churnrisk.orders import FACTS, Orders
from churnrisk.planning import choose_as_of
from churnrisk.retention import build_segments
from churnrisk.schema import ReasonsFor
from churnrisk.scoring import Scores, standing_of
from churnrisk.shop.files import ShopPlan
from churnrisk.shop.newcomers import list_unscored
from churnrisk.shop.pasts import write_pasts
from churnrisk.shop.products import Bought, tell_products, write_titles
from churnrisk.shop.summary import summarise
from churnrisk.shop.week_list import place_customers
from churnrisk.timeline import DEFAULT_LOOKBACK, Snapshot
from churnrisk.types import Progress
from churnrisk.workflows import ChurnModel, load

TOP = 10
NO_MODEL = "no model is stored yet; `churnrisk train`, or a training job, makes one."


def write_scores(
    plan: ShopPlan, orders: Orders, file: FileDatabase, bought: Bought, reasons: ReasonsFor, tell: Progress
) -> dict[str, Any]:
    """Score everybody, write the list to the file, and give what is known of the orders and scores as a whole."""
    model, problem = _find_model(plan.models_dir, orders)
    day = orders.last_day + 1 if model is None else choose_as_of(model.model, orders, None)
    snapshot = Snapshot(day, DEFAULT_LOOKBACK, 1) if model is None else model.model.snapshot.at(day)
    if model is None:
        scores, family = list_unscored(standing_of(orders, snapshot), snapshot), None
    else:
        scores, family = _score(plan, model, orders, day, reasons, tell)
    segments, segment = _find_segments(orders, day, scores)
    columns = {**scores.columns, "alive_probability": scores.alive_probability, "segment": segment}
    columns["value_place"] = np.arange(len(scores))
    columns["main_family"] = np.full(len(scores), None, dtype=object) if family is None else family
    products = tell_products(bought, scores.columns["customer_id"], day)
    places, listed_by = place_customers(scores, segment, plan, model)
    sorted_by, summary = scores.by, summarise(scores)
    del scores  # of a million customers its columns are a quarter of a gigabyte, and are now sorted anew one by one
    columns |= products.columns | places
    _write_list(file, columns)
    write_titles(file, products.names)
    write_pasts(file, bought.names, as_of=day, has_lines=orders.has_products or orders.has_categories)
    return {
        "model": None if model is None else model.version,
        "model_problem": problem,
        "as_of": day,
        "first_day": orders.first_day,
        "last_day": orders.last_day,
        "facts": {name: getattr(orders, name) for name in FACTS},
        "currency": orders.currency,
        "sorted_by": sorted_by,
        "listed_by": listed_by,
        "reasons": reasons,
        "segments": segments,
        "summary": summary,
        "products": products.summary,
        "products_problem": products.problem,
    }


def _find_model(models_dir: Path, orders: Orders) -> tuple[ChurnModel | None, str]:
    """Load the current model; else say why nobody is scored."""
    try:
        model = load(models_dir=models_dir)
        check_beside(orders, model.model.names)
        if model.model.needs_amounts and not orders.has_amounts:
            raise IncompatibleModel(mark("the model was trained with amounts, and the purchase history has none."))
    except ModelNotFound:
        return None, NO_MODEL
    except ChurnriskError as error:
        return None, str(error)
    return model, ""


def _score(
    plan: ShopPlan, model: ChurnModel, orders: Orders, day: int, reasons: ReasonsFor, tell: Progress
) -> tuple[Scores, np.ndarray | None]:
    """Score everybody; return the scores with reasons, and the main family of each customer where there are reasons."""
    chosen: ReasonsFor = "none" if model.model.sample is None else reasons
    finder = make_finder(model.model, chosen, top=TOP, by="value")
    how: dict[str, Any] = {"by": "value", "valuation": plan.valuation, "progress": tell}
    scores = score_with_reasons(finder, model.model, orders, day, **how)
    if finder is None:
        return with_reasons(scores, {}), None
    return scores, np.array([finder.families.get(one) for one in scores.columns["customer_id"]], dtype=object)


def _find_segments(orders: Orders, day: int, scores: Scores) -> tuple[dict[str, Any], np.ndarray]:
    """Return the segments with their figures, and the segment of each customer of the list."""
    ids, probability = scores.columns["customer_id"], scores.columns["churn_probability"]
    is_known = ~np.isnan(probability)
    known = zip(ids[is_known], probability[is_known].tolist(), strict=True)
    segmentation = build_segments(orders, day, churn_probability=dict(known))
    segment_of = segmentation.segment_of()
    return segmentation.to_dict(), np.array([segment_of.get(one) for one in ids], dtype=object)


def _write_list(file: FileDatabase, columns: dict[str, np.ndarray]) -> None:
    """Write the list sorted by customer, each with a number and the place by risk.

    It is sorted here: an engine that sorts so many columns holds them several times.
    """
    by_id = np.argsort(columns["customer_id"], kind="stable")
    status, risk = columns["status"][by_id], columns["churn_probability"][by_id]
    number, place = np.arange(len(by_id)), np.empty(len(by_id), dtype=np.int64)
    group = np.select([status == "scored", status == "lapsed"], [0, 1], default=2)
    place[np.lexsort((number, np.where(np.isnan(risk), np.inf, -risk), group))] = number
    sorted_columns = {name: columns.pop(name)[by_id] for name in list(columns)}
    file.write_table("scored", {"number": number, **sorted_columns, "risk_place": place})
    file.connection.execute("CREATE UNIQUE INDEX scored_by_customer ON scored (customer_id)")
