"""How far money is to be trusted: what the forecast of value said of an earlier window, and what came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churnrisk.messages import mark, say, say_many
from churnrisk.report.formats import between, decimal
from churnrisk.timeline import YEAR

UNKNOWN = mark("The expected revenue could not be compared with the past: the history is too short.")
UNKNOWN_YEAR = mark("What is expected in a year could not be compared with the past: the history is too short.")
ROUGH = mark("Amounts of money are rough.")


def tell_value_trust(card: Mapping[str, Any]) -> str:
    """Say how the forecast of value of a model did in the past, in a sentence or two; empty without amounts."""
    value = card.get("value")
    if value is None:
        return ""
    looked = [one for one in value["look_backs"] if one["revenue_ratio"] is not None]
    told = [_tell(one) for one in looked] or [say(UNKNOWN)]
    if looked and all(one["days"] < YEAR for one in looked):
        told.append(say(UNKNOWN_YEAR))
    return " ".join([say(ROUGH), *told] if is_rough(card) else told)


def is_rough(card: Mapping[str, Any]) -> bool:
    """Tell whether amounts are rough: the look backs are far off, or there is none over the horizon."""
    value = card.get("value")
    if value is None:
        return False
    looked: Sequence[Mapping[str, Any]] = value["look_backs"]
    has_horizon = any(one["days"] == card["snapshot"]["horizon_days"] for one in looked)
    return not has_horizon or not all(one["is_sound"] for one in looked)


def _tell(check: Mapping[str, Any]) -> str:
    return say_many(
        "Looking back over one day, expected revenue was {ratio} times what came ({interval}).",
        "Looking back over {count} days, expected revenue was {ratio} times what came ({interval}).",
        check["days"],
        ratio=decimal(check["revenue_ratio"]),
        interval=between(check["revenue_ratio_low"], check["revenue_ratio_high"], write=decimal),
    )
