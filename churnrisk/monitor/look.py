"""One look at a model: all figures, the numbers that rules may name, and why one of them is not known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from churnrisk.monitor.arrival import Arrival, stopped
from churnrisk.monitor.drift import CustomerBase, FeatureDrift, ScoreDrift
from churnrisk.monitor.realised import Realised
from churnrisk.monitor.rules import NAMES, STOPPED_TABLES
from churnrisk.monitor.volume import Volume
from churnrisk.timeline import date_of

LOOK_FORMAT = 1
"""Format of a look as plain values, as it is remembered."""


@dataclass(frozen=True)
class Freshness:
    """How old the log is, and what its reading set aside.

    Parameters
    ----------
    looked_on : int
        Today, or the day that was asked for.
    last_purchase : int or None
        Day of the last purchase before it.
    rows, rejected : int
        Rows with a customer, and those of them that were rejected.
    """

    looked_on: int
    last_purchase: int | None
    rows: int
    rejected: int

    @property
    def days(self) -> int | None:
        """Days from the last purchase to the day that is looked on."""
        return None if self.last_purchase is None else self.looked_on - self.last_purchase

    @property
    def rejected_share(self) -> float:
        """Share of the rows that was rejected."""
        return self.rejected / max(self.rows, 1)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "looked_on": date_of(self.looked_on).isoformat(),
            "last_purchase_on": None if self.last_purchase is None else date_of(self.last_purchase).isoformat(),
            "days_since_last_purchase": self.days,
            "rows": self.rows,
            "rejected": self.rejected,
            "rejected_share": self.rejected_share,
        }


@dataclass(frozen=True)
class Drift:
    """How the customers of now differ from those of training.

    Parameters
    ----------
    days : int
        From the model's ``as_of`` to the day that is looked at.
    usual_days : int or None
        How far apart the training cutoffs are that serve as comparison.
    base : CustomerBase
        Now.
    features : sequence of FeatureDrift
        Those first that differ most.
    since_training : ScoreDrift or None
        Probabilities against training.
    since_last_run : ScoreDrift or None
        Probabilities against the last run that is remembered.
    last_run : mapping or None
        That run: number, day and model.
    """

    days: int
    usual_days: int | None
    base: CustomerBase
    features: Sequence[FeatureDrift]
    since_training: ScoreDrift | None
    since_last_run: ScoreDrift | None
    last_run: Mapping[str, Any] | None

    @property
    def drifted(self) -> list[FeatureDrift]:
        """The features that differ by more than chance and the training cutoffs explain."""
        return [one for one in self.features if one.verdict == "drifted"]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "days_since_training": self.days,
            "compared_with_cutoffs_days_apart": self.usual_days,
            "customers": self.base.customers,
            "features": [one.to_dict() for one in self.features],
            "scores_since_training": None if self.since_training is None else self.since_training.to_dict(),
            "scores_since_last_run": None if self.since_last_run is None else self.since_last_run.to_dict(),
            "last_run": None if self.last_run is None else dict(self.last_run),
        }


@dataclass(frozen=True)
class Look:
    """Everything that was found.

    Parameters
    ----------
    as_of : int
        The day that customers are looked at.
    model : str or None
        Version of the current model; None where there is none.
    freshness : Freshness
        Age and rejects of the log.
    volume : Volume
        Purchases per week.
    retention : sequence of (str, float or None)
        Months and their retention rates, complete ones only, oldest first.
    drift : Drift or None
        None without a model, or with one that kept nothing to compare with.
    realised : sequence of Realised
        Runs whose outcome windows are over, newest first.
    open_runs : int
        Runs whose outcome windows are not over.
    tested_auc : mapping of str to float
        For each model version that is still stored, the AUC of its own test.
    notes : sequence of str
        What could not be looked at, and why.
    arrivals : sequence of Arrival
        Whether the tables beside the purchases still come.
    """

    as_of: int
    model: str | None
    freshness: Freshness
    volume: Volume
    retention: Sequence[tuple[str, float | None]]
    drift: Drift | None
    realised: Sequence[Realised]
    open_runs: int
    tested_auc: Mapping[str, float]
    notes: Sequence[str]
    arrivals: Sequence[Arrival] = ()

    @property
    def values(self) -> dict[str, float | None]:
        """The numbers that rules may name; None where one is not known."""
        found = {**self._volume_values(), **self._drift_values(), **self._realised_values()}
        found[STOPPED_TABLES] = len(stopped(self.arrivals))
        if self.retention:
            found["retention_rate"] = self.retention[-1][1]
        return {name: _known(found.get(name)) for name in NAMES}

    def _volume_values(self) -> dict[str, float | None]:
        one, last = self.volume, self.volume.last
        found: dict[str, float | None] = {
            "days_since_last_purchase": self.freshness.days,
            "rejected_share": self.freshness.rejected_share,
        }
        if last is None:
            return found
        found |= {"purchases_last_week": last.purchases, "new_customers_last_week": last.new_customers}
        if one.usual is not None and one.spread is not None:
            found["purchases_spreads_from_usual"] = (last.purchases - one.usual) / one.spread
        if one.usual:
            found["purchases_to_usual_ratio"] = last.purchases / one.usual
        if one.usual_new:
            found["new_customers_to_usual_ratio"] = last.new_customers / one.usual_new
        return found

    def _drift_values(self) -> dict[str, float | None]:
        one = self.drift
        if one is None:
            return {}
        found: dict[str, float | None] = {
            "active_customers": one.base.customers,
            "days_since_training": one.days,
        }
        if one.features:
            found |= {
                "psi": max((each.index for each in one.drifted), default=0.0),
                "psi_max": max(each.index for each in one.features),
                "drifted_features": len(one.drifted),
            }
        if one.since_training is not None:
            found |= {
                "score_psi": one.since_training.index,
                "mean_churn_probability": one.since_training.mean_now,
                "high_risk_share": one.since_training.risk_now["high"],
            }
        return found

    def _realised_values(self) -> dict[str, float | None]:
        judged = [one for one in self.realised if one.measures]
        if not judged:
            return {}
        one = judged[0]
        found: dict[str, float | None] = {
            name: one.measures[name].value for name in ("auc", "log_loss", "bias", "calibration_error")
        }
        tested = self.tested_auc.get(one.model)
        found |= {
            "auc_drop": None if tested is None else tested - one.measures["auc"].value,
            "absolute_bias": abs(one.measures["bias"].value),
            "log_loss_saved": None if one.saved is None else one.saved.value,
            "calibration_error_beyond_chance": one.calibration_beyond_chance,
        }
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON; no customer is in them."""
        return {
            "format": LOOK_FORMAT,
            "as_of": date_of(self.as_of).isoformat(),
            "model": self.model,
            "values": self.values,
            "freshness": self.freshness.to_dict(),
            "tables": [one.to_dict() for one in self.arrivals],
            "volume": self.volume.to_dict(),
            "retention": [{"month": month, "retention_rate": rate} for month, rate in self.retention],
            "drift": None if self.drift is None else self.drift.to_dict(),
            "realised": [one.to_dict() | {"tested_auc": self.tested_auc.get(one.model)} for one in self.realised],
            "open_runs": self.open_runs,
            "notes": list(self.notes),
        }


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
