"""How often the 80 % interval of a list's profit holds what the list brings, in simulated shops.

    python bench/profit_interval.py [--shops N]

Each shop is simulated with a horizon more than is learned from. Churn probabilities are those of the buy-till-you-die
model, values those of the one forecast of value; both look back one horizon, as `train` does. A list is chosen at
assumed costs, and everybody on it is contacted: who would buy nothing accepts with the assumed rate and then makes one
purchase, of an amount drawn from their own; who buys anyway takes the incentive.
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import polars as pl

from churnrisk.decide import Candidates, ContactTerms, Doubt, choose_target, learn_error
from churnrisk.forecast.value_check import check_value
from churnrisk.forecast.value_fit import fit_value
from churnrisk.orders import Orders
from churnrisk.schema import MONEY_SCALE
from churnrisk.simulate import simulate_purchases
from churnrisk.timeline import Snapshot

FIRST_DAY, HORIZON, MARGIN = 16_000, 60, 0.4
TERMS = ContactTerms(contact_cost=0.2, incentive_cost=1.0, acceptance_rate=0.2)


def run(seed: int) -> tuple[float, float, float, int]:
    """Return the lower end, what came, the upper end, and the length of the list in one shop."""
    chance = np.random.default_rng(seed)
    days = int(chance.integers(400, 1100))
    made = simulate_purchases(
        int(chance.integers(300, 1500)),
        first_day=FIRST_DAY,
        days=days + HORIZON,
        seed=seed,
        mean_gap_days=float(chance.uniform(30, 90)),
        mean_lifetime_days=float(chance.uniform(150, 800)),
    ).orders
    lists = {name: values.tolist() if values.dtype == object else values for name, values in made.items()}
    log, end = Orders.from_frame(pl.DataFrame(lists).lazy()), FIRST_DAY + days
    fit = fit_value(log, Snapshot(end, 365, HORIZON))
    base = fit.customers.take(fit.customers.in_base(365))
    model = fit.model.order_model
    risk = model.no_purchase_probability(base.summary(), HORIZON)
    kept = MARGIN * fit.model.day_amount(base.summary(), base.spent())
    doubt = look_back(log, made, end, fit.model.spending.scatter)
    target = choose_target(Candidates(base.customer_ids, risk, kept), TERMS, doubt=doubt)
    listed = target.candidates.customer_ids[target.chosen]
    return *target.interval, contact(made, listed, end, chance), len(listed)


def look_back(log: Orders, made: dict[str, np.ndarray], end: int, scatter: float) -> Doubt:
    """Return what the forecasts of one horizon before were off by."""
    begin = end - HORIZON
    then = fit_value(log, Snapshot(begin, 365, HORIZON))
    base = then.customers.take(then.customers.in_base(365))
    told = float(then.model.order_model.no_purchase_probability(base.summary(), HORIZON).mean())
    came = 1 - float(np.isin(base.customer_ids, list(buyers(made, begin, end))).mean())
    told_and_came = check_value(log, Snapshot(end, 365, HORIZON)).to_dict()
    amounts = told_and_came["revenue_ratio"] / told_and_came["orders_ratio"]
    seen = math.log(told / (1 - told)) - math.log(came / (1 - came)) if 0 < came < 1 else None
    return Doubt(learn_error(seen), learn_error(math.log(amounts)), scatter)


def buyers(made: dict[str, np.ndarray], begin: int, end: int) -> set[str]:
    """Return who bought from one day until another, as known then."""
    day, stands = made["order_day"], made["undone_day"] >= end
    inside = (made["is_purchase"] == 1) & stands & (begin <= day) & (day < end)
    return set(made["customer_id"][inside].tolist())


def contact(made: dict[str, np.ndarray], listed: np.ndarray, end: int, chance: np.random.Generator) -> float:
    """Contact a list, and give the profit against contacting nobody."""
    stays = buyers(made, end, end + HORIZON)
    own: dict[str, list[int]] = {}
    for customer, amount in zip(made["customer_id"].tolist(), made["amount"].tolist(), strict=True):
        if amount > 0:
            own.setdefault(customer, []).append(amount)
    profit = 0.0
    for customer in listed.tolist():
        profit -= TERMS.contact_cost
        if customer in stays:
            profit -= TERMS.incentive_cost
        elif chance.random() < TERMS.acceptance_rate:
            profit += MARGIN * float(chance.choice(own[customer])) / MONEY_SCALE - TERMS.incentive_cost
    return profit


def main() -> None:
    """Run the shops and print how many were held."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shops", type=int, default=300)
    rows = np.array([run(seed) for seed in range(parser.parse_args().shops)])
    rows = rows[rows[:, 3] > 0]
    low, high, came, size = rows.T
    inside = (low <= came) & (came <= high)
    print(f"{len(rows)} shops with a list, of {np.median(size):.0f} customers at the median")
    print(f"inside {inside.mean():.1%}, below {(came < low).mean():.1%}, above {(came > high).mean():.1%}")


if __name__ == "__main__":
    main()
