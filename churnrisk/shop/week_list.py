"""The list of this week from a generation: its places are stored, and what came since is taken into account."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from churnrisk.cards import is_worth_acting_on
from churnrisk.explain import Explainer
from churnrisk.memory import look_up_list, plan_as_measured
from churnrisk.orders import Orders
from churnrisk.schema import ListedBy
from churnrisk.scoring import Scores
from churnrisk.shop.files import ShopPlan
from churnrisk.shop.generation import Generation
from churnrisk.state import State, open_state
from churnrisk.week_list import ListPart, ListPlan, ListSource, Unlisted, WeekList, make_week_list, rank_customers
from churnrisk.workflows import ChurnModel

PLACES = ("contact_place", "lapsed_place", "due_place")
BESIDE = ("expected_profit", "return_value", "habit")
"""Columns of a generation that the list is made of, and that no other list shows."""


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


def list_week(
    generation: Generation,
    orders: Orders,
    model: ChurnModel,
    *,
    plan: ListPlan,
    unlisted: Unlisted,
    state: State,
    explainer: Explainer,
) -> WeekList:
    """Return the list of this week.

    Parameters
    ----------
    generation : Generation
        The customers with their places.
    orders : Orders
        All orders of the generation.
    model : ChurnModel
        What has scored them.
    plan : ListPlan
        How the shop wants its list.
    unlisted : Unlisted
        Customers known not to be listed, beside those of campaigns.
    state : State
        What is remembered of campaigns and of lists.
    explainer : Explainer
        Prepared for the model.
    """
    day = int(generation.facts["as_of"])
    source = ListSource(
        model.model,
        orders,
        GenerationRanking(generation),
        model.model.snapshot.at(day),
        generation.item_names(),
        explainer,
        is_worth_acting_on(model.card),
    )
    past = look_up_list(state, plan, day, unlisted=unlisted)
    return make_week_list(source, plan, unlisted=past.unlisted, previous=past.previous)
