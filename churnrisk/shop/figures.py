"""Retention figures of a generation: each worked out once, when it is first asked for."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar, cast

from churnrisk.errors import BadQuery, SettingsError
from churnrisk.orders import Orders
from churnrisk.retention import (
    USUAL,
    Calendar,
    CohortTable,
    RetentionTable,
    build_cohorts,
    measure_retention,
    parse_kind,
)
from churnrisk.shop.generation import Generation
from churnrisk.timeline import DEFAULT_LOOKBACK, parse_day

Found = TypeVar("Found")
MOST_KEPT = 32
MOST_PERIODS = 1500
DAYS_OF = {"week": 7, "month": 28, "quarter": 90, "year": 365}


class Figures:
    """Figures that need all orders; one is worked out at a time, and the newest are kept."""

    def __init__(self, generation: Generation, calendar: Calendar = USUAL) -> None:
        self._generation, self._calendar = generation, calendar
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def retention(
        self,
        kind: str = "month",
        *,
        start: str | None = None,
        stop: str | None = None,
        lookback: int = DEFAULT_LOOKBACK,
        year_starts: str | None = None,
        week_starts: str | None = None,
    ) -> RetentionTable:
        """Measure every retention figure, period by period.

        Parameters
        ----------
        kind : str
            ``week``, ``month``, ``quarter``, ``year``, or a number of days.
        start, stop : str, optional
            ISO dates: the first day to cover, and the day after the last.
        lookback : int
            Days in which a purchase makes a customer active.
        year_starts, week_starts : str, optional
            On which day years and weeks begin, where that is not as the settings say.
        """
        how: dict[str, Any] = {**_read_days(start, stop), "lookback": lookback}
        how["calendar"] = self._choose_calendar(year_starts, week_starts)
        asked, chosen = ("retention", kind, *how.values()), self._check(kind, how)
        return cast(RetentionTable, self._keep(asked, lambda orders: measure_retention(orders, chosen, **how)))

    def cohorts(
        self,
        kind: str = "month",
        *,
        measure: str = "customers",
        start: str | None = None,
        stop: str | None = None,
        lookback: int = DEFAULT_LOOKBACK,
        year_starts: str | None = None,
        week_starts: str | None = None,
    ) -> CohortTable:
        """Follow customers from the period of their first purchase on, by ``customers`` or by ``revenue``."""
        how: dict[str, Any] = {**_read_days(start, stop), "lookback": lookback, "measure": measure}
        how["calendar"] = self._choose_calendar(year_starts, week_starts)
        asked, chosen = ("cohorts", kind, *how.values()), self._check(kind, how)
        return cast(CohortTable, self._keep(asked, lambda orders: build_cohorts(orders, chosen, **how)))

    def use(self, work: Callable[[Orders], Found]) -> Found:
        """Do something with all orders, while nobody else does."""
        with self._lock:
            return work(self._generation.open_orders())

    def latest(self) -> list[dict[str, Any]]:
        """Return the last complete months, at most 13, for a look at where things are going."""
        periods = self.retention("month").to_dict()["periods"]
        return [one for one in periods if one["complete"]][-13:]

    def _choose_calendar(self, year_starts: str | None, week_starts: str | None) -> Calendar:
        usual = self._calendar
        try:
            return Calendar(year_starts or usual.year_starts, week_starts or usual.week_starts)
        except SettingsError as error:
            raise BadQuery(str(error).replace("--year-starts", "year_starts")) from None

    def _check(self, kind: str, how: dict[str, Any]) -> str | int:
        """Read the kind of period, and refuse more periods than anyone looks at."""
        try:
            chosen = parse_kind(kind)
        except SettingsError as error:
            raise BadQuery(str(error)) from None
        facts = self._generation.facts
        start = facts["first_day"] if how["start"] is None else how["start"]
        stop = facts["last_day"] + 1 if how["stop"] is None else how["stop"]
        if start >= stop:
            raise BadQuery("from and to: the first day has to lie before the last.")
        count = (stop - start) // (chosen if isinstance(chosen, int) else DAYS_OF[chosen])
        if count > MOST_PERIODS:
            raise BadQuery(f"{count} periods are more than {MOST_PERIODS}; choose longer ones, or fewer days.")
        return chosen

    def _keep(self, asked: tuple[Any, ...], work: Callable[[Any], Any]) -> Any:
        with self._lock:
            if asked not in self._kept:
                self._kept[asked] = work(self._generation.open_orders())
            self._kept.move_to_end(asked)
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
            return self._kept[asked]


def _read_days(start: str | None, stop: str | None) -> dict[str, int | None]:
    try:
        return {
            "start": None if start is None else parse_day(start, option="from"),
            "stop": None if stop is None else parse_day(stop, option="to"),
        }
    except SettingsError as error:
        raise BadQuery(str(error)) from None
