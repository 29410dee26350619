"""Fitting: order and merging of rows, ridges, fallbacks, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from churnrisk.btyd import Summary, fit_btyd
from churnrisk.btyd.family import ModelName
from churnrisk.errors import NotEnoughData, SettingsError

Simulate = Callable[..., Any]  # gives a Population, see conftest

MODELS: tuple[ModelName, ...] = ("bgnbd", "mbgnbd", "pareto_nbd")


def steady_buyers(n: int, seed: int) -> Summary:
    """Customers who all buy at one rate and never leave: nothing to learn about leaving."""
    rng = np.random.default_rng(seed)
    tenure = rng.integers(100, 300, n).astype(float)
    days = [np.flatnonzero(rng.random(int(T)) < 0.1) + 1 for T in tenure]
    last = [float(day[-1]) if len(day) else 0.0 for day in days]
    return Summary([len(day) for day in days], last, tenure)


@pytest.mark.parametrize("name", MODELS)
def test_neither_order_nor_merging_of_rows_changes_a_bit(name: ModelName, simulate: Simulate) -> None:
    rows = simulate(name, 600, seed=2).summary
    rows = Summary(rows.frequency, np.ceil(rows.age_at_last_order), np.ceil(rows.tenure))
    order = np.random.default_rng(0).permutation(len(rows))
    shuffled = Summary(rows.frequency[order], rows.age_at_last_order[order], rows.tenure[order])
    merged, _ = rows.collapse()
    assert len(merged) < len(rows)
    fits = [fit_btyd(summary, name) for summary in (rows, shuffled, merged)]
    assert fits[0] == fits[1] == fits[2]


@pytest.mark.parametrize("name", MODELS)
def test_a_ridge_is_held_by_a_slight_prior_and_said(name: ModelName) -> None:
    rows = steady_buyers(400, seed=3)
    fit = fit_btyd(rows, name)
    assert fit.model == name
    assert fit.penalty > 0
    assert "prior" in fit.note
    nbd = fit_btyd(rows, "nbd", penalties=(0.001,))
    assert fit.log_likelihood == pytest.approx(nbd.log_likelihood, abs=1.0), "death adds nothing here"
    # The prior leaves a small chance of death, which the two or three longest silences then suggest.
    gap = np.abs(fit.no_purchase_probability(rows, 30) - nbd.no_purchase_probability(rows, 30))
    assert np.quantile(gap, 0.99) < 0.01


def test_without_a_prior_the_next_simpler_model_takes_over_and_is_named(simulate: Simulate) -> None:
    rows = simulate("nbd", 1000, seed=4).summary
    fit = fit_btyd(rows, "pareto_nbd", penalties=(0.0,))
    assert fit.requested == "pareto_nbd"
    assert fit.model != "pareto_nbd"
    assert fit.note.startswith("Pareto/NBD did not settle at sane parameters, ")
    assert "was fitted instead" in fit.note


def test_when_nothing_settles_the_message_says_what_was_tried() -> None:
    with pytest.raises(NotEnoughData, match="None of pareto_nbd, mbgnbd, bgnbd, nbd settles"):
        fit_btyd(steady_buyers(200, seed=5), "pareto_nbd", penalties=())


@pytest.mark.parametrize("truth", MODELS)
def test_the_true_model_has_the_highest_likelihood(truth: ModelName, simulate: Simulate) -> None:
    """Likelihoods of different models on one summary are comparable."""
    rows = simulate(truth, 4000, seed=6).summary
    value = {name: fit_btyd(rows, name).log_likelihood for name in (*MODELS, "nbd")}
    assert max(value, key=lambda name: value[name]) == truth


@pytest.mark.parametrize("name", MODELS)
def test_a_handful_of_customers_gives_a_fit(name: ModelName) -> None:
    rows = Summary([0] * 6 + [1, 2, 3, 4, 5], [0] * 6 + [30, 20, 60, 50, 80], [90] * 11)
    fit = fit_btyd(rows, name)
    silent = fit.no_purchase_probability(rows, 30)
    assert np.isfinite(list(fit.parameters.values())).all()
    assert ((silent > 0) & (silent < 1)).all()


def test_weights_stand_for_customers() -> None:
    """The fit of a ten-thousandfold crowd is that of one copy, but surer."""
    rows = Summary([0, 0, 1, 2, 5, 1], [0, 0, 9, 40, 80, 70], [30, 90, 60, 90, 90, 90], [50, 60, 20, 12, 6, 9])
    crowd = Summary(rows.frequency, rows.age_at_last_order, rows.tenure, rows.customers * 1e4)
    one, many = fit_btyd(rows, "mbgnbd"), fit_btyd(crowd, "mbgnbd")
    assert many.customers == 1e4 * one.customers
    assert one.penalty == many.penalty == 0, "chosen to need no prior"
    assert many.parameters["alpha"] == pytest.approx(one.parameters["alpha"], rel=1e-3)
    assert many.standard_errors["alpha"] == pytest.approx(one.standard_errors["alpha"] / 100, rel=0.01)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (Summary([2] * 9, [5] * 9, [9] * 9), "9 customers with 18 repeat purchases"),
        (Summary([0] * 500, [0] * 500, [9] * 500), "500 customers with 0 repeat purchases"),
        (Summary([], [], []), "0 customers"),
    ],
)
def test_too_little_is_refused_with_numbers(rows: Summary, message: str) -> None:
    with pytest.raises(NotEnoughData, match=message):
        fit_btyd(rows)


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    rows = Summary([2] * 20, [5] * 20, [9] * 20)
    with pytest.raises(SettingsError, match="No model is called 'bg'; choose one of bgnbd, mbgnbd"):
        fit_btyd(rows, "bg")  # type: ignore[arg-type]
