"""What is remembered for the list of this week: whom to leave out, what was measured, and the lists before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from churnrisk.campaigns import measured_acceptance, measured_multiple
from churnrisk.state import State, now
from churnrisk.week_list import ListPlan, Previous, Unlisted


@dataclass(frozen=True)
class ListHistory:
    """What the state says of a list of some day.

    Parameters
    ----------
    unlisted : Unlisted
        Customers that are not to be listed.
    previous : Previous or None
        The list before.
    """

    unlisted: Unlisted
    previous: Previous | None


def plan_as_measured(state: State, plan: ListPlan) -> ListPlan:
    """Return the plan with what campaigns have measured, in place of what was assumed.

    As :func:`churnrisk.targeting.find_measured` for ``churnrisk target``: the acceptance rate, and what a customer kept
    brings.
    """
    rate, multiple = measured_acceptance(state), measured_multiple(state)
    terms = plan.terms if plan.terms is None or rate is None else replace(plan.terms, acceptance_rate=rate)
    return replace(plan, terms=terms, multiple=plan.multiple if multiple is None else multiple)


def look_up_list(state: State, plan: ListPlan, day: int, *, unlisted: Unlisted) -> ListHistory:
    """Look up whom a list of a day leaves out, and the list before it.

    Parameters
    ----------
    state : State
        The open state.
    plan : ListPlan
        How the shop wants its list.
    day : int
        Of the list.
    unlisted : Unlisted
        Customers known not to be listed, beside those of campaigns.
    """
    still, rested = _find_recent(state, day, rest_days=plan.rest_days)
    return ListHistory(replace(unlisted, in_campaign=still, contacted=rested), _load_list(state, before=day))


def remember_week_list(state: State, as_of: int, customer_ids: Sequence[str]) -> None:
    """Keep the customers to contact of the list of a day, in place of those of the same day."""
    with state.transaction():
        state.run("DELETE FROM week_lists WHERE as_of = ?", (as_of,))
        rows = ((as_of, one, place, now()) for place, one in enumerate(customer_ids, start=1))
        state.fill("week_lists", columns=("as_of", "customer_id", "place", "made_at"), rows=rows)


def _load_list(state: State, *, before: int) -> Previous | None:
    """Load the last list of an earlier day; None where there is none."""
    [(day,)] = state.rows("SELECT max(as_of) FROM week_lists WHERE as_of < ?", (before,))
    if day is None:
        return None
    rows = state.rows("SELECT customer_id FROM week_lists WHERE as_of = ? ORDER BY place", (day,))
    return Previous(int(day), tuple(str(one) for (one,) in rows))


def _find_recent(state: State, day: int, *, rest_days: int) -> tuple[set[str], set[str]]:
    """Find the members of campaigns that are not over on a day, and those contacted by others a short while before."""
    rows = state.rows(
        "SELECT customer_id, is_treated, starts_on + window_days FROM campaign_members JOIN campaigns "
        "USING (campaign_id) WHERE starts_on + window_days > ? OR starts_on >= ?",
        (day, day - rest_days),
    )
    still = {str(one) for one, _, ends_on in rows if day < ends_on}
    return still, {str(one) for one, is_treated, ends_on in rows if is_treated and day >= ends_on} - still
