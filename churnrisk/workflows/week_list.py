"""The list of this week of a log that is open and scored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from churnrisk.cards import is_worth_acting_on
from churnrisk.memory import look_up_list
from churnrisk.orders import ContactList, Orders
from churnrisk.products import PairDays
from churnrisk.retention import Segmentation
from churnrisk.scoring import Scores
from churnrisk.state import State
from churnrisk.week_list import (
    ListPlan,
    ListSource,
    ScoresRanking,
    WeekList,
    find_refused,
    make_week_list,
    rank_customers,
)
from churnrisk.workflows.model import ChurnModel


@dataclass(frozen=True)
class ListKnown:
    """What is known of a log beside its scores.

    Parameters
    ----------
    segmentation : Segmentation
        Of all of its customers.
    pairs : PairDays or None
        What was bought on which days; None where the log names no products.
    state : State or None
        What is remembered; None where nothing is.
    opted_out, contacts : ContactList or None
        Customers who have opted out, and how customers are reached; None where the shop has no such file.
    """

    segmentation: Segmentation
    pairs: PairDays | None
    state: State | None
    opted_out: ContactList | None = None
    contacts: ContactList | None = None


def list_scored(model: ChurnModel, orders: Orders, scores: Scores, *, plan: ListPlan, known: ListKnown) -> WeekList:
    """Return this week's list.

    Parameters
    ----------
    model : ChurnModel
        What has scored.
    orders : Orders
        The log.
    scores : Scores
        Of all of its customers.
    plan : ListPlan
        How the shop wants its list, as :func:`churnrisk.campaigns.plan_as_measured` gives it.
    known : ListKnown
        What is known beside the scores.
    """
    segment_of, is_worth = known.segmentation.segment_of(), is_worth_acting_on(model.card)
    segments = np.array([segment_of.get(one) for one in scores.columns["customer_id"].tolist()], dtype=object)
    ranked = rank_customers(scores.columns, segments, plan, is_worth_acting_on=is_worth)
    ranking = ScoresRanking({**scores.columns, "segment": segments}, ranked, known.pairs)
    pairs = known.pairs
    names = {} if pairs is None else dict(zip(pairs.items, pairs.titles().tolist(), strict=True))
    source = ListSource(model.model, orders, ranking, scores.snapshot, names, is_worth_acting_on=is_worth)
    ids = scores.columns["customer_id"].tolist()
    unlisted = find_refused(ids, opted_out=known.opted_out, contacts=known.contacts)
    if known.state is None:
        return make_week_list(source, plan, unlisted=unlisted)
    past = look_up_list(known.state, plan, scores.snapshot.cutoff, unlisted=unlisted)
    return make_week_list(source, plan, unlisted=past.unlisted, previous=past.previous)
