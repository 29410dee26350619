"""The card of a model: what it was made from, how it did on its test, and what its numbers mean. No customer in it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import churnrisk
from churnrisk.dataset import TrainingSet
from churnrisk.features import feature_fingerprint, feature_of, left_out
from churnrisk.forecast import KnownValue, Outlook, OutlookCheck
from churnrisk.learning import Backtest, Figures, FittedModel, Grade, Interval, TestResult, expected_maximum_profit
from churnrisk.messages import wording
from churnrisk.orders import Orders, is_of_copy
from churnrisk.timeline import HorizonChoice, Snapshot, date_of

CARD_VERSION = 1
WORST = "E"
WARNINGS = {
    "D": wording(
        "The model has grade D: its probabilities, or its forecasts at some seasons, may be far off. "
        "`churnrisk models show` says why."
    ),
    WORST: wording(
        "The model has grade E: do not act on these scores. `churnrisk models show` says why; more history or another "
        "--horizon may give a better one."
    ),
}


def make_card(
    orders: Orders,
    data: TrainingSet,
    model: FittedModel,
    result: TestResult,
    *,
    grade: Grade,
    backtest: Backtest | None = None,
    choice: HorizonChoice | None,
    seed: int,
) -> dict[str, Any]:
    """Put the card together from the parts of one training."""
    return {
        "card_version": CARD_VERSION,
        "churnrisk": churnrisk.__version__,
        "seed": seed,
        "snapshot": describe_snapshot(model.snapshot),
        "horizon_choice": None if choice is None else choice.to_dict(),
        "training": _training(data),
        "test": describe_test(result),
        "backtest": None if backtest is None else describe_backtest(backtest),
        "grade": describe_grade(grade),
        "kind": model.kind,
        "note": model.note,
        "base_rate": model.bands.base_rate,
        "risk": {"high_from": model.bands.high_from, "low_to": model.bands.low_to},
        "features": [
            {"name": one.name, "family": one.family, "unit": one.unit, "meaning": one.meaning, "missing": one.missing}
            for one in filter(None, map(feature_of, model.names))
        ],
        "feature_fingerprint": feature_fingerprint(model.names),
        "features_left_out": left_out(orders),
        "intake": describe_intake(orders),
        "data_fingerprint": orders.fingerprint,
    }


def is_worth_acting_on(card: Mapping[str, Any]) -> bool:
    """Tell whether a list of whom to contact first may be made of a model's scores; a card of old has no grade."""
    return _letter_of(card) != WORST


def warn_of_grade(card: Mapping[str, Any]) -> Iterator[str]:
    """Name a grade that whoever reads the scores has to know of."""
    if _letter_of(card) in WARNINGS:
        yield WARNINGS[_letter_of(card)]


def _letter_of(card: Mapping[str, Any]) -> str:
    return str(card.get("grade", {}).get("letter", ""))


def describe_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """Return the windows of a snapshot, its cutoff as a date."""
    return {
        "as_of": date_of(snapshot.cutoff).isoformat(),
        "lookback_days": snapshot.lookback,
        "horizon_days": snapshot.horizon,
        "lead_days": snapshot.lead,
    }


def describe_intake(orders: Orders) -> dict[str, Any]:
    """Return the account of the rows without any row or notice that may name people."""
    account = orders.report.describe()
    naming = {*orders.report.naming, *filter(is_of_copy, account["notices"])}
    notices = tuple(notice for notice in account["notices"] if notice not in naming)
    return account | {"notices": notices} | orders.describe_beside()


def describe_test(result: TestResult) -> dict[str, Any]:
    """Return the test as plain values."""
    return {
        **describe_snapshot(result.snapshot),
        "kind": result.kind,
        "customers": result.customers,
        "churn_rate": result.churn_rate,
        "measures": _intervals(result.measures),
        "gains": _intervals(result.gains),
        "risk_bands": {level: dict(band) for level, band in result.bands.items()},
        "reliability": _bins(result.reliability),
        "roc_hull": [list(point) for point in result.hull],
        "expected_maximum_profit": describe_max_profit(result.hull, result.churn_rate),
    }


def describe_max_profit(hull: Sequence[tuple[float, float]], churn_rate: float) -> dict[str, float] | None:
    """Return the expected maximum profit at the parameters of the literature; None where the test has one outcome."""
    if not hull:
        return None
    found = expected_maximum_profit(hull, churn_rate)
    return {"per_customer": found.value, "share_contacted": found.share}


def describe_outlook(outlook: Outlook | None, check: OutlookCheck | None) -> dict[str, Any] | None:
    """Return what the outlook was learned from, and how one of an earlier day did, as plain values."""
    if outlook is None:
        return None
    return {
        "curve_learned_days": outlook.curve.learned_days,
        "interval_learned_days": outlook.band.window,
        "season_trust": outlook.season_trust,
        "yearly_buyers_share": outlook.curve.yearly.share,
        "value_known": outlook.value is not None,
        "return_probability_known": outlook.knows_returns,
        "check": None if check is None else describe_outlook_check(check),
    }


def describe_value(value: KnownValue) -> dict[str, Any] | None:
    """Return what the forecast of value rests on, and how the same forecast did at earlier days, as plain values."""
    if value.fit is None:
        return None
    model = value.fit.model
    return {
        "earlier_years": value.fit.years,
        "purchases_count_up_to": model.cap,
        "scatter_of_a_purchase": model.spending.scatter,
        "level_factor_horizon": model.soon,
        "level_factor_later": model.later,
        "look_backs": [check.to_dict() for check in value.checks],
    }


def describe_outlook_check(check: OutlookCheck) -> dict[str, Any]:
    """Return the look back as plain values; undefined shares are None."""
    return {
        **describe_snapshot(check.snapshot),
        "days": check.window,
        "ordered": check.ordered,
        "coverage": _finite(check.coverage),
        "coverage_by_tenth": [_finite(one) for one in check.coverage_by_tenth],
        "interval_stretched_by": check.stretch,
        "learned_a_season_since": check.learned_a_season,
    }


def _finite(figure: float) -> float | None:
    return figure if math.isfinite(figure) else None


def describe_grade(grade: Grade) -> dict[str, Any]:
    """Return the grade with its ingredients as plain values; the rule stands in the documentation."""
    evidence = grade.evidence
    return {
        "letter": grade.letter,
        "sentence": grade.sentence,
        "basis": evidence.basis,
        "cutoffs": evidence.cutoffs,
        "best_baseline": evidence.best_baseline,
        "letters": dict(grade.letters),
        "ingredients": {
            "auc": evidence.auc.to_dict(),
            "log_loss_saved": evidence.gain.to_dict(),
            "calibration_error_beyond_chance": evidence.calibration_error,
            "worst_log_loss_saved_upper_end": evidence.worst_gain,
        },
    }


def describe_backtest(backtest: Backtest) -> dict[str, Any]:
    """Return a backtest as plain values."""
    return {
        "snapshot": describe_snapshot(backtest.current),
        "seed": backtest.seed,
        "distinct_customers": backtest.customers,
        "pooled": _figures(backtest.pooled),
        "cutoffs": [
            {
                "cutoff": date_of(one.snapshot.cutoff).isoformat(),
                "outcome_until": date_of(one.snapshot.outcome_end).isoformat(),
                "fitted_on_snapshots": one.fitted_on,
                "left_out": {"lapsed": one.lapsed, "not_yet_customers": one.not_yet},
                "notes": dict(one.notes),
                **_figures(one.figures),
            }
            for one in backtest.cutoffs
        ],
        "skipped": [
            {"cutoff": date_of(one.snapshot.cutoff).isoformat(), "reason": one.reason} for one in backtest.skipped
        ],
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "customers": figures.customers,
        "churned": figures.churned,
        "churn_rate": figures.churned / figures.customers,
        "measures": _intervals(figures.measures),
        "gains": _intervals(figures.gains),
        "reliability": {name: _bins(bins) for name, bins in figures.reliability.items()},
    }


def _bins(bins: Sequence[tuple[float, float, float]]) -> list[dict[str, float]]:
    return [
        {"customers": size, "mean_probability": predicted, "churn_rate": observed} for size, predicted, observed in bins
    ]


def _training(data: TrainingSet) -> list[dict[str, Any]]:
    return [
        {
            "cutoff": date_of(one.snapshot.cutoff).isoformat(),
            "customers": len(one.customer_ids),
            "churned": int(one.churned.sum()),
        }
        for one in data.snapshots
        if one.churned is not None
    ]


def _intervals(table: Mapping[str, Mapping[str, Interval]]) -> dict[str, dict[str, dict[str, float | None]]]:
    return {name: {key: interval.to_dict() for key, interval in measures.items()} for name, measures in table.items()}
