"""The profit of `churnrisk target`'s list on what came next, against the usual threshold and the riskiest so many.

    python bench/target.py --data FOLDER [--logs cdnow,ta_feng] [--cutoffs 3]

FOLDER holds `<log>/transactions.parquet`; the logs are no part of this project. At each cutoff a model is trained on
what was known that day, and lists are chosen under the same assumptions. Then the outcome window decides who churned:

    a customer who churned brings  g (v - d) - c,   one who did not  - d - c.

Who churned is realised. That a share g of the churned would have stayed is assumed, as it must be without a control
group, and so is what keeping them is worth, in two ways. `v as forecast` is the value that the list was chosen by. `v
as realised` is fitted to what came after: in each third of customers by churn probability, the net amount in a year is
a line over what was spent in a year before, one line for those who bought in the window and one for those who did not;
v is the margin on the difference, floored at 0. (Where the log ends sooner, its days after the window stand for the
rest of the year; so the newest cutoff lies two windows before the end.)

A unit of money is the mean amount of a purchase day of the log. A contact costs 0.01, the incentive 0.1, the margin is
0.3, g = 0.2. Intervals are of 95 %, over customers, each drawn with all cutoffs.
"""

from __future__ import annotations

import argparse
import functools
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import narwhals as nw
import numpy as np

from churnrisk import Orders, read_orders
from churnrisk.dataset import SnapshotData, TrainingSet, build_training_set
from churnrisk.decide import Candidates, ContactTerms, choose_target, value_of_keeping
from churnrisk.engines import collect_arrays, int_sum
from churnrisk.errors import NotEnoughData
from churnrisk.forecast import Valuation
from churnrisk.forecast.past import follow_past, learn_value
from churnrisk.learning import FittedModel, add_outlook, learn_outlook, plan_backtest
from churnrisk.learning.backtest import know_only
from churnrisk.learning.train import fit_model
from churnrisk.retention import profile_customers
from churnrisk.schema import MONEY_SCALE
from churnrisk.scoring import find, score_orders
from churnrisk.timeline import Snapshot, SnapshotPlan, date_of

HORIZONS = {
    "online_retail_ii": 90,
    "cdnow": 90,
    "complete_journey": 30,
    "ta_feng": 21,
    "coffee_vending": 60,
    "no_signal": 90,
}
MARGIN, CONTACT, INCENTIVE, ACCEPTANCE = 0.3, 0.01, 0.1, 0.2
OTHER_RATES = (0.05, 0.1, 0.4)
YEAR, THIRDS, LEAST = 365, 3, 10
DRAWS, FEW_DRAWS = 1000, 200
RULES = ("threshold", "riskiest")
VALUES = ("as forecast", "as realised")


@dataclass(frozen=True, eq=False)
class Base:
    """The customer base at one cutoff: what was known of it, and what it did."""

    snapshot: Snapshot
    customer_ids: np.ndarray
    probability: np.ndarray
    churned: np.ndarray
    values: Mapping[str, np.ndarray]
    unit: float


def follow(orders: Orders, test: SnapshotData, model: FittedModel) -> Base:
    """Score the base of a cutoff, and look what came after."""
    cutoff = test.snapshot.cutoff
    scores = score_orders(model, orders, cutoff, valuation=Valuation(MARGIN))
    forecast = value_of_keeping(scores.columns, margin=MARGIN)
    order = np.argsort(scores.columns["customer_id"], kind="stable")
    ids = scores.columns["customer_id"][order]
    places, is_there = find(test.customer_ids, ids)
    assert is_there.all()
    forecast = forecast[order][places]
    customers = profile_customers(orders, cutoff)
    mine, _ = find(test.customer_ids, customers.customer_ids)
    yearly = customers.purchase_amount[mine] / np.maximum(cutoff - customers.first_day[mine], YEAR) * YEAR
    assert test.churned is not None
    probability = scores.columns["churn_probability"][order][places]
    realised = realise_values(orders, test, yearly, probability)
    unit = float(customers.purchase_amount.sum() / customers.purchase_days.sum())
    values = dict(zip(VALUES, (forecast, realised), strict=True))
    return Base(test.snapshot, test.customer_ids, probability, test.churned.astype(float), values, unit)


def realise_values(orders: Orders, test: SnapshotData, yearly: np.ndarray, probability: np.ndarray) -> np.ndarray:
    """For each customer the difference that buying in the window made to the year after the cutoff, by two lines."""
    assert test.churned is not None
    cutoff, horizon = test.snapshot.cutoff, test.snapshot.horizon
    rest = min(YEAR, orders.last_day + 1 - cutoff) - horizon
    amount = amounts_between(orders, test.customer_ids, cutoff, cutoff + horizon)
    amount += amounts_between(orders, test.customer_ids, cutoff + horizon, cutoff + horizon + rest) * (
        (YEAR - horizon) / rest
    )
    value = np.zeros(len(amount))
    ranks = np.argsort(np.argsort(probability, kind="stable"), kind="stable")
    third = ranks * THIRDS // len(amount)
    for k in range(THIRDS):
        part = third == k
        lines = [fit_line(yearly[part & side], amount[part & side]) for side in (test.churned == 0, test.churned == 1)]
        (level, slope), (other_level, other_slope) = lines
        value[part] = MARGIN * np.maximum(level - other_level + (slope - other_slope) * yearly[part], 0.0)
    return value


def fit_line(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Return level and slope by least squares; the mean alone where there are too few."""
    if len(before) < LEAST or np.ptp(before) == 0:
        return (float(after.mean()) if len(after) else 0.0), 0.0
    slope, level = np.polyfit(before, after, 1)
    return float(level), float(slope)


def amounts_between(orders: Orders, customer_ids: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Return the net amount of each customer on some days."""
    day = nw.col("order_day")
    within = orders.frame().filter(day >= start, day < stop).group_by("customer_id")
    found = collect_arrays(within.agg(amount=int_sum(nw.col("amount"))), sort_by=["customer_id"])
    places, is_known = find(customer_ids, found["customer_id"])
    amount = np.zeros(len(places))
    amount[is_known] = found["amount"][places[is_known]] / MONEY_SCALE
    return amount


def gain(base: Base, terms: ContactTerms, values: np.ndarray) -> np.ndarray:
    """Return the profit of contacting each customer, in units, now that it is known who churned."""
    kept = base.churned * terms.acceptance_rate * (values - terms.incentive_cost)
    given: np.ndarray = kept - (1 - base.churned) * terms.incentive_cost - terms.contact_cost
    return given / base.unit


@functools.cache
def lists_at(base: Base, rate: float, share: float | None) -> dict[str, np.ndarray]:
    """Return the lists at an acceptance rate, with room for a share of the base or for all."""
    capacity = None if share is None else max(1, round(share * len(base.customer_ids)))
    return choose_lists(base, terms_of(base, rate), capacity=capacity)


def choose_lists(base: Base, terms: ContactTerms, *, capacity: int | None = None) -> dict[str, np.ndarray]:
    """Give, for each way of choosing, who would be contacted."""
    candidates = Candidates(base.customer_ids, base.probability, base.values["as forecast"])
    target = choose_target(candidates, terms, capacity=capacity)
    n = len(base.customer_ids)
    chosen = np.zeros(n)
    chosen[target.chosen] = 1  # the base is sorted by id, as the candidates of the target are
    order = np.argsort(-base.probability, kind="stable")
    riskiest = np.zeros(n)
    riskiest[order[: len(target.chosen)]] = 1
    over = (base.probability >= 0.5).astype(float)
    if capacity is not None:
        most = np.zeros(n)
        most[order[:capacity]] = 1
        over *= most
    return {"target": chosen, "threshold": over, "riskiest": riskiest, "everybody": np.ones(n)}


def terms_of(base: Base, rate: float) -> ContactTerms:
    """Return the costs in the log's own currency."""
    return ContactTerms(CONTACT * base.unit, INCENTIVE * base.unit, rate)


def bases_of(path: Path, horizon: int, cutoffs: int) -> list[Base]:
    """Train at each cutoff on what was known, and look what came after."""
    with read_orders(path) as orders:
        until = orders.last_day + 1 - horizon
        plan = plan_backtest(orders.first_day, Snapshot(until, YEAR, horizon), cutoffs=cutoffs)
        data = build_training_set(orders, plan.snapshots, database=orders.database)
        bases = []
        for one in plan.plans:
            try:
                bases.append(follow(orders, data.at([one.current])[0], train_at(orders, data, one)))
            except NotEnoughData as error:
                print(f"  {date_of(one.current.cutoff)}: {error}")
        return bases


def train_at(orders: Orders, data: TrainingSet, plan: SnapshotPlan) -> FittedModel:
    """Fit what would have been fitted on the day of a cutoff."""
    known = know_only(data, plan)
    value = learn_value(orders, known.current.snapshot, leave_out=lambda _: False)
    learned = learn_outlook(follow_past(orders, known, seed=0), known, seed=0)
    return add_outlook(fit_model(known), None if learned is None else learned[0], known, value.model)


def compare(
    bases: list[Base], rule: str, values: str, rate: float, *, share: float | None = None, draws: int = DRAWS
) -> np.ndarray:
    """Return mean difference to a rule over cutoffs, in units per cutoff, and the ends of its interval."""
    everybody = np.unique(np.concatenate([base.customer_ids for base in bases]))
    total = np.zeros(len(everybody))
    for base in bases:
        terms = terms_of(base, rate)
        lists = lists_at(base, rate, share)
        difference = (lists["target"] - lists[rule]) * gain(base, terms, base.values[values])
        total[np.searchsorted(everybody, base.customer_ids)] += difference / len(bases)
    generator = np.random.default_rng(0)
    drawn = [total[generator.integers(0, len(total), len(total))].sum() for _ in range(draws)]
    return np.array([total.sum(), *np.quantile(drawn, (0.025, 0.975))])


def print_log(name: str, bases: list[Base]) -> None:
    """Print a log's lists and differences, means over its cutoffs."""
    for values in VALUES:
        rows: dict[str, list[tuple[float, float]]] = {}
        for base in bases:
            terms = terms_of(base, ACCEPTANCE)
            for rule, chosen in choose_lists(base, terms).items():
                profit = float((chosen * gain(base, terms, base.values[values])).sum())
                rows.setdefault(rule, []).append((chosen.sum(), profit))
        cells = [f"{np.mean([n for n, _ in row]):,.0f} / {np.mean([p for _, p in row]):,.1f}" for row in rows.values()]
        differences = [compare(bases, rule, values, ACCEPTANCE) for rule in RULES]
        cells += [f"{d[0]:+,.1f} ({d[1]:+,.1f} to {d[2]:+,.1f})" for d in differences]
        size = np.mean([len(base.customer_ids) for base in bases])
        print(f"| {name} | {len(bases)} | {size:,.0f} | {values} | {' | '.join(cells)} |", flush=True)


def print_sums(logs: Mapping[str, list[Base]]) -> None:
    """Print the sums over logs, at several acceptance rates, without a limit and with room for a tenth."""
    print("\n| sum over logs, per cutoff | g | v | over the 0.5 threshold | over the riskiest as many | logs below by "
          "more than the interval |\n|---|---|---|---|---|---|")  # fmt: skip
    for share in (None, 0.1):
        for rate in (ACCEPTANCE, *OTHER_RATES):
            for values in VALUES:
                found = {
                    rule: [compare(bases, rule, values, rate, share=share, draws=FEW_DRAWS) for bases in logs.values()]
                    for rule in RULES
                }
                sums = [f"{sum(d[0] for d in found[rule]):+,.1f}" for rule in RULES]
                below = sum(d[2] < 0 for rule in RULES for d in found[rule])
                limit = "no limit" if share is None else f"capacity {share:.0%}"
                print(f"| {limit} | {rate} | {values} | {' | '.join(sums)} | {below} |", flush=True)


def main() -> None:
    """Run the logs that are there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--logs", default=",".join(HORIZONS))
    parser.add_argument("--cutoffs", type=int, default=3)
    options = parser.parse_args()
    if options.data is None:
        print("No --data: the logs are not part of this project. See bench/RESULTS.md for the figures.")
        return
    warnings.simplefilter("ignore")
    started = time.perf_counter()
    print("| log | cutoffs | customers | v | target: n / profit | threshold | riskiest | everybody | over threshold | "
          "over riskiest |\n|---|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    logs = {}
    for name in options.logs.split(","):
        logs[name] = bases_of(options.data / name / "transactions.parquet", HORIZONS[name], options.cutoffs)
        print_log(name, logs[name])
    print_sums(logs)
    print(f"\n{time.perf_counter() - started:,.0f} s, {time.process_time():,.0f} s of processor time")


if __name__ == "__main__":
    main()
