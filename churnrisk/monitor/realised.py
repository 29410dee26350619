"""What became of what was said: stored scores beside what happened, once their outcome windows are over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnrisk.dataset import Exposure, weigh_customers
from churnrisk.labels import HasOrders, label_churn
from churnrisk.learning import Interval, Scored, calibration_beyond_chance, difference, measure, reliability
from churnrisk.scoring import find
from churnrisk.state import Remembered, RunScore
from churnrisk.timeline import Snapshot, date_of

LEAST_OUTCOMES = 10
"""A run is judged by so many customers that churned, and that were kept, or not at all."""

MANY = 100_000
RESAMPLES, FEW_RESAMPLES = 200, 50
"""Bootstrap resamples, and those for more than so many customers, whose intervals are narrow anyway."""


@dataclass(frozen=True)
class Realised:
    """One scoring run beside what happened.

    Parameters
    ----------
    run_id : int
        Number of the run.
    model : str
        Version that scored.
    snapshot : Snapshot
        Its windows.
    customers : int
        Customers that are compared; where a campaign touched the window, controls count for the contacted.
    churn_rate : float
        Share of them who bought nothing in the window.
    contacted : int
        Customers left out since a campaign with a control group contacted them.
    unknown : int
        Customers of the run who are not in the log's customer base at its day (any more).
    biased_by : tuple of str
        Campaigns without a control group that touch the window: what they did is taken for the customers' own doing.
    measures : mapping of str to Interval
        AUC, log loss and the others, with bootstrap intervals over customers; empty with too few outcomes.
    saved : Interval or None
        Log loss saved against giving everybody the churn rate that came out: below 0 the scores are worse than that.
    calibration_beyond_chance : float or None
        Distance of predicted and observed rates, 0 where chance explains it.
    bins : sequence of tuple
        Size, mean probability and churn rate of 15 bins.
    """

    run_id: int
    model: str
    snapshot: Snapshot
    customers: int
    churn_rate: float
    contacted: int
    unknown: int
    biased_by: tuple[str, ...]
    measures: Mapping[str, Interval]
    saved: Interval | None
    calibration_beyond_chance: float | None
    bins: Sequence[tuple[float, float, float]]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "run": self.run_id,
            "model": self.model,
            "as_of": date_of(self.snapshot.cutoff).isoformat(),
            "window_from": date_of(self.snapshot.outcome_start).isoformat(),
            "window_until": date_of(self.snapshot.outcome_end - 1).isoformat(),
            "customers": self.customers,
            "churn_rate": None if np.isnan(self.churn_rate) else self.churn_rate,
            "contacted_left_out": self.contacted,
            "not_in_log": self.unknown,
            "biased_by": list(self.biased_by),
            "measures": {name: one.to_dict() for name, one in self.measures.items()},
            "log_loss_saved": None if self.saved is None else self.saved.to_dict(),
            "calibration_error_beyond_chance": self.calibration_beyond_chance,
            "reliability": [
                {"customers": size, "mean_probability": predicted, "churn_rate": observed}
                for size, predicted, observed in self.bins
            ],
        }


def is_over(snapshot: Snapshot, *, known_until: int) -> bool:
    """Tell whether an outcome window is over by the first day that is not known."""
    return snapshot.outcome_end <= known_until


def judge_run(
    run: Remembered, scores: Sequence[RunScore], log: HasOrders, *, exposures: Sequence[Exposure] = (), seed: int = 0
) -> Realised:
    """Compare the scores of a run with what its customers did in the outcome window.

    Whoever a campaign with a control group contacted within the window is left out, and the controls stand for them,
    as in training. That the window is over is for the caller to know, see :func:`is_over`.

    Parameters
    ----------
    run : Remembered
        The run.
    scores : sequence of RunScore
        Its scores, sorted by customer.
    log : Orders
        The log, up to the end of the window at least.
    exposures : sequence of Exposure
        The campaigns.
    seed : int
        Of the bootstrap.
    """
    snapshot = run.run.snapshot
    scored = [one for one in scores if one.churn_probability is not None]
    ids = np.array([one.customer_id for one in scored], dtype=object)
    base, churned = label_churn(log, snapshot)
    places, is_known = find(ids, base)
    outcome = churned[places[is_known]]
    probability = np.array([one.churn_probability for one in scored], dtype=np.float64)[is_known]
    touching = [one for one in exposures if one.touches(snapshot)]
    weight = weigh_customers(ids[is_known], snapshot, [one for one in touching if one.can_be_mended])
    kept = weight > 0
    judged = _judge(outcome[kept], probability[kept], weight[kept], seed)
    return Realised(
        run.run_id,
        run.run.model,
        snapshot,
        round(float(weight.sum())),
        float((weight * outcome).sum() / weight.sum()) if kept.any() else float("nan"),
        int((~kept).sum()),
        int((~is_known).sum()),
        tuple(one.name for one in touching if not one.can_be_mended),
        *judged,
    )


_Judged = tuple[Mapping[str, Interval], Interval | None, float | None, Sequence[tuple[float, float, float]]]


def _judge(
    churned: NDArray[np.int8], probability: NDArray[np.float64], weight: NDArray[np.float64], seed: int
) -> _Judged:
    if min(int((churned == outcome).sum()) for outcome in (0, 1)) < LEAST_OUTCOMES:
        return {}, None, None, ()
    resamples = RESAMPLES if len(churned) <= MANY else FEW_RESAMPLES
    ours = Scored(churned, probability, weight)
    rate = np.full(len(churned), float((weight * churned).sum() / weight.sum()))
    worse = difference(ours, Scored(churned, rate, weight), "log_loss", seed=seed, resamples=resamples)
    bins = reliability(ours)
    saved = Interval(*(0.0 - one for one in (worse.value, worse.high, worse.low)))
    return measure(ours, seed=seed, resamples=resamples), saved, calibration_beyond_chance([ours]), bins
