"""Who is on a list, and with what: the usual action under the terms of the list, or one of the shop's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from churnrisk.decide import Action, ContactTerms, Doubt, Offers, Plays, Target, choose_actions, choose_target
from churnrisk.explain import main_families
from churnrisk.features import TOLD_FAMILIES
from churnrisk.orders import Orders
from churnrisk.products import HABITS, Habits, ItemChoice
from churnrisk.targeting.scored import ScoredCustomers
from churnrisk.workflows import ChurnModel

MOST_EXPLAINED = 2000
"""The first of the list, whose reasons may choose the action."""


@dataclass(frozen=True)
class Look:
    """What tells more of some customers: the main reason of the score, and their products."""

    churn_model: ChurnModel
    orders: Orders
    products: ItemChoice

    def reasons(self, scored: ScoredCustomers) -> dict[str, str]:
        """Return the main family of reasons of the first :data:`MOST_EXPLAINED`."""
        first = scored.customer_ids[:MOST_EXPLAINED].tolist()
        return main_families(self.churn_model.model, self.orders, scored.snapshot, first) if first else {}

    def habits(self, scored: ScoredCustomers) -> Habits | None:
        """Return what they miss, are due to buy, and buy next; None in a log that names no products."""
        return scored.habits(self.orders, self.products)


@dataclass(frozen=True)
class Chosen:
    """A list in the making.

    Parameters
    ----------
    target : Target
        Who is on it, and why.
    listed : ScoredCustomers
        Those on it, each with an action.
    habits : Habits or None
        What their products say.
    offers : Offers or None
        Where the shop's own actions were to choose from.
    """

    target: Target
    listed: ScoredCustomers
    habits: Habits | None
    offers: Offers | None = None

    def describe_actions(self) -> list[dict[str, Any]]:
        """Return how many customers have each action, with its terms; nothing where all have the same terms."""
        if self.offers is None or self.target.actions is None:
            return []
        counts = np.bincount(self.target.actions[self.target.chosen], minlength=len(self.offers.names)).tolist()
        named = zip(self.offers.names, counts, self.offers.terms, strict=True)
        return [{"action": name, "customers": count, **vars(terms)} for name, count, terms in named if count]


def choose_list(
    look: Look,
    eligible: ScoredCustomers,
    terms: ContactTerms,
    plays: Plays,
    *,
    budget: float | None,
    capacity: int | None,
    doubt: Doubt,
) -> Chosen:
    """Choose who is on the list, and an action for each.

    Parameters
    ----------
    look : Look
        What tells reasons and products, where they count.
    eligible : ScoredCustomers
        Who may be contacted, sorted by id.
    terms : ContactTerms
        Of the list, and of every action that has none of its own.
    plays : Plays
        What may be done for whom.
    budget, capacity, doubt
        As for :func:`churnrisk.decide.choose_target`.
    """
    how: Mapping[str, Any] = {"budget": budget, "capacity": capacity, "doubt": doubt}
    if not plays.actions or not len(eligible.customer_ids):
        target = choose_target(eligible.candidates(), terms, **how)
        listed = eligible.take(target.chosen)
        habits = look.habits(listed)
        return Chosen(target, _act_on_reasons(look, listed, plays.playbook, habits), habits)
    options = _find_options(look, eligible, terms, plays)
    offers = plays.offers(options, terms)
    target = choose_target(eligible.candidates(), offers, **how)
    if target.actions is None:
        raise AssertionError("a choice among offers that names none")
    listed = eligible.take(target.chosen)
    names = [offers.names[place] for place in target.actions[target.chosen].tolist()]
    several = [options[place] for place in target.chosen.tolist()]
    actions = [next(one for one in each if one.action == name) for name, each in zip(names, several, strict=True)]
    return Chosen(target, replace(listed, actions=actions), look.habits(listed), offers)


def _find_options(
    look: Look, eligible: ScoredCustomers, terms: ContactTerms, plays: Plays
) -> Sequence[Sequence[Action]]:
    """Return what may be done for each; reasons and products are asked for those whom a contact could pay."""
    candidates = eligible.candidates()
    own = [one.terms(terms) for one in plays.actions.values()]
    offers = Offers(("", *plays.actions), (terms, *own), np.ones((len(candidates), 1 + len(own)), dtype=bool))
    most = offers.profits(candidates.churn_probability, candidates.value_kept, candidates.response).max(axis=1)
    ranked = np.argsort(-most, kind="stable")
    paying = eligible.take(ranked[most[ranked] > 0])
    reason_of = look.reasons(paying) if plays.asks(TOLD_FAMILIES) else {}
    habits = look.habits(paying) if plays.asks(HABITS) else None
    habit_of = {} if habits is None else dict(zip(paying.customer_ids.tolist(), habits.kinds.tolist(), strict=True))
    return [
        plays.options(segment, reason_of.get(one, ""), habit_of.get(one, ""))
        for one, segment in zip(eligible.customer_ids.tolist(), eligible.segments, strict=True)
    ]


def _act_on_reasons(
    look: Look, listed: ScoredCustomers, playbook: Mapping[str, str], habits: Habits | None
) -> ScoredCustomers:
    """Let the main reason of the score, or products, choose the action, where the playbook names one for it."""
    if not {*TOLD_FAMILIES, *HABITS} & playbook.keys():
        return listed
    ids = listed.customer_ids.tolist()
    reason_of = look.reasons(listed) if set(TOLD_FAMILIES) & playbook.keys() else {}
    segment_of = dict(zip(ids, listed.segments, strict=True))
    habit_of = {} if habits is None else dict(zip(ids, habits.kinds.tolist(), strict=True))
    actions = choose_actions(ids, segment_of, playbook=playbook, reason_of=reason_of, habit_of=habit_of)
    return replace(listed, actions=actions)


def action_columns(plays: Plays, actions: Sequence[str]) -> dict[str, list[str | None]]:
    """Return what is done and by which way, as columns of a list; nothing where the shop has declared no action."""
    if not plays.actions:
        return {}
    ways = {name: one.channel for name, one in plays.actions.items()}
    return {"action_text": [plays.text(one) for one in actions], "channel": [ways.get(one) or None for one in actions]}
