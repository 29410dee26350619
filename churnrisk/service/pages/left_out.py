"""Who has opted out, for the form of a new campaign: the list of the settings, and ids that were pasted in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from churnrisk.campaigns import read_suppressed
from churnrisk.messages import mark, say
from churnrisk.orders import trim_text
from churnrisk.service.config import ServiceConfig
from churnrisk.service.pages.frame import View
from churnrisk.service.problems import Problem

MOST_SHOWN = 60
NOT_AN_ID = mark("Line {line} of those to leave out: {given}. Write one customer id a line, and nothing else.")
_SEPARATORS = (",", ";", "\t")


def read_left_out(view: View) -> set[str]:
    """Return everybody whom a campaign must not contact.

    Raises
    ------
    Problem
        For a pasted line that is no customer id.
    ChurnriskError
        Where the list of the settings cannot be read: rather no campaign than one for customers who opted out.
    """
    config: ServiceConfig = view.request.app.state.config
    found = read_pasted(pasted_text(view), own_id=config.options.own_id, is_known=view.shop.knows)
    if config.suppress is None:
        return found
    return found | read_suppressed(config.suppress, replace(config.options, rejects=None))


def pasted_text(view: View) -> str:
    """Return what was pasted into the form, whole: a list that is cut off would let somebody be contacted."""
    return (view.fields.get("left_out") or [""])[-1]


def read_pasted(text: str, *, own_id: Callable[[str], str], is_known: Callable[[str], bool]) -> set[str]:
    """Read ids, one a line.

    An id that nobody has is passed over, since customers come and go; but where such a line looks like more than an
    id, the ids in it would be passed over unseen, and so it is refused.

    Parameters
    ----------
    text : str
        What was pasted.
    own_id : callable
        Gives an id as the purchases have it.
    is_known : callable
        Tells whether anybody of an id is in the history.

    Raises
    ------
    Problem
        Naming the line.
    """
    found: set[str] = set()
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        one = trim_text(line)
        if any(sign in one for sign in _SEPARATORS) and not is_known(one):
            given = one if len(one) <= MOST_SHOWN else one[: MOST_SHOWN - 1] + "…"
            raise Problem(422, "Invalid request", say(NOT_AN_ID, line=number, given=given))
        found |= {own_id(one)} if one else set()
    return found
