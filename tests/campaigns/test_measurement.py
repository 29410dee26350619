"""A finished campaign says who responds, and lists use that only where it ranks better than risk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnrisk.campaigns import Campaign, Member
from churnrisk.campaigns.measurement import find_response
from churnrisk.campaigns.records import add_campaign
from churnrisk.orders import Orders, read_orders
from churnrisk.state import open_state
from churnrisk.timeline import date_of

SIZE, START, WINDOW = 2400, 15_000, 30


def hold_campaign(folder: Path, *, effect_on_regulars: float, seed: int = 4) -> tuple[Path, Orders, np.ndarray]:
    """Half of the customers are regulars; a third is left alone; the contacted regulars may buy more in the window."""
    chance = np.random.default_rng(seed)
    ids = [f"c{k:05d}" for k in range(SIZE)]
    is_regular, is_treated = chance.random(SIZE) < 0.5, chance.random(SIZE) < 2 / 3
    buys = chance.random(SIZE) < 0.25 + effect_on_regulars * (is_regular & is_treated)
    rows = [
        (who, START - int(back) - 1)
        for who, regular in zip(ids, is_regular, strict=True)
        for back in chance.integers(0, 200, 6 if regular else 1)
    ]
    rows += [(who, START + 3) for who, bought in zip(ids, buys, strict=True) if bought]
    rows.append((ids[0], START + WINDOW))
    frame = pd.DataFrame(rows, columns=["customer_id", "day"])
    frame["ordered_at"] = [date_of(day).isoformat() for day in frame.pop("day")]
    path = folder / "state.db"
    risks = chance.uniform(0.6, 0.9, SIZE)
    members = [
        Member(who, bool(one), 0, 1 / 3, float(risk), None)
        for who, one, risk in zip(ids, is_treated, risks, strict=True)
    ]
    with open_state(path) as state:
        add_campaign(state, Campaign("spring", START, WINDOW, "retained", 1 / 3, 0), members)
    return path, read_orders(frame), is_regular


def respond(path: Path, orders: Orders) -> tuple[np.ndarray | None, str]:
    ids = np.array([f"c{k:05d}" for k in range(SIZE)], dtype=object)
    with open_state(path) as state:
        return find_response(
            state,
            "spring",
            orders,
            as_of=START + WINDOW,
            customer_ids=ids,
            churn_probability=np.full(SIZE, 0.7),
        )


def test_regulars_respond_where_they_did(tmp_path: Path) -> None:
    path, orders, is_regular = hold_campaign(tmp_path, effect_on_regulars=0.4)
    with orders:
        response, sentence = respond(path, orders)
    assert response is not None
    assert "learned from it" in sentence
    assert response.mean() == pytest.approx(1)
    assert response[is_regular].mean() > 2 * response[~is_regular].mean()


def test_nobody_is_preferred_where_all_were_alike(tmp_path: Path) -> None:
    path, orders, _ = hold_campaign(tmp_path, effect_on_regulars=0.0)
    with orders:
        response, sentence = respond(path, orders)
    assert response is None
    assert "no learned ranking is surely better than risk" in sentence
