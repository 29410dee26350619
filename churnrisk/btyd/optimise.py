"""Maximum likelihood for a handful of positive parameters, with a prior that grows only when it has to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from churnrisk.types import Floats

Objective = Callable[[tuple[float, ...]], tuple[float, Floats]]

# Weights of the prior in units of log-likelihood: 0 is plain maximum likelihood, 0.001 holds back only what the
# data leave undecided (a standard deviation of 22 on the log scale), 1 is a firm opinion (0.7).
PENALTIES = (0.0, 0.001, 0.01, 0.1, 1.0)

SLIGHT = 0.001
REFUSED = 1e10
BOX = 14.0  # log-parameters are searched within e^-14 to e^14, in units of the mean tenure
SANE = 12.0  # one that ends beyond e^12 is running away along a ridge
GAIN = 1e-7  # converged when a Newton step would add less log-likelihood than this
NOISE = 1e-3  # a promised gain below this that does not come is rounding in a sum over millions of customers
NEWTON_STEPS = 12
NARROW, WIDE = 1e-5, 1e-4  # steps of log-parameters for differences, to one side and to both
OPEN = 1e-3  # a direction with less information than this is known to a factor of exp(30) only: not at all


@dataclass(frozen=True)
class Optimum:
    """A fit: parameters, standard errors by the delta method, and the weight of the prior that was needed."""

    parameters: tuple[float, ...]
    standard_errors: tuple[float, ...]
    log_likelihood: float
    penalty: float


def choose_start(objective: Objective, starts: Sequence[tuple[float, ...]], customers: float) -> Floats:
    """Climb from several points and return the log-parameters of the best end."""
    problem = _Problem(objective, customers, SLIGHT)  # enough not to wander off along a ridge
    ends = [problem.climb(np.log(start)) for start in starts]
    return min(ends, key=lambda end: end[0])[1]


def climb_ladder(
    objective: Objective,
    start: Floats,
    *,
    customers: float,
    penalties: Sequence[float],
) -> Optimum | None:
    """Maximise with the first penalty that leads to a settled, sane answer; None if none does."""
    for penalty in penalties:
        problem = _Problem(objective, customers, penalty)
        settled = problem.settle(problem.climb(np.clip(start, -SANE, SANE))[1])
        if settled is None or np.abs(settled).max() >= SANE:
            continue
        fit = problem.describe(settled)
        if np.isfinite(fit.standard_errors).all():
            return fit
    return None


def describe_trouble(fit: Optimum) -> str:
    """Return what was out of the ordinary in the fit, in words; empty if nothing was."""
    if fit.penalty == 0:
        return ""
    return f"plain maximum likelihood did not settle, a prior of weight {fit.penalty:g} was needed"


@dataclass(frozen=True)
class _Problem:
    """The mean penalised negative log-likelihood as a function of the log-parameters.

    The prior is centred on parameters of 1 in units of the mean tenure. Its weight does not grow with the
    number of customers, so that it fades as the data speak.
    """

    objective: Objective
    customers: float
    penalty: float

    def evaluate(self, theta: Floats) -> tuple[float, Floats]:
        if np.abs(theta).max() > BOX:
            return REFUSED, np.zeros_like(theta)
        natural = np.exp(theta)
        value, slope = self.objective(tuple(natural.tolist()))
        loss = self.penalty * float((theta**2).sum()) - value
        gradient = 2 * self.penalty * theta - slope * natural
        if not (np.isfinite(loss) and np.isfinite(gradient).all()):
            return REFUSED, np.zeros_like(theta)
        return loss / self.customers, gradient / self.customers

    def climb(self, start: Floats) -> tuple[float, Floats]:
        # Not L-BFGS-B: its compiled core calls threaded BLAS on vectors of four, 5 ms a step on a busy machine.
        from scipy import optimize  # not before: scoring does without, and its import is slow

        end = optimize.minimize(self.evaluate, start, jac=True, method="BFGS", options={"gtol": 1e-7})
        return float(end.fun), np.asarray(end.x, dtype=np.float64)

    def settle(self, theta: Floats) -> Floats | None:
        """Take Newton steps until nothing is left to gain."""
        loss, gradient = self.evaluate(theta)
        for _ in range(NEWTON_STEPS):
            step = _newton_step(self.curvature(theta, gradient), gradient)
            gain = -float((step * gradient).sum()) * self.customers / 2
            if gain < GAIN:
                return theta
            moved = self.walk(theta, loss, step)
            if moved is None:
                return theta if gain < NOISE else None
            theta, loss, gradient = moved
        return None

    def walk(self, theta: Floats, loss: float, step: Floats) -> tuple[Floats, float, Floats] | None:
        """Go along the step as far as it improves."""
        for shrink in (1.0, 0.5, 0.25, 0.05, 0.005):
            there = np.clip(theta + shrink * step, -BOX, BOX)
            value, gradient = self.evaluate(there)
            if value < loss:
                return there, value, gradient
        return None

    def curvature(self, theta: Floats, gradient: Floats, step: float = NARROW) -> Floats:
        """Return the Hessian, by one-sided differences of the exact gradient."""
        offsets = step * np.eye(len(theta))
        rows = [(self.evaluate(theta + offset)[1] - gradient) / step for offset in offsets]
        hessian = np.array(rows)
        return (hessian + hessian.T) / 2

    def describe(self, theta: Floats) -> Optimum:
        natural = np.exp(theta)
        there, back = (self.curvature(theta, self.evaluate(theta)[1], step) for step in (WIDE, -WIDE))
        errors = natural * _log_standard_errors((there + back) / 2 * self.customers)
        value = self.objective(tuple(natural.tolist()))[0]
        return Optimum(tuple(natural.tolist()), tuple(errors.tolist()), value, self.penalty)


def _newton_step(hessian: Floats, gradient: Floats) -> Floats:
    """Return the Newton step, with directions that curve the wrong way or hardly at all made to curve."""
    values, vectors = np.linalg.eigh(hessian)
    floor = max(1e-9, 1e-12 * float(np.abs(values).max()))
    along = (vectors * gradient[:, None]).sum(axis=0) / np.maximum(np.abs(values), floor)
    step = -(vectors * along).sum(axis=1)
    shortened: Floats = step / max(1.0, float(np.abs(step).max()) / 3)
    return shortened


def _log_standard_errors(hessian: Floats) -> Floats:
    """Return the standard errors of the log-parameters; not a number where the data leave a direction open."""
    values, vectors = np.linalg.eigh(hessian)
    if values.min() <= max(OPEN, 1e-9 * float(values.max())):
        return np.full(len(hessian), np.nan)
    errors: Floats = np.sqrt((vectors**2 / values).sum(axis=1))
    return errors
