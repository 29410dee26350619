"""The scored customers of a log, with all that a choice among them needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.decide import Action, Candidates, Playbook, choose_actions, value_of_keeping
from churnrisk.errors import NotEnoughData
from churnrisk.forecast import Valuation
from churnrisk.orders import Orders
from churnrisk.planning import Day, choose_as_of
from churnrisk.products import Habits, ItemChoice, find_habits
from churnrisk.retention import build_segments
from churnrisk.scoring import score_orders
from churnrisk.timeline import Snapshot
from churnrisk.workflows import ChurnModel


@dataclass(frozen=True)
class ScoredCustomers:
    """The scored customers of a log, with all that a list says of them; arrays of one length."""

    snapshot: Snapshot
    customer_ids: np.ndarray
    churn_probability: np.ndarray
    risk: np.ndarray
    value_at_risk: np.ndarray
    value_kept: np.ndarray
    segments: Sequence[str]
    actions: Sequence[Action]
    response: np.ndarray | float = 1.0

    def take(self, chosen: np.ndarray) -> ScoredCustomers:
        """Return some of them, by place or by a mask."""
        places = np.arange(len(self.customer_ids))[chosen]
        return ScoredCustomers(
            self.snapshot,
            self.customer_ids[places],
            self.churn_probability[places],
            self.risk[places],
            self.value_at_risk[places],
            self.value_kept[places],
            [self.segments[k] for k in places],
            [self.actions[k] for k in places],
            self.response if isinstance(self.response, float) else self.response[places],
        )

    def by_id(self) -> ScoredCustomers:
        """Return them sorted by id."""
        return self.take(np.argsort(self.customer_ids, kind="stable"))

    def habits(self, orders: Orders, products: ItemChoice) -> Habits | None:
        """Return what they miss, are due to buy, and buy next; None in a log that names no products."""
        return find_habits(orders, self.customer_ids.tolist(), as_of=self.snapshot.cutoff, choice=products)

    def candidates(self) -> Candidates:
        """Return what the choice is made by."""
        return Candidates(self.customer_ids, self.churn_probability, self.value_kept, self.response)


def score_customers(
    churn_model: ChurnModel,
    orders: Orders,
    as_of: Day,
    *,
    playbook: Playbook,
    valuation: Valuation,
    multiple: float | None = None,
) -> ScoredCustomers:
    """Score the customers of a log, and give each scored one a value, a segment and an action."""
    if not orders.has_amounts:
        raise NotEnoughData("the log has no amounts, so nobody can say what keeping a customer is worth.")
    model = churn_model.model
    scores = score_orders(model, orders, choose_as_of(model, orders, as_of), valuation=valuation)
    day = scores.snapshot.cutoff
    is_scored = scores.columns["status"] == "scored"
    if not is_scored.any():
        raise NotEnoughData("nobody in this log is active, so there is nobody to contact.")
    ids, probability, risk = (scores.columns[name][is_scored] for name in ("customer_id", "churn_probability", "risk"))
    segment_of = build_segments(orders, day).segment_of()
    return ScoredCustomers(
        scores.snapshot,
        ids,
        probability,
        risk,
        scores.columns["value_at_risk"][is_scored],
        value_of_keeping(scores.columns, margin=valuation.margin, multiple=multiple or 1.0)[is_scored],
        [segment_of.get(one, "") for one in ids.tolist()],
        choose_actions(ids.tolist(), segment_of, playbook=playbook.on(day).playbook),
    )
