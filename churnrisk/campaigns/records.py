"""Campaigns: the customers drawn to be contacted, those left alone, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, cast

from churnrisk.errors import CampaignError
from churnrisk.messages import wording
from churnrisk.schema import Outcome
from churnrisk.state import State, now
from churnrisk.timeline import date_of, within


@dataclass(frozen=True)
class Campaign:
    """What was fixed before anybody was contacted.

    Parameters
    ----------
    name : str
        Of the user's choosing; each once.
    starts_on : int
        First day that counts, as a day number.
    window_days : int
        Days that count; a purchase in ``[starts_on, starts_on + window_days)`` is an outcome.
    outcome : {"retained", "orders", "revenue"}
        The one primary outcome; the others are reported beside it.
    holdout : float
        Share that is kept back as control group, below 1.
    seed : int
        With the name, the seed of the draw.
    suppressed, overlapping : int
        Customers taken off the list before the draw: those that opted out, and those in another campaign.
    contact_cost, incentive_cost, margin : float
        Cost of a contact, cost of the incentive for each contacted customer who buys, and share of revenue that is
        profit.
    """

    name: str
    starts_on: int
    window_days: int
    outcome: Outcome
    holdout: float
    seed: int
    suppressed: int = 0
    overlapping: int = 0
    contact_cost: float = 0.0
    incentive_cost: float = 0.0
    margin: float = 1.0

    @property
    def ends_on(self) -> int:
        """The day after the last one that counts."""
        return self.starts_on + self.window_days

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON; days as dates."""
        fixed = asdict(self)
        starts_on, ends_before = (date_of(day).isoformat() for day in (fixed.pop("starts_on"), self.ends_on))
        return {"name": fixed.pop("name"), "starts_on": starts_on, "ends_before": ends_before, **fixed}


class Member(NamedTuple):
    """One customer of a campaign, with the score as it was at the draw; a score that was not known is None."""

    customer_id: str
    is_treated: bool
    stratum: int
    control_probability: float
    churn_probability: float | None
    value: float | None


@dataclass(frozen=True)
class StoredCampaign:
    """A campaign in the state file, with the moment (UTC) it was made at and the size of its groups."""

    campaign_id: int
    made_at: str
    campaign: Campaign
    treated: int
    control: int

    def to_dict(self, measured: Measured | None) -> dict[str, Any]:
        """Return plain values, for JSON, with what the campaign came to."""
        return {
            **self.campaign.to_dict(),
            "made_at": self.made_at,
            "treated": self.treated,
            "control": self.control,
            "result": None if measured is None else dict(measured.result),
        }


@dataclass(frozen=True)
class Measured:
    """What a campaign came to.

    Parameters
    ----------
    log_fingerprint : str
        Digest of the purchases that it was measured on.
    acceptance, acceptance_error : float or None
        Saves per would-be leaver among the contacted, and its standard error; None without a control group.
    result : mapping
        Every figure, as plain values.
    """

    log_fingerprint: str
    acceptance: float | None
    acceptance_error: float | None
    result: Mapping[str, Any]


_FIXED = (
    "name, starts_on, window_days, outcome, holdout, seed, suppressed, overlapping, contact_cost, incentive_cost, "
    "margin"
)


def add_campaign(state: State, campaign: Campaign, members: Iterable[Member]) -> int:
    """Write a campaign and its members; call it inside a transaction.

    Raises
    ------
    CampaignError
        Where the name is taken.
    """
    check_name_free(state, campaign.name)
    values = [getattr(campaign, name) for name in _FIXED.split(", ")]
    marks = ", ".join("?" * (len(values) + 1))
    statement = f"INSERT INTO campaigns (made_at, {_FIXED}) VALUES ({marks}) RETURNING campaign_id"  # noqa: S608 - names of ours
    campaign_id = int(state.rows(statement, (now(), *values))[0][0])
    rows = ((campaign_id, one.customer_id, int(one.is_treated), *one[2:]) for one in sorted(members))
    state.fill("campaign_members", columns=("campaign_id", *Member._fields), rows=rows)
    return campaign_id


def check_name_free(state: State, name: str) -> None:
    """Refuse a name that is taken: an assignment is drawn once."""
    if state.rows("SELECT 1 FROM campaigns WHERE name = ?", (name,)):
        raise CampaignError(
            wording(
                "there is a campaign {name} already, and its assignment cannot be changed. Choose another name; "
                "`churnrisk campaign show {names}` shows the old one."
            ).format(name=repr(name), names=name)
        )


def list_campaigns(state: State) -> list[StoredCampaign]:
    """Return every campaign, oldest first."""
    query = (
        f"SELECT campaign_id, made_at, {_FIXED}, (SELECT sum(is_treated) FROM campaign_members m "  # noqa: S608 - names of ours
        "WHERE m.campaign_id = c.campaign_id), (SELECT sum(1 - is_treated) FROM campaign_members m "
        "WHERE m.campaign_id = c.campaign_id) FROM campaigns c ORDER BY campaign_id"
    )
    return [
        StoredCampaign(row[0], row[1], Campaign(*row[2:-2]), int(row[-2] or 0), int(row[-1] or 0))
        for row in state.rows(query)
    ]


def load_campaign(state: State, name: str) -> StoredCampaign:
    """Return a campaign by its name.

    Raises
    ------
    CampaignError
        Where there is none; the message names those that there are.
    """
    known = list_campaigns(state)
    for one in known:
        if one.campaign.name == name:
            return one
    names = ", ".join(one.campaign.name for one in known)
    some = wording("there is no campaign {name} in {other}. There are: {names}.")
    none = wording("there is no campaign {name} in {other}. `churnrisk campaign create` makes one.")
    raise CampaignError((some if names else none).format(name=repr(name), other=state.path, names=names))


def load_members(state: State, campaign_id: int) -> list[Member]:
    """Return the members of a campaign, sorted by customer id."""
    query = (
        "SELECT customer_id, is_treated, stratum, control_probability, churn_probability, value "
        "FROM campaign_members WHERE campaign_id = ? ORDER BY customer_id"
    )
    return [Member(row[0], bool(row[1]), *row[2:]) for row in state.rows(query, (campaign_id,))]


def load_memberships(state: State, customer_id: str) -> list[tuple[Campaign, bool]]:
    """Return the campaigns of a customer, the latest first, each with whether the customer was contacted."""
    query = (
        f"SELECT {_FIXED}, is_treated FROM campaign_members JOIN campaigns USING (campaign_id) "  # noqa: S608 - names of ours
        "WHERE customer_id = ? ORDER BY starts_on DESC, campaign_id DESC"
    )
    return [(Campaign(*row[:-1]), bool(row[-1])) for row in state.rows(query, (customer_id,))]


def find_overlaps(state: State, customer_ids: Sequence[str], *, start: int, end: int) -> dict[str, set[str]]:
    """Find the customers who are in a campaign whose window shares a day with ``[start, end)``.

    Returns
    -------
    dict of str to set of str
        Name of the campaign to the customers of it who are asked about; campaigns without any are left out.
    """
    wanted = set(customer_ids)
    found = {}
    for one in list_campaigns(state):
        campaign = one.campaign
        if within(campaign.starts_on, start, end) or within(start, campaign.starts_on, campaign.ends_on):
            shared = wanted.intersection(member.customer_id for member in load_members(state, one.campaign_id))
            if shared:
                found[campaign.name] = shared
    return found


def add_measured(state: State, campaign_id: int, measured: Measured) -> None:
    """Keep what a campaign came to, in place of what was measured before."""
    result = json.dumps(measured.result, ensure_ascii=False, allow_nan=False)
    values = (measured.log_fingerprint, measured.acceptance, measured.acceptance_error, result)
    with state.transaction():
        state.run("DELETE FROM measurements WHERE campaign_id = ?", (campaign_id,))
        state.run("INSERT INTO measurements VALUES (?, ?, ?, ?, ?, ?)", (campaign_id, now(), *values))


def list_measured(state: State) -> dict[str, Measured]:
    """Return what campaigns came to, by their names."""
    query = (
        "SELECT name, log_fingerprint, acceptance, acceptance_error, result FROM measurements JOIN campaigns "
        "USING (campaign_id) ORDER BY campaign_id"
    )
    return {
        str(name): Measured(fingerprint, acceptance, error, cast("Mapping[str, Any]", json.loads(result)))
        for name, fingerprint, acceptance, error, result in state.rows(query)
    }
