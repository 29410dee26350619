"""When a new generation is due: another model or file, somebody forgotten, many orders or rows, reasons to add."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churnrisk.errors import StoreError
from churnrisk.schema import ReasonsFor
from churnrisk.shop.files import ShopFiles, ShopPlan, stamp_source
from churnrisk.shop.received_rows import last_row_seq
from churnrisk.state import State, last_received_seq, stamp_tombstones
from churnrisk.store import read_current, stamp_model

REFRESH_ORDERS = 500
"""So many orders received are folded in at once; fewer, after :data:`REFRESH_SECONDS`."""

REFRESH_SECONDS = 900.0


def choose_reasons(plan: ShopPlan, current: ShopFiles | None, state: State, *, age: float) -> ReasonsFor | None:
    """Say whether a new generation is due, and which customers get reasons in it.

    Parameters
    ----------
    plan : ShopPlan
        What generations are made of.
    current : ShopFiles or None
        The current one.
    state : State
        Where orders are received.
    age : float
        Seconds since the current one was made.

    Returns
    -------
    {"listed", "all"} or None
        None where none is due. The first one after a change has the reasons of those at risk only, so that it is there
        soon; another with those of everybody follows, where they are not too many.
    """
    seq, row_seq = last_received_seq(state), last_row_seq(state)
    if current is None:
        return "listed" if plan.purchases is not None or seq else None
    made_of = current.made_of
    if _is_other_model(plan, made_of, age) or _is_other_source(plan, made_of):
        return "listed"
    if made_of["erased_stamp"] != stamp_tombstones(state):
        return _most(plan, current)
    came = abs(seq - made_of["seq"]) + abs(row_seq - made_of["row_seq"])
    if came >= REFRESH_ORDERS or (came and age > REFRESH_SECONDS):
        return _most(plan, current)
    is_due = made_of["reasons"] != "all" and made_of["model"] is not None and made_of["scored"] <= plan.explained
    return "all" if is_due else None


def _most(plan: ShopPlan, current: ShopFiles) -> ReasonsFor:
    """Return reasons to everybody where they are not too many, for a generation that nobody is in a hurry for."""
    return "all" if current.made_of["scored"] <= plan.explained else "listed"


def _is_other_source(plan: ShopPlan, made_of: Mapping[str, Any]) -> bool:
    """Tell whether the file of purchases, or of a table beside them, is another one."""
    stamps = {plan.purchases: made_of["source"], **made_of["tables"]}
    return any(_as_list(stamp_source(source)) != stamp for source, stamp in stamps.items())


def _as_list(stamp: tuple[int, int] | None) -> list[int] | None:
    return None if stamp is None else list(stamp)


def _is_other_model(plan: ShopPlan, made_of: Mapping[str, Any], age: float) -> bool:
    """Tell whether another model is current than the one of a generation.

    Where that had none, since the current one could not be used, it is tried again when a file of it is another one,
    and otherwise as seldom as orders are folded in.
    """
    version = _find_version(plan)
    if made_of["model"] is None and version is not None:
        return made_of["model_files"] != stamp_model(plan.models_dir) or age > REFRESH_SECONDS
    return bool(made_of["model"] != version)


def _find_version(plan: ShopPlan) -> str | None:
    try:
        return read_current(plan.models_dir)
    except StoreError:
        return None
