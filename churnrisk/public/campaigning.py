"""Campaigns: a control group is drawn, the others are contacted, and afterwards one sees whether that helped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from churnrisk.campaigns import Campaign as FixedCampaign
from churnrisk.campaigns import (
    CampaignList,
    CampaignResult,
    Measured,
    Member,
    StoredCampaign,
    create_campaign,
    list_campaigns,
    list_measured,
    load_campaign,
    load_members,
    measure_campaign,
    read_campaign_list,
    read_suppressed,
)
from churnrisk.errors import CampaignError
from churnrisk.memory import leave_out
from churnrisk.orders import ContactFile, ContactList, IntakeOptions, read_contacts
from churnrisk.public.result import Result
from churnrisk.public.source import choose_options
from churnrisk.schema import Outcome
from churnrisk.state import State, count_erased, find_state, open_state, parse_place


def strata_of(members: Sequence[Member]) -> list[dict[str, Any]]:
    """Count the groups of each stratum."""
    counts = Counter((one.stratum, one.is_treated) for one in members)
    strata = sorted({stratum for stratum, _ in counts})
    return [
        {"stratum": stratum, "treated": counts[stratum, True], "control": counts[stratum, False]} for stratum in strata
    ]


@dataclass(frozen=True)
class CampaignVerdict(Result):
    """Whether a campaign helped: contacted against control, by assignment.

    Parameters
    ----------
    campaign : Campaign
        What was fixed.
    result : CampaignResult
        The comparison, the money and the verdict.
    members_erased : mapping of str to int
        Members who were erased since the draw, and are counted nowhere.
    """

    campaign: FixedCampaign
    result: CampaignResult
    members_erased: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk campaign measure --json`` prints them."""
        return {
            **self.campaign.to_dict(),
            "result": self.result.to_dict(),
            "members_erased": dict(self.members_erased),
        }

    def records(self) -> list[dict[str, Any]]:
        """Return a row per outcome: the means of both groups, their difference and its 95 % interval."""
        names = ("treated_mean", "control_mean", "difference", "low", "high")
        return [
            {"outcome": outcome, **{name: getattr(effect, name) for name in names}}
            for outcome, effect in self.result.effects.items()
        ]


@dataclass(frozen=True)
class Campaign(Result):
    """A campaign with a random control group, as the state remembers it.

    Made by :meth:`create` or :meth:`load`, not by hand.

    Parameters
    ----------
    state : Path or str
        The state that it is in.
    stored : StoredCampaign
        What was fixed, when, and the size of the groups.
    measured : Measured or None
        What it came to; None before it was measured.
    members : tuple of Member
        Its customers, sorted by id.
    members_erased : mapping of str to int
        Members who were erased since the draw.

    See Also
    --------
    docs/how-to/campaigns.md : From a list to a verdict, with the methods and their sources.

    Examples
    --------
    >>> import churnrisk, pandas, pathlib, tempfile
    >>> state = pathlib.Path(tempfile.mkdtemp()) / "state.db"
    >>> listed = pandas.DataFrame({"customer_id": [str(k) for k in range(100)]})
    >>> made = churnrisk.Campaign.create("spring", listed, window=60, starts_on="2026-03-01", holdout=0.2, state=state)
    >>> sum(row["is_treated"] for row in made.records()), made.to_dict()["ends_before"]
    (80, '2026-04-30')
    """

    state: Path | str
    stored: StoredCampaign
    measured: Measured | None
    members: tuple[Member, ...]
    members_erased: Mapping[str, int]

    @classmethod
    def create(
        cls,
        name: str,
        customers: Any,
        *,
        window: int,
        state: str | Path = "state.db",
        starts_on: str | None = None,
        holdout: float = 0.1,
        outcome: Outcome = "retained",
        action: str | None = None,
        suppress: Any = None,
        contacts: Any = None,
        drop_overlap: bool = False,
        contact_cost: float | None = None,
        incentive_cost: float | None = None,
        margin: float | None = None,
        seed: int = 0,
        output: str | Path | None = None,
        options: IntakeOptions | None = None,
    ) -> Campaign:
        """Keep a random control group back, write the list of those to contact, and remember both.

        Parameters
        ----------
        name : str
            Of your choosing; each once in a state.
        customers : str, Path, frame, or result of :func:`churnrisk.target`
            The customers to contact: a column ``customer_id``; ``churn_probability`` and ``value_at_risk`` make the
            groups alike.
        window : int
            Days that count.
        state : str or Path
            State file, or URL of a state in PostgreSQL; it is made where it is missing.
        starts_on : str, optional
            First day that counts, as ``"2026-03-01"``. By default the list's ``as_of``, else today.
        holdout : float
            Share that is not contacted.
        outcome : {"retained", "orders", "revenue"}
            What it will be judged by.
        action : str, optional
            Only the customers of the list whose action this is.
        suppress, contacts : str, Path or frame, optional
            Customers who opted out, and how customers are reached; those without consent are taken off, too.
        drop_overlap : bool
            Whether customers of another campaign on these days are left out; else they are an error.
        contact_cost, incentive_cost, margin : float, optional
            What a contact costs, what the offer costs for each of them who buys, and the share of revenue that is
            profit. By default those of the list, else 0, 0 and 1.
        seed : int
            Of the draw.
        output : str or Path, optional
            Where to write those to contact: ``.csv``, ``.parquet`` or ``.xlsx``.
        options : IntakeOptions, optional
            How ids are read.

        Raises
        ------
        ChurnriskError
            For anything that you can mend, with what to do.
        """
        place, reading = parse_place(str(state)), options or IntakeOptions()
        source = customers.to_pandas() if isinstance(customers, Result) else customers
        listed = read_campaign_list(source, reading).only(action)
        costs = {"contact_cost": contact_cost, "incentive_cost": incentive_cost, "margin": margin}
        given = {cost: value for cost, value in costs.items() if value is not None}
        fixed = FixedCampaign(name, listed.first_day(starts_on), window, outcome, holdout, seed)
        terms: dict[str, Any] = listed.terms(but=given) | given
        with open_state(place) as file:
            create_campaign(
                file,
                listed,
                replace(fixed, **terms),
                output=None if output is None else Path(output),
                suppressed=_suppressed(suppress, reading) | _objecting(reading, place, listed),
                contacts=_read_contacts(contacts, reading),
                drop_overlap=drop_overlap,
            )
        return cls.load(name, state=place)

    @classmethod
    def load(cls, name: str, *, state: str | Path = "state.db") -> Campaign:
        """Return a campaign by its name.

        Raises
        ------
        CampaignError
            Where there is none; the message names those that there are.
        """
        place = parse_place(str(state))
        with open_existing(place) as file:
            stored = load_campaign(file, name)
            members = tuple(load_members(file, stored.campaign_id))
            return cls(place, stored, list_measured(file).get(name), members, count_erased(file, stored.campaign_id))

    @staticmethod
    def names(*, state: str | Path = "state.db") -> list[str]:
        """Return the names of all campaigns of a state, oldest first; none where there is no state."""
        file = find_state(parse_place(str(state)))
        if file is None:
            return []
        with file:
            return [one.campaign.name for one in list_campaigns(file)]

    def measure(
        self, purchases: Any, *, columns: Mapping[str, str] | None = None, options: IntakeOptions | None = None
    ) -> CampaignVerdict:
        """Tell whether the campaign helped, once its window is over, and remember that.

        Parameters
        ----------
        purchases, columns, options
            As for :func:`churnrisk.metrics`, up to the end of the window at least.

        Raises
        ------
        CampaignError
            Where it is not over; the message says when it can be measured.
        """
        reading = choose_options(columns, options, self.state)
        with open_existing(self.state) as file:
            stored, result = measure_campaign(file, self.stored.campaign.name, purchases, options=reading)
            return CampaignVerdict(stored.campaign, result, count_erased(file, stored.campaign_id))

    @property
    def strata(self) -> list[dict[str, Any]]:
        """The groups of each stratum, counted."""
        return strata_of(self.members)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``churnrisk campaign show --json`` prints them."""
        return {
            **self.stored.to_dict(self.measured),
            "strata": self.strata,
            "members_erased": dict(self.members_erased),
        }

    def records(self) -> list[dict[str, Any]]:
        """Return a row per member: whether contacted, the stratum of the draw, and the score as it was then."""
        return [one._asdict() for one in self.members]


def open_existing(place: Path | str) -> State:
    """Open the state that must be there for a campaign to be in it."""
    file = find_state(place)
    if file is None:
        raise CampaignError(f"there is no campaign: {place} is not there. `churnrisk campaign create` makes one.")
    return file


def _suppressed(source: Any, options: IntakeOptions) -> set[str]:
    return set() if source is None else read_suppressed(source, options)


def _objecting(options: IntakeOptions, place: Path | str, listed: CampaignList) -> set[str]:
    """Return those of a list who have objected since it was written."""
    left_out = leave_out(options, place).left_out
    return set() if left_out is None else left_out.among(listed.customer_ids)


def _read_contacts(source: Any, options: IntakeOptions) -> ContactList | None:
    return None if source is None else read_contacts(ContactFile(source), options, needs_email=False)
