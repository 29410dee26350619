"""What a feature is: whole numbers from an engine, and a last step in NumPy.

An engine delivers integers and order statistics only (counts, sums, minima, maxima, medians, quartiles), declared
as :class:`WholeNumber`. Everything that divides, takes a root or a logarithm is the last step of a
:class:`Feature`, in float64. That is why engines agree to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import narwhals as nw
import numpy as np

from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import Snapshot
from churnrisk.types import Floats

Columns = Mapping[str, Floats]
"""Columns that an engine has delivered, as float64 with NaN where there is nothing."""

Expression = Callable[[Snapshot], nw.Expr]
LastStep = Callable[[Columns, Snapshot], Floats]

NEVER = "never missing"
ONE_DAY = "missing for customers with one purchase day"


@dataclass(frozen=True)
class WholeNumber:
    """One aggregate per customer that an engine delivers exactly.

    Parameters
    ----------
    name : str
        Its column.
    expression : callable
        Gives the aggregate over the rows of one customer in ``source``, for a snapshot.
    source : str
        The rows: ``"orders"``, ``"products"`` or ``"categories"``.
    """

    name: str
    expression: Expression
    source: str = "orders"


@dataclass(frozen=True)
class Feature:
    """One column of the feature matrix.

    Parameters
    ----------
    name : str
        Carries the unit: ``_days``, ``_count``, ``_amount``, ``_rate``, ``_share``, ``_ratio``.
    family : str
        Name of its family in :mod:`churnrisk.features.families`.
    unit : str
        What the number counts, for people.
    meaning : str
        One sentence. It is part of the fingerprint: a change of meaning makes old models incompatible.
    inputs : tuple of str
        The :class:`WholeNumber` columns that the last step may read, and no others.
    last_step : callable
        Makes the float64 column from the inputs and the snapshot, row by row, so that batches equal the whole.
    missing : str
        When the value is NaN, for people.
    needs : tuple of str
        What the log must have: ``"amounts"``, ``"quantities"``, ``"products"``, ``"categories"``.
    money_degree : int
        1 where the value scales with the currency unit, 0 where it does not.
    """

    name: str
    family: str
    unit: str
    meaning: str
    inputs: tuple[str, ...]
    last_step: LastStep
    missing: str = NEVER
    needs: tuple[str, ...] = ()
    money_degree: int = 0


def take(name: str) -> LastStep:
    """Make the last step that passes a whole number on as it is."""
    return lambda columns, _: columns[name]


def take_amount(name: str) -> LastStep:
    """Make the last step that turns ten-thousandths into currency units (or into items)."""
    return lambda columns, _: columns[name] / MONEY_SCALE


def take_ratio(numerator: str, denominator: str) -> LastStep:
    """Make the last step that divides two whole numbers."""
    return lambda columns, _: divide(columns[numerator], columns[denominator])


def take_share(part: str, rest: str) -> LastStep:
    """Make the last step for the share of ``part`` in ``part + rest``."""
    return lambda columns, _: divide(columns[part], columns[part] + columns[rest])


def divide(numerator: Floats, denominator: Floats) -> Floats:
    """Divide, with NaN where the denominator is zero or either side is missing."""
    quotient = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=quotient, where=denominator != 0)
    return quotient


def days_since(name: str) -> LastStep:
    """Make the last step that counts the days from a day column to the cutoff."""
    return lambda columns, snapshot: snapshot.cutoff - columns[name]
