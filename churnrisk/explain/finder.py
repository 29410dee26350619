"""Reasons beside scores, for those who will be looked at, and what drives the scores of a shop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from churnrisk.engines import BATCH_ROWS
from churnrisk.explain.facts import CAUTION
from churnrisk.explain.game import ALL_FAMILIES
from churnrisk.explain.reasons import MOST_REASONS, Explainer, Explanation, list_texts, measure_drivers
from churnrisk.features import iterate_features
from churnrisk.learning import FittedModel
from churnrisk.orders import Orders
from churnrisk.schema import By, ReasonsFor
from churnrisk.scoring import Scores, score_orders
from churnrisk.timeline import Snapshot

REASON_COLUMNS = tuple(f"reason_{place}" for place in range(1, MOST_REASONS + 1))

MOST_LISTED = 500
"""The first of high risk in the list, so many of whom get reasons where not everybody does."""

DRIVER_CUSTOMERS = 200
LEAST_SHARE = 0.05
"""In log-odds: a family that raises a score by less is no reason."""

DECIMALS = 9


class ReasonFinder:
    """Finds reasons for scores while they are made, holding features of no more customers than it must.

    Parameters
    ----------
    model : FittedModel
        What scores.
    reasons : {"shown", "listed", "all"}
        ``shown``: the first customers of the list, as many as ``top``. ``listed``: those, and the first 500 of
        high risk. ``all``: everybody with a score.
    top : int
        How many customers are shown.
    by : {"value", "risk"}
        What the list is sorted by.
    explainer : Explainer, optional
        One that was prepared for the model before.

    Attributes
    ----------
    families : dict of str to str
        The family that raises the score most, of the customers who were explained; empty where nothing raises it.
    """

    def __init__(
        self, model: FittedModel, reasons: ReasonsFor, *, top: int, by: By, explainer: Explainer | None = None
    ) -> None:
        self._model, self._explainer = model, explainer or Explainer(model)
        self._reasons, self._top, self._by = reasons, top, by
        self._ids = np.empty(0, dtype=object)
        self._values = np.empty((0, len(model.names)))
        self._keys = np.empty((0, 2))
        self._texts: dict[str, list[str | None]] = {}
        self.families: dict[str, str] = {}

    def see(self, customer_ids: np.ndarray, values: np.ndarray, probability: np.ndarray, at_risk: np.ndarray) -> None:
        """Explain a batch, or keep those who may turn out to be among the first, in the order of the list."""
        if self._reasons == "all":
            self._explain(customer_ids, values)
            return
        ids = np.concatenate([self._ids, customer_ids])
        keys = np.concatenate([self._keys, np.column_stack([probability, at_risk])])
        kept = self._choose(keys)
        self._ids, self._keys = ids[kept], keys[kept]
        self._values = np.concatenate([self._values, values])[kept]

    def _choose(self, keys: np.ndarray) -> np.ndarray:
        """Return the places of those who are explained, in the order of the list; ids rise, so ties go by id."""
        worth = np.nan_to_num(keys[:, 1]) if self._by == "value" else np.zeros(len(keys))
        order = np.lexsort((np.arange(len(keys)), -keys[:, 0], -worth))
        chosen = np.arange(len(order)) < self._top
        if self._reasons == "listed":
            is_high = self._model.bands.classify(keys[order, 0]) == "high"
            chosen |= is_high & (np.cumsum(is_high) <= MOST_LISTED)
        return order[chosen]

    def add_to(self, scores: Scores) -> Scores:
        """Return the scores with the columns ``reason_1`` to ``reason_3`` behind the others."""
        self._explain(self._ids, self._values)
        self._ids, self._keys, self._values = (
            self._ids[:0],
            self._keys[:0],
            self._values[:0],
        )  # scores may come in parts
        return with_reasons(scores, self._texts)

    def _explain(self, customer_ids: np.ndarray, values: np.ndarray) -> None:
        for customer, explanation in zip(customer_ids, self._explainer.explain(values), strict=True):
            self._texts[customer] = list_texts(explanation.reasons)
            self.families[customer] = _leading_family(explanation)


def make_finder(model: FittedModel, reasons: ReasonsFor, *, top: int, by: By) -> ReasonFinder | None:
    """Prepare to find reasons; None where nobody is to have any."""
    return None if reasons == "none" else ReasonFinder(model, reasons, top=top, by=by)


def with_reasons(scores: Scores, texts: Mapping[str, list[str | None]]) -> Scores:
    """Put sentences behind the columns of scores; those of customers without any are None."""
    table = np.full((MOST_REASONS, len(scores)), None, dtype=object)
    for place, customer in enumerate(scores.columns["customer_id"] if texts else ()):
        if customer in texts:
            table[:, place] = texts[customer]
    return replace(scores, columns={**scores.columns, **dict(zip(REASON_COLUMNS, table, strict=True))})


def score_with_reasons(
    finder: ReasonFinder | None, model: FittedModel, orders: Orders, as_of: int, **how: Any
) -> Scores:
    """Score as :func:`churnrisk.scoring.score_orders` does, with reasons where there is a finder."""
    if finder is None:
        return score_orders(model, orders, as_of, **how)
    return finder.add_to(score_orders(model, orders, as_of, watch=finder.see, **how))


@dataclass(frozen=True)
class Told:
    """What the score of a customer comes from.

    Parameters
    ----------
    family : str
        The family of features that raises the score most; empty where nothing raises it.
    texts : tuple of str
        At most three sentences.
    """

    family: str
    texts: tuple[str, ...]


def tell_reasons(
    model: FittedModel,
    orders: Orders,
    snapshot: Snapshot,
    customer_ids: Sequence[str],
    *,
    explainer: Explainer | None = None,
) -> dict[str, Told]:
    """Return, for each of some scored customers, what the score comes from, looking at their orders alone.

    Parameters
    ----------
    model : FittedModel
        The model; one without a sample of customers to compare with tells nothing.
    orders : Orders
        The log.
    snapshot : Snapshot
        Where they were scored.
    customer_ids : sequence of str
        The customers.
    explainer : Explainer, optional
        One that was prepared for the model before.
    """
    if model.sample is None or not len(customer_ids):
        return {}
    chosen, told = explainer or Explainer(model), {}
    for ids, values in _features_of(model, orders, snapshot, customer_ids):
        for customer, found in zip(ids, chosen.explain(values), strict=True):
            told[str(customer)] = Told(_leading_family(found), tuple(one.text for one in found.reasons if one.text))
    return told


def main_families(
    model: FittedModel, orders: Orders, snapshot: Snapshot, customer_ids: Sequence[str]
) -> dict[str, str]:
    """Return, for each of some scored customers, the family that raises the score most; none where nothing raises it.

    The parameters are those of :func:`tell_reasons`.
    """
    if model.sample is None or not len(customer_ids):
        return {}
    explainer, families = Explainer(model), {}
    for ids, values in _features_of(model, orders, snapshot, customer_ids):
        for customer, row in zip(ids, explainer.share(values).values, strict=True):
            families[str(customer)] = _main_family(row)
    return {customer: family for customer, family in families.items() if family}


def _features_of(
    model: FittedModel, orders: Orders, snapshot: Snapshot, customer_ids: Sequence[str]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield ids and features of some customers, looking at their orders alone."""
    few = orders.of_customers(customer_ids)
    for batch in iterate_features(few, snapshot, rows=BATCH_ROWS, names=model.names, database=few.database):
        yield batch.customer_ids, batch.values


def _leading_family(explanation: Explanation) -> str:
    leading = max(explanation.families, key=lambda one: one.log_odds)
    return leading.family if leading.log_odds >= LEAST_SHARE else ""


def _main_family(shares: np.ndarray) -> str:
    place = int(shares.argmax())
    return ALL_FAMILIES[place] if shares[place] >= LEAST_SHARE else ""


def describe_drivers(model: FittedModel, values: np.ndarray, *, seed: int) -> dict[str, Any]:
    """Return what drives the scores of a customer base as a whole, over at most 200 of its customers.

    Parameters
    ----------
    model : FittedModel
        The model.
    values : ndarray of shape (n, p)
        Features of the customer base.
    seed : int
        Of the draw.
    """
    drawn = values[np.random.default_rng(seed).permutation(len(values))[:DRIVER_CUSTOMERS]]
    shares = Explainer(model).share(drawn)
    return {
        "customers": len(drawn),
        "base_log_odds": round(shares.base, DECIMALS),
        "mean_absolute_log_odds": measure_drivers(shares),
        "note": CAUTION,
    }
