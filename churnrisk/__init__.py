"""churnrisk tells a shop which customers are about to stop buying, from its purchase history.

>>> import churnrisk
>>> model = churnrisk.train("data/purchases.csv", horizon=90)
>>> model.score("data/customers.csv")["status"].value_counts().to_dict()["scored"] > 100
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from churnrisk.errors import ChurnriskError

if TYPE_CHECKING:
    from churnrisk.orders import IntakeOptions, IntakeReport, Orders, read_orders
    from churnrisk.public import benchmarks, cohorts, economics, ltv, metrics, nps, segments
    from churnrisk.timeline import Snapshot
    from churnrisk.workflows import ChurnModel, load, train

__version__ = "0.1.0"
__all__ = [
    "ChurnModel",
    "ChurnriskError",
    "IntakeOptions",
    "IntakeReport",
    "Orders",
    "Snapshot",
    "__version__",
    "benchmarks",
    "cohorts",
    "economics",
    "load",
    "ltv",
    "metrics",
    "nps",
    "read_orders",
    "segments",
    "train",
]

# Imported on first use: `churnrisk --help` and `import churnrisk` load no data library.
_HOMES = {
    "ChurnModel": "workflows",
    "IntakeOptions": "orders",
    "IntakeReport": "orders",
    "Orders": "orders",
    "Snapshot": "timeline",
    "benchmarks": "public",
    "cohorts": "public",
    "economics": "public",
    "load": "workflows",
    "ltv": "public",
    "metrics": "public",
    "nps": "public",
    "read_orders": "orders",
    "segments": "public",
    "train": "workflows",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"churnrisk.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'churnrisk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
