"""Fit a buy-till-you-die model to purchase summaries."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import get_args

import numpy as np

from churnrisk.btyd.family import Family, ModelName, Params
from churnrisk.btyd.model import FAMILIES, BtydModel
from churnrisk.btyd.optimise import PENALTIES, Objective, Optimum, choose_start, climb_ladder, describe_trouble
from churnrisk.btyd.summary import Summary, Table
from churnrisk.errors import NotEnoughData, SettingsError
from churnrisk.types import Floats

ROWS_FOR_START = 2000  # the search for a starting point looks at no more distinct rows than this
LEAST_CUSTOMERS = 10
LEAST_REPEATS = 10


def fit_btyd(
    summary: Summary,
    model: ModelName = "bgnbd",
    *,
    penalties: Sequence[float] = PENALTIES,
    start: BtydModel | None = None,
) -> BtydModel:
    """Fit a buy-till-you-die model by maximum likelihood.

    Fit it to every customer with a purchase before the cutoff, not only to the customer base: the long silent are
    what tells the model that customers leave.

    Plain maximum likelihood is tried first. If it does not settle, settles at absurd parameters or leaves one of
    them open, a prior is laid on the log-parameters and made heavier in steps; if that does not help either, the
    next simpler model is fitted (Pareto/NBD, MBG/NBD, BG/NBD, NBD). What was done is written in the note.

    Parameters
    ----------
    summary : Summary
        The customers, seen at the cutoff. Neither the order of the rows nor their merging matters.
    model : {"bgnbd", "mbgnbd", "pareto_nbd", "nbd"}
        Which model to ask for.
    penalties : sequence of float
        Weights of the prior to try, in this order.
    start : BtydModel, optional
        A fit of the same model to similar data, such as an earlier cutoff; the search then starts there and
        is quicker.

    Returns
    -------
    BtydModel

    Raises
    ------
    NotEnoughData
        Fewer than 10 customers or fewer than 10 repeat purchases.
    SettingsError
        No such model.

    Notes
    -----
    The sources are cited with each model: Fader, Hardie & Lee (2005) for BG/NBD, Batislam, Denizel & Filiztekin
    (2007) for MBG/NBD, Schmittlein, Morrison & Colombo (1987) for Pareto/NBD.
    """
    if model not in FAMILIES:
        raise SettingsError(f"No model is called {model!r}; choose one of {', '.join(get_args(ModelName))}.")
    distinct, _ = summary.collapse()
    _check_size(distinct)
    scale = float((distinct.customers * distinct.tenure).sum() / distinct.customers.sum())
    table = Table.from_summary(distinct, scale)
    names = list(FAMILIES)
    for name in names[names.index(model) :]:
        family = FAMILIES[name]
        begin = _find_start(family, table, start, scale)
        objective = partial(_evaluate, family, table)
        fit = climb_ladder(objective, begin, customers=table.customers, penalties=penalties)
        if fit is not None:
            return _describe_fit(fit, family, requested=model, table=table, scale=scale)
    raise NotEnoughData(
        f"None of {', '.join(names)} settles on these {table.customers:g} customers with the penalties "
        f"{tuple(penalties)}; leave `penalties` at its default, or give more history."
    )


def _evaluate(family: Family, table: Table, params: Params) -> tuple[float, Floats]:
    # The search may look at absurd parameters; what overflows there comes back as not finite and is refused.
    with np.errstate(all="ignore"):
        return family.log_likelihood(params, table)


def _check_size(summary: Summary) -> None:
    customers = float(summary.customers.sum())
    repeats = float((summary.customers * summary.frequency).sum())
    if customers < LEAST_CUSTOMERS or repeats < LEAST_REPEATS:
        raise NotEnoughData(
            f"{customers:g} customers with {repeats:g} repeat purchases; at least {LEAST_CUSTOMERS} customers and "
            f"{LEAST_REPEATS} repeat purchases are needed. Take a longer history."
        )


def _find_start(family: Family, table: Table, start: BtydModel | None, scale: float) -> Floats:
    """Return log-parameters to start from, times in units of `scale`."""
    if start is not None and start.model == family.name:
        known = tuple(start.parameters[name] for name in family.parameters)
        return np.log(family.scale_times(known, 1 / scale))
    part = table.take_every(-(-len(table.x) // ROWS_FOR_START))
    objective: Objective = partial(_evaluate, family, part)
    return choose_start(objective, family.starts, part.customers)


def _describe_fit(fit: Optimum, family: Family, *, requested: ModelName, table: Table, scale: float) -> BtydModel:
    values = family.scale_times(fit.parameters, scale)
    errors = family.scale_times(fit.standard_errors, scale)
    repeats = float((table.weight * table.x).sum())
    return BtydModel(
        model=family.name,
        requested=requested,
        parameters=dict(zip(family.parameters, values, strict=True)),
        standard_errors=dict(zip(family.parameters, errors, strict=True)),
        # A density over times changes with their unit, once for each repeat purchase.
        log_likelihood=fit.log_likelihood - repeats * float(np.log(scale)),
        customers=table.customers,
        penalty=fit.penalty,
        note=_write_note(fit, family, FAMILIES[requested]),
    )


def _write_note(fit: Optimum, family: Family, requested: Family) -> str:
    trouble = describe_trouble(fit)
    if family is requested:
        return trouble
    fallback = f"{requested.title} did not settle at sane parameters, {family.title} was fitted instead"
    return f"{fallback}; {trouble}" if trouble else fallback
