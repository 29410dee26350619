"""The list of this week from a generation: its places are stored, and what came since is taken into account."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.cards import is_worth_acting_on
from churnrisk.memory import look_up_list, plan_as_measured
from churnrisk.orders import ContactList, Orders
from churnrisk.schema import ListedBy
from churnrisk.scoring import Scores
from churnrisk.shop.answers import CurrentModel
from churnrisk.shop.files import ShopPlan
from churnrisk.shop.generation import Generation
from churnrisk.shop.present import Present
from churnrisk.state import State, open_state
from churnrisk.week_list import (
    ListPart,
    ListPlan,
    ListReads,
    ListSource,
    Previous,
    Unlisted,
    WeekList,
    make_week_list,
    rank_customers,
)
from churnrisk.workflows import ChurnModel

PLACES = ("contact_place", "lapsed_place", "due_place")
BESIDE = ("expected_profit", "return_value", "habit", "main_family")
"""Columns of a generation that the list is made of, and that no other list shows."""

Past = tuple[ListPlan, Unlisted, Previous | None]
"""What the state says of a list: the plan as measured, who is left out, and the list before."""


def place_customers(
    scores: Scores, segments: np.ndarray, plan: ShopPlan, model: ChurnModel | None
) -> tuple[dict[str, np.ndarray], ListedBy]:
    """Return the columns of places of all customers, and what those to contact are sorted by."""
    with open_state(plan.state) as state:
        listing = plan_as_measured(state, plan.listing)
    ranked = rank_customers(
        scores.columns, segments, listing, is_worth_acting_on=model is not None and is_worth_acting_on(model.card)
    )
    places = (ranked.contact, ranked.lapsed, ranked.due)
    columns = dict(zip(PLACES, places, strict=True))
    return columns | {"expected_profit": ranked.profit, "return_value": ranked.return_value}, ranked.by


def listing_for(plan: ShopPlan, state: State) -> ListPlan:
    """Return what the shop does for whom, as campaigns have measured it where actions have terms to choose by."""
    return plan_as_measured(state, plan.listing) if plan.listing.playbook.actions else plan.listing


@dataclass(frozen=True)
class GenerationRanking:
    """The customers of a generation by their places.

    Parameters
    ----------
    generation : Generation
        Where they lie.
    """

    generation: Generation

    @property
    def by(self) -> ListedBy:
        """What those to contact are sorted by."""
        by: ListedBy = self.generation.facts["listed_by"]
        return by

    def take(self, part: ListPart, count: int, *, without: Set[str]) -> list[dict[str, Any]]:
        """Return the first rows of a part, without some customers."""
        return self.generation.take(f"{part}_place", count, without=without)

    def count(self, part: ListPart, *, among: Set[str]) -> int:
        """Count the customers of a part that are among some."""
        return self.generation.count_placed(f"{part}_place", among)


def list_present(
    present: Present, current: CurrentModel, plan: ListPlan, state: State, contacts: ContactList | None
) -> WeekList | None:
    """Return the list of this week as of now; None where the model that has scored is not the current one.

    Parameters
    ----------
    present : Present
        What is current: the customers with their places, and what came since.
    current : CurrentModel
        The model, and what explains its scores.
    plan : ListPlan
        How the shop wants its list.
    state : State
        What is remembered of campaigns and of lists.
    contacts : ContactList or None
        How customers are reached: without consent nobody is listed.
    """
    generation, day = present.generation, int(present.generation.facts["as_of"])
    if generation.facts["model"] is None or generation.facts["model"] != current.version:
        return None
    model, explainer = current.get(), current.explainer()

    def look_up(unlisted: Unlisted) -> Past:
        past = look_up_list(state, plan, day, unlisted=unlisted)
        return plan_as_measured(state, plan), past.unlisted, past.previous

    def make(past: Past, reads: ListReads) -> WeekList:
        measured, unlisted, previous = past
        ranking, names, is_worth = (
            GenerationRanking(generation),
            generation.item_names(),
            is_worth_acting_on(model.card),
        )

        def put_together(orders: Orders) -> WeekList:
            snapshot = model.model.snapshot.at(day)
            source = ListSource(model.model, orders, ranking, snapshot, names, explainer, is_worth, reads)
            return make_week_list(source, measured, unlisted=unlisted, previous=previous)

        return present.figures.use(put_together)

    return present.week_list(look_up, make, contacts)
