"""How far probabilities are off, told apart from what chance does to a perfect model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from churnrisk.learning.evaluate import Scored, Vector

LEAST_IN_GROUP = 50.0
"""Neighbouring bins are put together until they hold so many customers: fewer groups find more in little data."""

CHANCE = 0.025
"""What a perfect model gets in more than such a share of cases is taken for chance: an end of a 95 % interval."""


def calibration_beyond_chance(parts: Sequence[Scored]) -> float:
    """Return the distance of predicted and observed churn rates, or 0 where chance explains it.

    Over groups of n customers, mean probability p and churn rate q, the mean of (q - p)^2, weighted by customers, has
    an expectation and a spread that are known where the probabilities are right. Where it is larger than a perfect
    model gets in 97.5 % of cases, the root of what it has beyond that expectation is given; else 0. Squares are used
    since chance adds up in them: a model that is .1 too high comes out at .1, with few customers and with many.

    Parameters
    ----------
    parts : sequence of Scored
        A model's probabilities beside the outcomes, one for each cutoff: being too high at one and too low at another
        does not cancel.

    References
    ----------
    Kumar, A., Liang, P. & Ma, T. (2019), Verified uncertainty calibration, NeurIPS 32, for taking the noise off;
    Satterthwaite, F. (1946), Biometrics Bulletin 2, 110-114, for the distribution of the sum.
    """
    from scipy.special import chdtri  # here, since scoring starts without it

    size, off, noise = (np.concatenate(one) for one in zip(*map(_measure_groups, parts), strict=True))
    share = size / size.sum()
    found, expected = float((share * off**2).sum()), float((share * noise).sum())
    spread = float((share * noise) @ (share * noise))
    if spread == 0:  # every probability is 0 or 1, so chance plays no part
        return float(np.sqrt(found))
    degrees = expected**2 / spread
    if found <= expected * chdtri(degrees, CHANCE) / degrees:
        return 0.0
    return float(np.sqrt(found - expected))


def _measure_groups(scored: Scored) -> tuple[Vector, Vector, Vector]:
    """Return each group's customers, how far its churn rate is from its mean probability, and what chance adds to that.

    The last is the variance of the churn rate where the probabilities are right; customers who stand for several make
    it larger.
    """
    p, w = scored.probability, scored.weight
    size = np.bincount(scored.bin, weights=w)
    before = np.cumsum(size) - size
    count = max(1, int(size.sum() // LEAST_IN_GROUP))
    group = np.minimum((before / size.sum() * count).astype(int), count - 1)[scored.bin]
    sums = [np.bincount(group, weights=one) for one in (w, w * (scored.churned - p), w**2 * p * (1 - p))]
    total, off, noise = (one[sums[0] > 0] for one in sums)
    return total, off / total, noise / total**2
