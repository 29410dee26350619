"""Gauges of the newest look at the model: drift and freshness, for the numbers that Prometheus reads.

They come from the state that all workers share, so they are asked for anew at each reading and not added up.
"""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily

from churnrisk.operations import monitor_gauges, table_gauges
from churnrisk.state import State

MEANINGS = {
    "psi_max": "Largest population stability index of a feature, at the newest churnrisk monitor",
    "psi": "The same beyond what chance and the training cutoffs explain; 0 where nothing is",
    "auc": "AUC realised by the newest scoring run whose outcome window is over",
    "rules_fired": "Monitoring rules that fired at the newest churnrisk monitor",
    "days_since_last_purchase": "Days from the last purchase that the newest churnrisk monitor knew to today",
}

OF_TABLES = {
    "churnrisk_table_days_since_last_row": "Days from the newest row of a table beside the purchases to today",
    "churnrisk_table_has_stopped": "Whether that table had stopped coming at the newest churnrisk monitor",
}


class _Watched:
    """Gives each gauge whose number is known."""

    def __init__(self, state: State) -> None:
        self._state = state

    def describe(self) -> Iterable[GaugeMetricFamily]:
        known = {f"churnrisk_{name}": meaning for name, meaning in MEANINGS.items()} | OF_TABLES
        return [GaugeMetricFamily(name, meaning) for name, meaning in known.items()]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        values = monitor_gauges(self._state)
        for name, meaning in MEANINGS.items():
            if (value := values[name]) is not None:
                yield GaugeMetricFamily(f"churnrisk_{name}", meaning, value=value)
        yield from self._collect_tables()

    def _collect_tables(self) -> Iterable[GaugeMetricFamily]:
        days, has_stopped = (GaugeMetricFamily(name, meaning, labels=["table"]) for name, meaning in OF_TABLES.items())
        for table, (age, is_so) in table_gauges(self._state).items():
            has_stopped.add_metric([table], float(is_so))
            if age is not None:
                days.add_metric([table], float(age))
        return [one for one in (days, has_stopped) if one.samples]


def collect_watched(state: State) -> bytes:
    """Return the gauges as Prometheus reads them; nothing before the first look."""
    registry = CollectorRegistry()
    registry.register(_Watched(state))
    return generate_latest(registry)
