"""What segments, actions and levels are called on the page, in the language of now."""

from __future__ import annotations

from churnrisk.explain import REASON_COLUMNS
from churnrisk.messages import mark, say
from churnrisk.report.formats import NOTHING
from churnrisk.retelling import retell
from churnrisk.tables import Table

SEGMENT_NAMES = {
    "champions": mark("champions"),
    "loyal": mark("loyal"),
    "promising": mark("promising"),
    "new": mark("new"),
    "needs_attention": mark("needs attention"),
    "about_to_sleep": mark("about to sleep"),
    "at_risk": mark("at risk"),
    "cannot_lose": mark("cannot lose"),
    "hibernating": mark("hibernating"),
    "lost": mark("lost"),
}
"""Every segment, as it is called."""

ACTION_NAMES = {
    "win_back_mail": mark("win-back mail"),
    "discount": mark("discount"),
    "loyalty_offer": mark("loyalty offer"),
    "service_call": mark("service call"),
    "survey": mark("survey"),
    "remind": mark("reminder"),
    "replace": mark("other products"),
    "complement": mark("matching products"),
    "none": mark("nothing"),
}
"""Every action of a playbook, as it is called."""

CHANGE_NAMES = {"new": mark("new on the list"), "again": mark("on the list before")}
"""How a customer stands against the list before."""

STATUS_NAMES = {"scored": mark("scored"), "lapsed": mark("lapsed"), "no_purchases": mark("without a purchase")}
"""What a customer is to the model."""
CHOICES = {"segment": SEGMENT_NAMES, "status": STATUS_NAMES}
"""What there is to choose from, by kind: each value with what it is called, not yet said."""

MOVES = (mark("rising"), mark("falling"), mark("bought since"), mark("off the list"), mark("unchanged"))
"""How a customer stands against the last scores, as :mod:`churnrisk.memory` has it, beside *new on the list*."""

UNTOLD = ("p_alive",)
"""Columns of scores that a workbook for people has no words for."""

SAID = (mark("high"), mark("medium"), mark("low"), mark("retained"), mark("orders"), mark("revenue"))
"""Levels of risk and outcomes of campaigns, as :mod:`churnrisk.schema` has them: pages say them."""

METHODS = (mark("recency rule"), mark("base rate"), mark("RFM logistic regression"))
"""Simple methods that a model is compared with; the others are proper names."""


def name_segment(segment: str | None) -> str:
    """Return what a segment is called; a dash for none."""
    return say(SEGMENT_NAMES[segment]) if segment else NOTHING


def name_action(action: str | None) -> str:
    """Return what an action is called, one of the shop's own by its own name; a dash for none."""
    return say(ACTION_NAMES.get(action, action.replace("_", " "))) if action else NOTHING


def tell_table(scores: Table) -> Table:
    """Return a table of scores with its words in the language of now."""
    told = {
        "status": lambda status: say(STATUS_NAMES[status]),
        **dict.fromkeys(("risk", "change"), _say),
        **dict.fromkeys((*REASON_COLUMNS, "observation"), retell),
        "segment": name_segment,
    }
    columns = {name: values for name, values in scores.columns.items() if name not in UNTOLD}
    for name in told.keys() & columns.keys():
        columns[name] = [None if one is None else told[name](one) for one in columns[name]]
    return Table(columns)


def _say(word: str) -> str:
    return say(word)
