"""What all measured campaigns have shown together: how many would-be leavers stay, and what a customer kept brings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from churnrisk.campaigns.records import Measured, list_measured
from churnrisk.state import State

MOST_ACCEPTANCE_ERROR = 0.1
"""An acceptance rate that is known worse than to 0.1 is no better than a guess, and is not offered."""

MOST_MULTIPLE_ERROR = 0.5
"""The same for what a customer kept brings, as a share of it: two standard errors from nothing."""


def measured_acceptance(state: State) -> float | None:
    """Return the acceptance rate that the measured campaigns have shown, or None where they tell too little.

    Campaigns are weighed by how well each knows its rate. The mean is cut to [0, 1].

    Parameters
    ----------
    state : State
        The open state file.

    Returns
    -------
    float or None
        None without a measured campaign, and where the rate is known worse than to a standard error of 0.1.
    """
    return pool_acceptance(list_measured(state).values())


def pool_acceptance(measured: Iterable[Measured]) -> float | None:
    """Pool acceptance rates by inverse variance."""
    known = [(one.acceptance, one.acceptance_error) for one in measured]
    pairs = [(rate, error) for rate, error in known if rate is not None and error]
    if not pairs:
        return None
    weights = np.array([1 / error**2 for _, error in pairs])
    if weights.sum() ** -0.5 > MOST_ACCEPTANCE_ERROR:
        return None
    mean = float((weights * np.array([rate for rate, _ in pairs])).sum() / weights.sum())
    return min(max(mean, 0.0), 1.0)


def measured_multiple(state: State) -> float | None:
    """Return how many times the one purchase that was expected a kept customer brings, or None.

    It is the additional revenue of all campaigns over what their additional buyers would have brought with one
    purchase each, as the lists expected it. The revenue counts within the windows of the campaigns only, so it is
    rather too low where customers come back for longer.

    Parameters
    ----------
    state : State
        The open state file.

    Returns
    -------
    float or None
        Above 0. None where it is known worse than to half of itself.
    """
    return pool_multiple(one.result for one in list_measured(state).values())


def pool_multiple(results: Iterable[Mapping[str, Any]]) -> float | None:
    """Pool revenue and saves of campaigns, and divide; the errors of the two are taken as independent.

    They are not: whoever buys more brings more. So the error comes out rather too large, and the figure is used rather
    too late than too early.
    """
    earned = expected = earned_variance = expected_variance = 0.0
    for one in results:
        if one.get("save_forecast") is None:
            continue
        kept, revenue, size = one["effects"]["retained"], one["effects"]["revenue"], one["treated"]
        earned += size * revenue["difference"]
        expected += size * kept["difference"] * one["save_forecast"]
        earned_variance += (size * revenue["error"]) ** 2
        expected_variance += (size * kept["error"] * one["save_forecast"]) ** 2
    if earned <= 0 or expected <= 0:
        return None
    error = (earned_variance / earned**2 + expected_variance / expected**2) ** 0.5
    return earned / expected if error <= MOST_MULTIPLE_ERROR else None
