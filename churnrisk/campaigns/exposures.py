"""Campaigns of the state file as training and backtest take them into account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churnrisk.campaigns.records import Member, list_campaigns, load_members
from churnrisk.dataset import Exposure
from churnrisk.errors import StateError
from churnrisk.state import StatePlace, find_state
from churnrisk.timeline import date_of


def read_exposures(place: StatePlace | None) -> tuple[Exposure, ...]:
    """Return the campaigns of a state; none where no file or URL is named.

    Raises
    ------
    StateError
        Where the file that is named is not there.
    """
    if place is None:
        return ()
    state = find_state(place)
    if state is None:
        raise StateError(f"{place}: no such state file.")
    with state:
        return tuple(
            exposure_of(
                one.campaign.name,
                load_members(state, one.campaign_id),
                start=one.campaign.starts_on,
                end=one.campaign.ends_on,
            )
            for one in list_campaigns(state)
        )


def exposure_of(name: str, members: Sequence[Member], *, start: int, end: int) -> Exposure:
    """Return a campaign as far as outcomes are concerned."""
    treated = frozenset(one.customer_id for one in members if one.is_treated)
    control = {one.customer_id: 1 / one.control_probability for one in members if not one.is_treated}
    return Exposure(name, start, end, treated, control)


def describe_exposures(exposures: Sequence[Exposure], dropped: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return the campaigns that were taken into account, for the card; nothing at all where there were none.

    Parameters
    ----------
    exposures : sequence of Exposure
        Every campaign that is known.
    dropped : mapping of str to int, optional
        Those that share days with an outcome window, with the contacted who were dropped. By default all are named.
    """
    named = [one for one in exposures if dropped is None or one.name in dropped]
    if not named:
        return {}
    return {"campaigns": [_describe(one, None if dropped is None else dropped[one.name]) for one in named]}


def _describe(exposure: Exposure, dropped: int | None) -> dict[str, Any]:
    if exposure.can_be_mended:
        note = "contacted customers are left out of the weeks that it touches, and its control group stands for them"
    else:
        note = (
            "it had no control group, so the churn rate of the weeks that it touches is biased: what it did is taken "
            "for the customers' own doing"
        )
    return {
        "name": exposure.name,
        "from": date_of(exposure.start).isoformat(),
        "until": date_of(exposure.end - 1).isoformat(),
        "contacted": len(exposure.treated),
        "control": len(exposure.control_weight),
        **({} if dropped is None else {"contacted_left_out": dropped}),
        "is_biased": not exposure.can_be_mended,
        "note": note,
    }
