"""A draw of customers from a log, for a learner that gains nothing from more of them; done where the orders lie.

Strata are the number of purchases and whether the customer is still active. Both are known of everybody, and between
them they tell most of what there is to tell of the risk. Whether a customer churned would be one stratum more for
each snapshot, and a customer is in many of them: strata that agree with all of them do not exist, and those of one
would tilt the others. Of each stratum the same share is drawn, so every customer stands for as many as any other, and
whatever is counted over the drawn is an estimate of what would be counted over all, without weights.

Who is drawn is decided by a digest of the seed and the id: those with the smallest of each stratum. So it depends on
no order of rows, no number of threads, and no engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Rows = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query and gives its rows."""

TRAIN_CUSTOMERS = 60_000
"""Customers that are learned from, unless another number is set.

The learning curve (``bench/learning_curve.py``) is flat from 20,000 customers of a customer base on, and the learner
takes no more than 30,000 of a snapshot; half of a log's customers, about, are in the base of each.
"""

DIGITS = 16
"""Hexadecimal digits of a digest; where they are equal the id decides."""


@dataclass(frozen=True)
class Draw:
    """Whom to draw from, and how many.

    Parameters
    ----------
    most : int
        Customers to draw; nothing is drawn where there are no more, or where it is 0.
    before : int
        The first day that is not known: purchases from it on count for nothing, and so do those undone before it.
    lookback : int
        Days within which a purchase makes a customer active.
    seed : int
        Another seed draws others.
    """

    most: int
    before: int
    lookback: int
    seed: int


@dataclass(frozen=True)
class DrawnCustomers:
    """Who was drawn.

    Parameters
    ----------
    ids : tuple of str
        The customers, sorted.
    customers : int
        How many were drawn from: everybody with a purchase that is known.
    strata : int
        In so many groups.
    """

    ids: tuple[str, ...]
    customers: int
    strata: int

    @property
    def share(self) -> float:
        """The share of the customers that was drawn."""
        return len(self.ids) / self.customers


def draw_customers(rows: Rows, table: str, draw: Draw) -> DrawnCustomers | None:
    """Draw customers from a table of orders, in the dialect that DuckDB and Spark share.

    Only so many ids leave the engine as are drawn, and a few more.

    Parameters
    ----------
    rows : callable
        Runs a query.
    table : str
        The orders.
    draw : Draw
        Whom, and how many.

    Returns
    -------
    DrawnCustomers or None
        None where there are no more customers than that, so that all are learned from.
    """
    strata = _strata_query(table, draw)
    sizes: dict[int, int] = dict(sorted(rows(f"SELECT stratum, count(*) FROM ({strata}) AS s GROUP BY stratum")))
    customers = sum(sizes.values())
    if not draw.most or customers <= draw.most:
        return None
    wanted = allot(draw.most, sizes)
    room = 1
    while (found := _smallest(rows, strata, sizes, wanted, room=room)) is None:
        room *= 4
    return DrawnCustomers(tuple(sorted(found)), customers, len(sizes))


def allot(most: int, sizes: dict[int, int]) -> dict[int, int]:
    """Share a number out over strata in proportion to their sizes; what is left by rounding goes to the largest rests.

    Examples
    --------
    >>> allot(10, {1: 70, 2: 25, 3: 5})
    {1: 7, 2: 3, 3: 0}
    """
    total = sum(sizes.values())
    wanted = {stratum: most * size // total for stratum, size in sizes.items()}
    rests = sorted(sizes, key=lambda stratum: (-(most * sizes[stratum] % total), stratum))
    for stratum in rests[: most - sum(wanted.values())]:
        wanted[stratum] += 1
    return wanted


def _strata_query(table: str, draw: Draw) -> str:
    digest = f"substr(md5(concat('{int(draw.seed)}:', customer_id)), 1, {DIGITS})"
    levels = " ".join(f"WHEN count(*) < {end} THEN {place}" for place, end in enumerate((2, 3, 5, 10, 20, 50)))
    active = f"CASE WHEN max(order_day) >= {int(draw.before - draw.lookback)} THEN 10 ELSE 0 END"
    return f"""SELECT customer_id, {digest} AS digest,
        {active} + CASE {levels} ELSE 6 END AS stratum
        FROM {table} WHERE is_purchase = 1 AND order_day < {int(draw.before)} AND undone_day >= {int(draw.before)}
        GROUP BY customer_id"""


def _smallest(rows: Rows, strata: str, sizes: dict[int, int], wanted: dict[int, int], *, room: int) -> list[str] | None:
    """Return the customers with the smallest digests of each stratum; None where too few came out of the engine.

    Digests are spread evenly, so those below a share of their range are that share of the customers, about: enough
    are asked for that it hardly ever takes a second time. Who is drawn does not depend on how many are asked for.
    """
    limits = {stratum: _limit(wanted[stratum], size, room) for stratum, size in sizes.items()}
    below = " OR ".join(f"(stratum = {stratum} AND digest < '{limit}')" for stratum, limit in limits.items())
    found: dict[int, list[tuple[str, str]]] = {stratum: [] for stratum in sizes}
    for stratum, digest, customer in rows(f"SELECT stratum, digest, customer_id FROM ({strata}) AS s WHERE {below}"):
        found[stratum].append((digest, customer))
    if any(len(found[stratum]) < wanted[stratum] for stratum in sizes):
        return None
    return [who for stratum, some in found.items() for _, who in sorted(some)[: wanted[stratum]]]


def _limit(wanted: int, size: int, room: int) -> str:
    """Return the digest below which there are probably enough; a letter beyond all digits where all are needed."""
    asked = wanted + room * (6 * wanted**0.5 + 12)
    return "g" if asked >= size else f"{int(asked / size * 16**DIGITS):0{DIGITS}x}"
