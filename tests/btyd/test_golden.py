"""The published estimates on the CDNOW sample, in weeks."""

from __future__ import annotations

import numpy as np
import pytest

from churnrisk.btyd import Summary, fit_btyd


def test_bg_nbd_gives_the_estimates_of_fader_hardie_and_lee(cdnow: Summary) -> None:
    fit = fit_btyd(cdnow, "bgnbd")
    assert fit.parameters["r"] == pytest.approx(0.243, abs=0.0005)
    assert fit.parameters["alpha"] == pytest.approx(4.414, abs=0.0005)
    assert fit.parameters["a"] == pytest.approx(0.793, abs=0.0005)
    assert fit.parameters["b"] == pytest.approx(2.426, abs=0.0005)
    assert fit.log_likelihood == pytest.approx(-9582.4, abs=0.05)
    assert (fit.model, fit.penalty, fit.note) == ("bgnbd", 0.0, "")


def test_pareto_nbd_gives_the_estimates_of_fader_and_hardie(cdnow: Summary) -> None:
    fit = fit_btyd(cdnow, "pareto_nbd")
    assert fit.parameters["r"] == pytest.approx(0.553, abs=0.0005)
    assert fit.parameters["alpha"] == pytest.approx(10.578, abs=0.0005)
    assert fit.parameters["s"] == pytest.approx(0.606, abs=0.0005)
    assert fit.parameters["beta"] == pytest.approx(11.669, abs=0.002)  # published after a looser search
    assert fit.log_likelihood == pytest.approx(-9594.98, abs=0.01)


def test_conditional_expectation_of_the_published_example(cdnow: Summary) -> None:
    # Fader, Hardie & Lee (2005): a customer with x = 2, t_x = 30.43, T = 38.86 is expected to buy 1.226 times
    # in the following 39 weeks.
    expected = fit_btyd(cdnow, "bgnbd").expected_purchases(Summary([2], [30.43], [38.86]), 39)
    assert expected[0] == pytest.approx(1.226, abs=0.001)


def test_the_unit_of_time_does_not_matter(cdnow: Summary) -> None:
    in_days = Summary(cdnow.frequency, cdnow.age_at_last_order * 7, cdnow.tenure * 7)
    weeks, days = fit_btyd(cdnow), fit_btyd(in_days)
    assert days.parameters["alpha"] == pytest.approx(7 * weeks.parameters["alpha"], rel=1e-4)
    assert days.parameters["b"] == pytest.approx(weeks.parameters["b"], rel=1e-4)
    assert days.standard_errors["alpha"] == pytest.approx(7 * weeks.standard_errors["alpha"], rel=1e-3)
    lost = float(cdnow.frequency.sum()) * np.log(7)
    assert days.log_likelihood == pytest.approx(weeks.log_likelihood - lost, abs=1e-4)
