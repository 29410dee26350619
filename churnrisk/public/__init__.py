"""What a command does as a function: the commands call these, and so does ``import churnrisk``.

Each takes a source of purchases and gives a result, whose ``to_dict`` is what the command prints with ``--json``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from churnrisk.public.retention import Cohorts, Metrics, cohorts, metrics
    from churnrisk.public.segmenting import Benchmarks, Segments, benchmarks, segments
    from churnrisk.public.value import LifetimeValue, RetentionValue, SurveyResult, economics, ltv, nps

__all__ = [
    "Benchmarks",
    "Cohorts",
    "LifetimeValue",
    "Metrics",
    "RetentionValue",
    "Segments",
    "SurveyResult",
    "benchmarks",
    "cohorts",
    "economics",
    "ltv",
    "metrics",
    "nps",
    "segments",
]

_HOMES = {
    "retention": ("Cohorts", "Metrics", "cohorts", "metrics"),
    "segmenting": ("Benchmarks", "Segments", "benchmarks", "segments"),
    "value": ("LifetimeValue", "RetentionValue", "SurveyResult", "economics", "ltv", "nps"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    # imported on first use: retention figures take no model
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
