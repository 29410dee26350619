"""Next order, other horizons and value, forecast from an earlier day of real logs and compared with what came.

    python bench/outlook.py --data FOLDER [--logs a,b]

FOLDER holds one folder for each log with `transactions.parquet`. For each case a model is trained on the history before
a day, its customers are scored at that day, and the orders of the days after it tell who was right. Without `--data`
the sample of the project is used. Slow: each case is one training.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from churnrisk.features import customer_features
from churnrisk.forecast.next_order import measure_coverage
from churnrisk.forecast.outlook import make_waiters
from churnrisk.labels import FollowUp, follow_customers
from churnrisk.learning import FittedModel
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.timeline import Snapshot, date_of
from churnrisk.workflows import train

SAMPLE = Path(__file__).parents[1] / "data" / "purchases.csv"
CASES = (
    ("online_retail_ii", 90, 365),
    ("online_retail_ii", 90, 180),
    ("online_retail_ii", 30, 120),
    ("complete_journey", 30, 180),
    ("complete_journey", 30, 120),
    ("cdnow", 90, 180),
    ("ta_feng", 30, 45),
    ("no_signal", 60, 365),
    ("no_signal", 60, 730),
)
"""Log, horizon, and days before its end at which it is scored; at most a year of them is looked at."""


@dataclass(frozen=True)
class Case:
    """A model of an earlier day, the customers of that day, and what they did."""

    log: str
    model: FittedModel
    values: np.ndarray
    probability: np.ndarray
    after: FollowUp
    days: int

    @property
    def snapshot(self) -> Snapshot:
        """The day of the model."""
        return self.model.snapshot


def prepare(log: str, path: Path, horizon: int, back: int) -> Case:
    """Train on the past and collect the truth."""
    with read_orders(path, IntakeOptions()) as orders:
        day = orders.last_day + 1 - back
        churn_model = train(path, horizon=horizon, as_of=date_of(day))
    model = churn_model.model
    with read_orders(path, IntakeOptions()) as orders:
        features = customer_features(orders, model.snapshot, names=model.names)
        after = truth_of(orders, model.snapshot, min(back, 365))
        places = np.searchsorted(after.customer_ids.astype(str), features.customer_ids.astype(str))
        chosen = FollowUp(after.customer_ids[places], after.wait_days[places], after.revenue[places])
        return Case(log, model, features.values, model.predict(features.values), chosen, min(back, 365))


def truth_of(orders: Orders, snapshot: Snapshot, days: int) -> FollowUp:
    """Return what everybody did in the days after the snapshot."""
    windows = [snapshot.horizon, *([365] if days >= 365 and orders.has_amounts else [])]
    return follow_customers(orders, snapshot, windows=windows, until=snapshot.cutoff + days)


def print_intervals(case: Case) -> None:
    """Print how often the interval held, by tenth of the predicted day, among those who ordered."""
    outlook, wait = case.model.outlook, case.after.wait_days
    if outlook is None:
        print("  no outlook")
        return
    values = case.values[:, [case.model.names.index(name) for name in outlook.features]]
    terms = outlook.terms.apply(outlook.design.apply(values, outlook.silence))
    elapsed = outlook.time.elapsed(case.snapshot.outcome_start)
    waiters = make_waiters(values, outlook.features, terms, outlook.silence, elapsed, lead=case.snapshot.lead)
    curve = outlook.curve.passing_through(case.probability, case.snapshot.horizon, waiters, outlook.silence)
    for within in sorted({case.days, 365}, reverse=True):
        coverage, tenths = measure_coverage(outlook.band, [(curve, wait)], outlook.curve.days, within)
        low, day, high = outlook.band.days(curve, outlook.curve.days, within).T
        ordered = wait < within
        error = np.abs(day - wait)[ordered].mean()
        print(
            f"  within {within} d: {ordered.sum()} ordered, inside {coverage:.3f}; by tenth "
            f"{' '.join(f'{one:.2f}' for one in tenths)}; width {(high - low)[ordered].mean():.0f} d, mean error "
            f"{error:.0f} d; before {(wait < low)[ordered].mean():.3f}"
        )


def print_horizons(case: Case) -> None:
    """Print the expected and realised churn at each horizon that is over."""
    prospects = case.model.look_ahead(case.values, case.probability)
    if prospects is None:
        return
    cells = [
        f"{days} d {churn.mean():.3f} / {(case.after.wait_days >= days).mean():.3f}"
        for days, churn in prospects.churn.items()
        if days <= case.days
    ]
    print(f"  churn expected / realised: {', '.join(cells)}")


def print_values(case: Case) -> None:
    """Print expected over realised revenue, in all and by tenth of the expected."""
    prospects, outlook = case.model.look_ahead(case.values, case.probability), case.model.outlook
    if prospects is None or outlook is None or outlook.value is None:
        print("  no values")
        return
    for place, name in enumerate(["horizon", "365 days"][: case.after.revenue.shape[1]]):
        print_ratios(f"value {name}", prospects.revenue[:, place], case.after.revenue[:, place])
    if case.after.revenue.shape[1] > 1:
        bought = case.after.wait_days < case.snapshot.horizon
        share = case.after.revenue[~bought, 1].sum() / case.after.revenue[:, 1].sum()
        print(f"  who bought nothing within {case.snapshot.horizon} days brought {share:.0%} of the year's revenue")


def print_ratios(name: str, expected: np.ndarray, realised: np.ndarray) -> None:
    """Print expected over realised sums."""
    parts = np.array_split(np.argsort(expected, kind="stable"), 10)
    tenths = " ".join(f"{expected[part].sum() / max(realised[part].sum(), 1e-9):.2f}" for part in parts)
    shares = " ".join(f"{realised[part].mean():.0f}" for part in parts)
    print(f"  {name}: {expected.sum() / realised.sum():.2f} x what came; by tenth {tenths}; realised mean {shares}")


def main() -> None:
    """Run the cases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--logs")
    options = parser.parse_args()
    wanted = options.logs.split(",") if options.logs else None
    cases = CASES if options.data else (("sample", 90, 365), ("sample", 90, 180))
    for log, horizon, back in cases:
        if wanted is None or log in wanted:
            path = options.data / log / "transactions.parquet" if options.data else SAMPLE
            case = prepare(log, path, horizon, back)
            print(f"{log}, {horizon} days, scored {date_of(case.snapshot.cutoff)}, {len(case.values)} customers")
            print_intervals(case)
            print_horizons(case)
            print_values(case)


if __name__ == "__main__":
    main()
