"""Purchase rows that name products, and slow plain ways to what the stage of products makes of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.products import PairDays
from churnrisk.timeline import date_of
from support.reports import EVIL_IDS

HEADERS = ("customer_id", "ordered_at", "order_id", "product_id", "description", "category", "amount", "quantity")
Row = tuple[str, int, str, str, str, str, float, int]
"""As :data:`HEADERS`, with a day number for the date."""

END = 20_000
"""The day after the last order of shops that are made up."""


def table_of(rows: Iterable[Row]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=list(HEADERS))
    table["ordered_at"] = [date_of(day).isoformat() for day in table["ordered_at"]]
    return table


def open_rows(rows: Iterable[Row], **options: object) -> Orders:
    return read_orders(table_of(rows), IntakeOptions(products=True, amounts="line", **options))  # type: ignore[arg-type]


def random_rows(seed: int, *, customers: int = 12, rows: int = 400, days: int = 200) -> list[Row]:
    """Rows of few customers and products, with returns of earlier rows, fees and rows that name nothing."""
    draw = np.random.default_rng(seed)
    found: list[Row] = []
    for number in range(rows):
        customer, day = f"c{draw.integers(customers):02d}", int(draw.integers(10_000, 10_000 + days))
        product = int(draw.integers(8))
        name, code = ("", "") if product == 7 else (f"thing {product}", f"p{product}")
        amount = float(draw.integers(1, 4))
        order = f"o{number if draw.random() < 0.3 else day}"
        found.append((customer, day, order, code, name, f"k{product % 3}" if code else "", amount, 1))
        if draw.random() < 0.15:
            later = day + int(draw.integers(0, 40))
            found.append((customer, later, f"r{number}", code, name, f"k{product % 3}" if code else "", -amount, -1))
        if draw.random() < 0.1:
            found.append((customer, day, order, "SHIP", "Shipping", "", 4.0, 1))
    return found


def named(pairs: PairDays) -> list[tuple[str, str, int]]:
    """Rows as ids of customers and items, and days."""
    columns = zip(pairs.customer.tolist(), pairs.item.tolist(), pairs.day.tolist(), strict=True)
    return [(pairs.customers[who], pairs.items[what], day) for who, what, day in columns]


def assert_same_pairs(one: PairDays, other: PairDays) -> None:
    assert named(one) == named(other)
    assert (one.customers, one.account) == (other.customers, other.account)
    assert (one.names, one.categories) == (other.names, other.categories)


def pairs_of(days: Sequence[tuple[int, int, int]], *, cutoff: int, first_day: int) -> PairDays:
    """Pairs of customer, item and day, whatever their order."""
    unique = np.array(sorted(set(days)), dtype=np.int32).reshape(-1, 3)
    customers = [f"c{one:06d}" for one in range(int(unique[:, 0].max()) + 1)]
    items = [f"p{one:04d}" for one in range(int(unique[:, 1].max()) + 1)]
    customer, item, day = (np.ascontiguousarray(unique[:, one]) for one in range(3))
    names = dict.fromkeys(items, "")
    return PairDays(customer, item, day, customers, items, names, names, first_day, cutoff)


def plain_pair_days(rows: Iterable[Row], cutoff: int) -> set[tuple[str, str, int]]:
    """Say in plain Python who bought what on which days: what was given back and what is named a fee is off.

    Orders that were taken back whole are left to the rows that take them back, which these rows always have.
    """
    past = [row for row in rows if row[1] < cutoff and row[3] not in ("", "SHIP")]
    stacks: dict[tuple[str, str, float], list[int]] = defaultdict(list)
    left: dict[tuple[str, str, int], int] = defaultdict(int)
    for row in sorted(past, key=lambda one: (one[1], one[6] < 0)):
        key = (row[0], row[3], abs(row[6]))
        if row[6] > 0:
            stacks[key].append(row[1])
            left[row[0], row[3], row[1]] += 1
        elif stacks[key]:
            left[row[0], row[3], stacks[key].pop()] -= 1
    return {key for key, count in left.items() if count > 0}


def repeat_buyers(seed: int, *, customers: int, items: int, days: int, give_up: float) -> list[tuple[int, int, int]]:
    """Customers who buy items at log-normal gaps of their own, and give each up with a chance at every purchase."""
    draw = np.random.default_rng(seed)
    found = []
    for customer in range(customers):
        pace = draw.normal(3.0, 0.3)
        for item in draw.choice(items, 3, replace=False):
            day = float(draw.integers(0, days // 2))
            usual = pace + 0.2 * (item % 3)
            while day < days:
                found.append((customer, int(item), int(day)))
                if draw.random() < give_up:
                    break
                day += max(1.0, np.exp(draw.normal(usual, 0.3)))
    return found


def regular_shop(customers: int = 150, *, silent: int = 40, days: int = 400) -> list[Row]:
    """Customers who buy a basic product of their own every four weeks; the first have left it out for ten weeks."""
    chance = np.random.default_rng(1)
    rows: list[Row] = []
    for who in range(customers):
        start, product = END - days + int(chance.integers(28)), who % 10
        for visit, day in enumerate(range(start, END, 14)):
            order = f"o{who}-{visit}"
            if visit % 2 == 0 and not (who < silent and day > END - 75):
                rows.append((f"c{who:03d}", day, order, f"p{product}", f"basic {product}", "basics", 4.0, 1))
            other = int(chance.integers(20))
            rows.append((f"c{who:03d}", day, order, f"x{other}", f"extra {other}", "extras", 2.0, 1))
    return rows


def repeat_rows(seed: int, *, customers: int, items: int, days: int) -> list[Row]:
    """Rows of :func:`repeat_buyers`, who give a product up after one purchase in twenty."""
    found = repeat_buyers(seed, customers=customers, items=items, days=days, give_up=0.05)
    start = END - days
    return [
        (f"c{who:03d}", start + day, f"o{who}-{day}", f"p{what}", f"thing {what}", "things", 4.0, 1)
        for who, what, day in found
    ]


def with_hostile_names(rows: Iterable[Row]) -> list[Row]:
    """The same rows, of customers and products whose names would break a careless page."""
    names = {f"{kind}{k:0{width}d}": name for k, name in enumerate(EVIL_IDS) for kind, width in (("c", 3), ("p", 1))}
    return [
        (names.get(who, who), day, order, code, names.get(code, name), category, amount, count)
        for who, day, order, code, name, category, amount, count in rows
    ]
