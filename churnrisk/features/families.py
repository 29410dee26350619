"""The families of features: catalogue, reasons, playbook, names on pages and documentation derive from this list.

A family is a module with its ``WHOLE_NUMBERS`` and ``FEATURES``, and an entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from churnrisk.features import basket, frequency, monetary, recency, returns, rhythm, season, trend, weekday
from churnrisk.messages import mark


@dataclass(frozen=True)
class Family:
    """Features that tell of one side of a customer.

    Parameters
    ----------
    module : module
        The features, and the whole numbers that they are made of.
    name : str
        Stands in cards, scores and playbooks; marked, so that pages say it in the reader's language.
    words : str
        What the family means as the main reason for a score.
    told_as : str
        Name of the family that reasons count these features to; empty for the family itself.
    """

    module: ModuleType
    name: str
    words: str = ""
    told_as: str = ""


FAMILIES = (
    Family(recency, mark("recency"), "silent for long"),
    Family(frequency, mark("frequency"), "orders seldom"),
    Family(monetary, mark("monetary"), "spends little"),
    Family(rhythm, mark("rhythm"), "overdue against the own rhythm"),
    Family(trend, mark("trend"), "buys less than before"),
    Family(season, mark("season"), "the season"),
    Family(basket, mark("basket"), "what is bought"),
    Family(returns, mark("returns"), "many returns"),
    Family(weekday, "weekday", told_as="rhythm"),
)
"""In the order of the catalogue. Time and memory of reasons triple with each family that is told by itself."""

TOLD_AS = {one.name: one.told_as or one.name for one in FAMILIES}
"""The family that reasons count each family to."""

TOLD_FAMILIES = {one.name: one.words for one in FAMILIES if not one.told_as}
"""The families that a score is shared out to, each with what it means as the main reason."""

TABLES = mark("tables")
"""The family of all features of tables beside the purchases; only models that have such features tell it."""
