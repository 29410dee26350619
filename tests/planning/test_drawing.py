"""Training on a part of the customers: it says so, and the base rate is that of all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

import churnrisk as package
from churnrisk.dataset import build_training_set
from churnrisk.orders import IntakeOptions, read_orders
from churnrisk.simulate import simulate_purchases
from churnrisk.timeline import plan_snapshots
from support.shop import churnrisk

CUSTOMERS, DRAWN, HORIZON = 1200, 600, 30


@pytest.fixture(scope="module")
def lines() -> list[str]:
    log = simulate_purchases(CUSTOMERS, first_day=19_000, days=92, seed=4, mean_gap_days=20).orders
    days = log["order_day"].astype("datetime64[D]").astype(str)
    columns = (log["customer_id"], log["order_id"], days, log["amount"] // 10_000)
    rows = zip(*columns, strict=True)  # no returns: each of the customers has a purchase that stands
    return [",".join(map(str, row)) for row in rows if row[3] > 0]


def write_log(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(["customer_id,order_id,date,amount", *lines]))
    return path


def learned(model: package.ChurnModel) -> tuple[str, dict[str, Any]]:
    """Everything that is learned, as a digest, and what the card says of it."""
    parts = ("drawn", "training", "test", "base_rate", "outlook", "drivers", "data_fingerprint")
    return str(joblib.hash(model.model)), {name: model.card[name] for name in parts}


def test_a_model_of_a_part(lines: list[str], tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", lines)
    models = tmp_path / "models"
    said = churnrisk("train", log, "--horizon", HORIZON, "--train-customers", DRAWN, "--models-dir", models)
    assert said.code == 0, said.err
    assert f"Learned from {DRAWN} of 1,200 customers, drawn" in said.words
    part = package.load(models_dir=models)
    assert part.card["drawn"]["customers"] == DRAWN
    assert part.card["recipe"]["train_customers"] == DRAWN
    assert part.card["drawn_share"] == DRAWN / CUSTOMERS

    shuffled = write_log(tmp_path / "other.csv", [lines[k] for k in np.random.default_rng(1).permutation(len(lines))])
    options = IntakeOptions(threads=1)
    again = package.train(shuffled, horizon=HORIZON, options=options, train_customers=DRAWN)
    assert learned(again) == learned(part)

    with read_orders(log) as orders:
        plan = plan_snapshots(orders.first_day, part.model.snapshot)
        whole = build_training_set(orders, plan, names=["order_count"])
    newest = part.card["training"][-len(whole.snapshots) :]
    for mine, theirs in zip(newest, whole.snapshots, strict=True):
        rate = theirs.churn_rate
        assert abs(mine["churned"] / mine["customers"] - rate) < 3 * (rate * (1 - rate) / mine["customers"]) ** 0.5
        assert abs(mine["customers"] / len(theirs.customer_ids) - DRAWN / CUSTOMERS) < 0.05
    expected = part.score(log)["churn_probability"].dropna()
    assert len(expected) == len(whole.current.customer_ids)
    assert abs(expected.mean() - part.card["base_rate"]) < 3 * expected.std() / DRAWN**0.5
