"""BG/NBD and MBG/NBD: a customer may leave only right after a purchase.

While active a customer buys at random at a rate of his own, lambda ~ Gamma(r, alpha). After a purchase he leaves
for good with a probability of his own, p ~ Beta(a, b). Under BG/NBD the first purchase is exempt, so somebody who
bought once is alive with certainty; under MBG/NBD it is not.

Not to be used where customers leave between purchases without buying (contracts that run out, or long gaps by
nature: Pareto/NBD), nor where purchases are regular or seasonal, since the time to the next one is taken to be
memoryless.

Given the history and that the customer is alive, lambda ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + m) are
independent, where m is the number of purchases after which he might have left and did not. What is alive dies at
rate lambda p, hence every forecast is a mean over p of powers of 1 + p t / (alpha + T).

References
----------
Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2).
Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models for customer base analysis,
International Journal of Research in Marketing 24(3).
"""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy import special

from churnrisk.btyd.family import Family, ModelName, Params
from churnrisk.btyd.nbd import purchase_terms
from churnrisk.btyd.quadrature import beta_mean
from churnrisk.btyd.summary import Table
from churnrisk.types import Floats


def _sum_log_likelihood(params: Params, table: Table, *, exempt: int) -> tuple[float, Floats]:
    r, alpha, a, b = params
    w, R = table.weight, r + table.x
    log_now, log_last = np.log(alpha + table.T), np.log(alpha + table.t_x)
    log_odds = _log_odds_dead(params, table, exempt)
    dead = special.expit(log_odds)
    purchases, purchases_slope = purchase_terms((r, alpha), table)
    stays, stays_by_a, stays_by_b = _stay_terms(a, b, table, exempt)
    total = purchases + stays + (w * (np.logaddexp(0.0, log_odds) - R * log_now)).sum()
    by_r = purchases_slope + (w * (dead * (log_now - log_last) - log_now)).sum()
    pull = (1 - dead) / (alpha + table.T) + dead / (alpha + table.t_x)
    by_alpha = table.customers * r / alpha - (w * R * pull).sum()
    by_a = stays_by_a + (w * dead).sum() / a
    by_b = stays_by_b - (w * dead / _stays_before_last(b, table, exempt)).sum()
    return float(total), np.array([by_r, by_alpha, by_a, by_b])


def _stay_terms(a: float, b: float, table: Table, exempt: int) -> tuple[float, float, float]:
    """Return the sum of log(B(a, b + m) / B(a, b)), the chance of having stayed m times, and its slopes."""
    x, weight, _ = table.by_x
    m = x + 1 - exempt
    value = special.betaln(a, b + m) - special.betaln(a, b)
    loss = special.digamma(a + b) - special.digamma(a + b + m)
    gain = special.digamma(b + m) - special.digamma(b)
    return float((weight * value).sum()), float((weight * loss).sum()), float((weight * (loss + gain)).sum())


def _stays_before_last(b: float, table: Table, exempt: int) -> Floats:
    # Where the only purchase is exempt there is no last chance to leave; the weight of death there is 0.
    return np.where(_cannot_die(table, exempt), 1.0, b + table.x - exempt)


def _cannot_die(table: Table, exempt: int) -> np.ndarray:
    return table.x < exempt


def _log_odds_dead(params: Params, table: Table, exempt: int) -> Floats:
    r, alpha, a, b = params
    silence = (r + table.x) * np.log1p((table.T - table.t_x) / (alpha + table.t_x))
    log_odds = np.log(a) - np.log(_stays_before_last(b, table, exempt)) + silence
    return np.where(_cannot_die(table, exempt), -np.inf, log_odds)


def _alive(params: Params, table: Table, *, exempt: int) -> Floats:
    alive: Floats = special.expit(-_log_odds_dead(params, table, exempt))
    return alive


def _no_purchase(params: Params, table: Table, lead: float, horizon: float, *, exempt: int) -> Floats:
    r, alpha, _, _ = params
    log_odds, R, A = _log_odds_dead(params, table, exempt), r + table.x, alpha + table.T
    silence = np.exp(-R * np.log1p(horizon / A))
    alive_now = special.expit(-log_odds)
    if lead > 0:
        at_start = _survival(params, table, lead / A, exempt)
        silent_too = silence * _survival(params, table, lead / (A + horizon), exempt)
        silence = 1 - at_start + silent_too
    return np.clip(special.expit(log_odds) + alive_now * silence, 0.0, 1.0)


def _survival(params: Params, table: Table, share: Floats, exempt: int) -> Floats:
    """Return E[(1 + p z)^-(r + x)]: alive for z exposures more, with p from its distribution among the living."""
    r, _, a, b = params
    R = r + table.x

    def power(p: Floats, rows: slice) -> Floats:
        value: Floats = np.exp(-R[rows, None] * np.log1p(p * share[rows, None]))
        return value

    ends = np.ones_like(share), np.exp(-R * np.log1p(share))
    return beta_mean(power, a, b + table.x + 1 - exempt, ends=ends)


def _expected(params: Params, table: Table, time: float, *, exempt: int) -> Floats:
    """Return P(alive) E[(1 - (1 + p z)^-(r + x)) / p], z = t / (alpha + T): purchases until death or time."""
    r, alpha, a, b = params
    R, share = r + table.x, time / (alpha + table.T)

    def count(p: Floats, rows: slice) -> Floats:
        value: Floats = -np.expm1(-R[rows, None] * np.log1p(p * share[rows, None])) / p
        return value

    ends = R * share, -np.expm1(-R * np.log1p(share))
    return _alive(params, table, exempt=exempt) * beta_mean(count, a, b + table.x + 1 - exempt, ends=ends)


def _describe(name: ModelName, title: str, exempt: int) -> Family:
    return Family(
        name=name,
        title=title,
        parameters=("r", "alpha", "a", "b"),
        in_time=frozenset({"alpha"}),
        starts=((1.0, 0.3, 1.0, 3.0), (0.3, 0.1, 0.5, 2.0), (3.0, 1.0, 0.1, 5.0), (1.0, 0.1, 5.0, 5.0)),
        log_likelihood=partial(_sum_log_likelihood, exempt=exempt),
        alive=partial(_alive, exempt=exempt),
        no_purchase=partial(_no_purchase, exempt=exempt),
        expected=partial(_expected, exempt=exempt),
    )


# `exempt` is how many purchases cannot be the last one: the first, or none.
BG_NBD = _describe("bgnbd", "BG/NBD", exempt=1)
MBG_NBD = _describe("mbgnbd", "MBG/NBD", exempt=0)
