"""What every buy-till-you-die model has to provide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from churnrisk.btyd.summary import Table
from churnrisk.types import Floats

Params = tuple[float, ...]
ModelName = Literal["bgnbd", "mbgnbd", "pareto_nbd", "nbd"]


@dataclass(frozen=True)
class Family:
    """One model: its parameters and its closed forms.

    Parameters
    ----------
    name : str
        As the user writes it.
    title : str
        As the literature writes it.
    parameters : tuple of str
        All of them positive.
    in_time : frozenset of str
        The parameters that are times and so are stretched with the unit of time.
    starts : tuple of tuple of float
        Where the search begins, with the mean tenure as the unit of time.
    log_likelihood : callable
        (parameters, table) -> value and gradient, summed over all customers.
    alive : callable
        (parameters, table) -> P(alive at the cutoff).
    no_purchase : callable
        (parameters, table, lead, horizon) -> P(no purchase in (lead, lead + horizon] after the cutoff).
    expected : callable
        (parameters, table, time) -> expected purchases in (0, time] after the cutoff.
    """

    name: ModelName
    title: str
    parameters: tuple[str, ...]
    in_time: frozenset[str]
    starts: tuple[Params, ...]
    log_likelihood: Callable[[Params, Table], tuple[float, Floats]]
    alive: Callable[[Params, Table], Floats]
    no_purchase: Callable[[Params, Table, float, float], Floats]
    expected: Callable[[Params, Table, float], Floats]

    def scale_times(self, values: Params, factor: float) -> Params:
        """Multiply the values that belong to time parameters."""
        pairs = zip(self.parameters, values, strict=True)
        return tuple(value * factor if name in self.in_time else value for name, value in pairs)
