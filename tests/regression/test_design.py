"""Columns that learners see: nothing in them depends on who else is there."""

from __future__ import annotations

import numpy as np

from churnrisk.regression.design import RECIPES, Design
from churnrisk.timeline import Snapshot

SNAPSHOT = Snapshot(cutoff=20_000, lookback=365, horizon=30)


def test_a_row_does_not_know_the_others() -> None:
    chance = np.random.default_rng(1)
    names = sorted({"days_since_last_order", *(one for recipe in RECIPES.values() for one in recipe.inputs)})
    names += [name for name in ("days_from_first_to_last_order",) if name not in names]
    design = Design.of(names, SNAPSHOT)
    values = np.round(chance.gamma(2, 20, (50, len(names))))
    values[chance.random(values.shape) < 0.1] = np.nan
    whole = design.apply(values, None)
    single = np.concatenate([design.apply(values[k : k + 1], None) for k in range(50)])
    assert whole.tobytes() == single.tobytes()
    assert set(design.columns) >= set(RECIPES)
