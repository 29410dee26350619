"""Campaigns from a list to a verdict: the contacted, what was seen afterwards, and what training makes of both."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Set
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from churnrisk.campaigns.assignment import Assignment, ListedCustomers, assign_control
from churnrisk.campaigns.power import Plan, plan_split
from churnrisk.campaigns.records import Campaign, Member, add_campaign, check_name_free, find_overlaps
from churnrisk.clock import today
from churnrisk.errors import CampaignError, SettingsError
from churnrisk.messages import wording
from churnrisk.orders import ContactList, CustomerList, IntakeOptions, read_list, read_opted_out
from churnrisk.state import State, remembering_files
from churnrisk.tables import Table, check_target, write_table
from churnrisk.timeline import date_of, day_number, parse_day
from churnrisk.writing import Holds

PROBABILITY, VALUE, AS_OF, ACTION = "churn_probability", "value_at_risk", "as_of", "action"
TERMS = ("contact_cost", "incentive_cost", "margin")
"""Columns of a list with what a campaign costs and brings, the same in every row."""
LAST_DAY = day_number(dt.date.max)
TOO_LATE = wording("the days that count would end after {day}. Take an earlier first day, or fewer days.")
NAME = re.compile(r"\w[\w .-]{0,62}")
UNKNOWN_RATE = 0.5
"""Expected share of buyers where the list has no churn probabilities: the rate at which an effect is hardest to see."""


@dataclass(frozen=True)
class Drawn:
    """A list, and the draw from it.

    Parameters
    ----------
    listed : ListedCustomers
        Who could be drawn.
    assignment : Assignment
        Who was.
    plan : Plan
        What this split can show.
    suppressed, overlapping : int
        Customers taken off the list before the draw.
    is_rate_known : bool
        Whether the expected share of buyers comes from the list.
    """

    listed: ListedCustomers
    assignment: Assignment
    plan: Plan
    suppressed: int
    overlapping: int
    is_rate_known: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the sums for the split, for JSON; what is undefined is None."""
        values = asdict(self.plan)
        values["smallest_effect"] = None if self.plan.control == 0 else self.plan.smallest_effect
        return {
            **values,
            "expected_rate_from_list": self.is_rate_known,
            "suppressed": self.suppressed,
            "overlapping": self.overlapping,
        }


@dataclass(frozen=True)
class CampaignList(CustomerList):
    """The list that a campaign is drawn from, with what it says of the campaign as a whole."""

    def first_day(self, given: str | None) -> int:
        """Choose the first day that counts: the one given, else the list's own ``as_of``, else today."""
        if given is not None:
            return parse_day(given, option="--starts-on")
        days = {day for day in self.columns.get(AS_OF, []) if day}
        if len(days) == 1:
            return parse_day(days.pop(), option="as_of in the list")
        return day_number(today())

    def only(self, action: str | None) -> CampaignList:
        """Return the customers with one action; all of them where none is named.

        Raises
        ------
        CampaignError
            Where nobody on the list has the action; the message names those that there are.
        """
        if action is None:
            return self
        for name in (*TERMS, PROBABILITY, VALUE):
            self.numbers(name)  # a cell that is no number is told by its line in the file
        places = [place for place, one in enumerate(self.columns.get(ACTION, [])) if one == action]
        if not places:
            known = ", ".join(self.actions) or wording("none")
            said = wording("{name}: no customer on the list has the action {other}. The actions of the list: {names}.")
            raise CampaignError(said.format(name=self.source, other=action, names=known), code="campaign.no_action")
        columns = {name: [cells[place] for place in places] for name, cells in self.columns.items()}
        return replace(self, customer_ids=[self.customer_ids[place] for place in places], columns=columns)

    @property
    def actions(self) -> list[str]:
        """Every action of the list, in its order."""
        return [one for one in dict.fromkeys(self.columns.get(ACTION, [])) if one]

    def terms(self, *, but: Collection[str] = ()) -> dict[str, float]:
        """Return the terms that the list was chosen under, as far as it has them, but those that are given otherwise.

        Raises
        ------
        CampaignError
            Where a column of terms has several values, or one that cannot be.
        """
        found: dict[str, float] = {}
        for name in (name for name in TERMS if name not in but):
            values = np.unique(self.numbers(name))
            values = values[~np.isnan(values)]
            if len(values) > 1:
                raise CampaignError(
                    f"{self.source}, {name}: {len(values)} different values, from {values[0]:g} to {values[-1]:g}; a "
                    f"campaign has one. {self._say_way_out(name)}",
                    code="campaign.terms_differ",
                )
            if len(values) and not 0 <= values[0] <= (1 if name == "margin" else np.inf):
                raise CampaignError(
                    f"{self.source}, {name}: {values[0]:g} cannot be; a cost is 0 or more, a margin from 0 to 1.",
                    code="campaign.terms_wrong",
                )
            if len(values):
                found[name] = float(values[0])
        return found

    def _say_way_out(self, name: str) -> str:
        if len(self.actions) > 1:
            listed = ", ".join(self.actions)
            return f"Make a campaign for each action, with --action and one of {listed}."
        return f"Give it with --{name.replace('_', '-')}, or take the column off the list."


def read_campaign_list(source: Any, options: IntakeOptions | None = None) -> CampaignList:
    """Read the list that a campaign is drawn from."""
    listed = CampaignList(**vars(read_list(source, options or IntakeOptions())))
    probability = listed.numbers(PROBABILITY)
    known = probability[~np.isnan(probability)]
    if len(known) and (known.min() < 0 or known.max() > 1):
        raise CampaignError(f"{listed.source}: {PROBABILITY} must lie between 0 and 1; it goes up to {known.max():g}.")
    return listed


def read_suppressed(source: Any, options: IntakeOptions | None = None) -> set[str]:
    """Read the customers who must not be contacted; a file of ids, in which one may stand twice."""
    return set(read_opted_out(source, options or IntakeOptions()).contacts)


def draw(
    listed: CustomerList, *, name: str, holdout: float, seed: int, suppressed: Set[str], overlapping: Set[str]
) -> Drawn:
    """Take customers that must not be contacted off the list, draw the control group, and do the sums.

    Parameters
    ----------
    listed : CustomerList
        The list.
    name : str
        Of the campaign; it enters the draw.
    holdout : float
        Share to keep back, from 0 to below 1.
    seed : int
        Of the draw.
    suppressed, overlapping : set of str
        Customers who opted out, and who are in another campaign; taken off before the draw, so that the groups stay
        alike.
    """
    if not 0 <= holdout < 1:
        said = wording("--holdout {share}: give a share from 0% to below 100%, for example 10%.")
        raise SettingsError(said.format(share=f"{holdout:.0%}"))
    everybody = ListedCustomers.sort(listed.customer_ids, listed.numbers(PROBABILITY), listed.numbers(VALUE))
    if not len(everybody):
        said = wording(
            "{name} has no customer on it: `churnrisk target` lists nobody where no contact pays at its costs."
        )
        raise CampaignError(said.format(name=listed.source), code="campaign.list_empty")
    left = everybody.without(suppressed)
    free = left.without(overlapping)
    if not len(free):
        raise CampaignError(wording("{name}: nobody is left on the list.").format(name=listed.source))
    assignment = assign_control(free, holdout=holdout, seed=seed, name=name)
    known = free.churn_probability[~np.isnan(free.churn_probability)]
    rate = float(1 - known.mean()) if len(known) else UNKNOWN_RATE
    treated = int(assignment.is_treated.sum())
    plan = plan_split(rate, treated=treated, control=len(free) - treated)
    return Drawn(free, assignment, plan, len(everybody) - len(left), len(left) - len(free), bool(len(known)))


def create_campaign(
    state: State,
    listed: CustomerList,
    campaign: Campaign,
    *,
    output: Path | None,
    suppressed: Set[str] = frozenset(),
    contacts: ContactList | None = None,
    drop_overlap: bool = False,
) -> tuple[Campaign, Drawn]:
    """Draw a control group, write the list of those to contact, and remember both; all of it or nothing.

    The list is written first, and what is remembered counts only from then on: no list without a campaign that knows
    its control group.

    Parameters
    ----------
    state : State
        The open state file.
    listed : CustomerList
        Whom to contact, as :func:`read_campaign_list` gives it.
    campaign : Campaign
        Everything that is fixed; the counts of customers left out are filled in.
    output : Path, optional
        ``.csv``, ``.parquet`` or ``.xlsx``: the contacted only, with the columns of the list. None where the list is
        fetched from what is remembered.
    suppressed : set of str
        Customers who must not be contacted.
    contacts : ContactList, optional
        How customers are reached, for the file; those without consent are suppressed as well.
    drop_overlap : bool
        Whether customers of another campaign with a common day are left out; else they are an error.

    Raises
    ------
    CampaignError
        For a name that is taken or no name, overlapping campaigns, too few customers for a control group, or days that
        no calendar has.
    """
    _check_name(campaign.name)
    if campaign.ends_on > LAST_DAY:
        raise CampaignError(TOO_LATE.format(day=date_of(LAST_DAY)))
    suppressed = suppressed if contacts is None else suppressed | contacts.without_consent(listed.customer_ids)
    if output is not None:
        check_target(output)
    with state.transaction():
        check_name_free(state, campaign.name)
        overlaps = find_overlaps(state, listed.customer_ids, start=campaign.starts_on, end=campaign.ends_on)
        overlaps = {name: shared - suppressed for name, shared in overlaps.items() if shared - suppressed}
        if overlaps and not drop_overlap:
            raise CampaignError(_say_overlaps(overlaps))
        drawn = draw(
            listed,
            name=campaign.name,
            holdout=campaign.holdout,
            seed=campaign.seed,
            suppressed=suppressed,
            overlapping=set().union(*overlaps.values()),
        )
        made = replace(campaign, suppressed=drawn.suppressed, overlapping=drawn.overlapping)
        add_campaign(state, made, members_of(drawn))
        if output is not None:
            with remembering_files(state):
                table = contact_table(listed, drawn)
                table = table if contacts is None else contacts.add_to(table)
                holds: Holds = "contacts" if "email" in table.columns else "list"
                write_table(table, output, holds=holds, is_for_people=True)
    return made, drawn


def members_of(drawn: Drawn) -> list[Member]:
    """Return the members as they are remembered."""
    listed, assigned = drawn.listed, drawn.assignment
    columns = (
        listed.customer_ids.tolist(),
        assigned.is_treated.tolist(),
        assigned.stratum.tolist(),
        assigned.control_probability.tolist(),
        [None if np.isnan(one) else one for one in listed.churn_probability.tolist()],
        [None if np.isnan(one) else one for one in listed.value.tolist()],
    )
    return [Member(*row) for row in zip(*columns, strict=True)]


def contact_table(listed: CustomerList, drawn: Drawn) -> Table:
    """Return those to contact, in the order and with the columns of the list."""
    treated = set(drawn.listed.customer_ids[drawn.assignment.is_treated])
    places = [place for place, one in enumerate(listed.customer_ids) if one in treated]
    columns = {name: [cells[place] or None for place in places] for name, cells in listed.columns.items()}
    return Table({"customer_id": [listed.customer_ids[place] for place in places], **columns})


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise CampaignError(
            wording(
                "{name} cannot be the name of a campaign: take up to 63 letters, digits, spaces, dots and hyphens, for "
                "example spring-2026."
            ).format(name=repr(name))
        )


def _say_overlaps(overlaps: dict[str, set[str]]) -> str:
    said = ", ".join(f"{name} ({len(shared):,})" for name, shared in overlaps.items())
    return wording(
        "customers of this list are in another campaign on the same days: {names}. Who is contacted twice shows the "
        "effect of neither. Leave them out with --drop-overlap, or start later."
    ).format(names=said)
