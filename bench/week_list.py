"""Measure the list of this week: are its reasons about the customer, and do its numbers come true?

    python bench/week_list.py LOG [LOG ...] [--days 180] [--size 100]

A model is trained on what lies before a day, so many days before the end of the log, and the list is made as of that
day. Told are the share of customers to contact whose reason names a product, an amount or a day of theirs, and the
share that the most frequent first reason has; then what came in the model's horizon: of the customers to contact and
of the lapsed the orders expected and those that came, and of the orders due those that came within a week and a month.
An order counts that comes in the horizon, or before the log ends.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from churnrisk.engines import collect_arrays, purchases_before
from churnrisk.messages import write_date, write_number
from churnrisk.orders import IntakeOptions, Orders, read_orders
from churnrisk.products import find_pair_days
from churnrisk.retention import build_segments
from churnrisk.scoring import score_orders
from churnrisk.timeline import date_of
from churnrisk.week_list import Entry, ListPlan, WeekList, tell_why
from churnrisk.workflows import ChurnModel, train
from churnrisk.workflows.week_list import ListKnown, list_scored

WEEK, MONTH = 7, 30


def main() -> None:
    """Measure every log, and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="+")
    parser.add_argument("--days", type=int, default=180)
    parser.add_argument("--size", type=int, default=100)
    given = parser.parse_args()
    print(
        "log | listed | own reason | most frequent | orders expected, came | lapsed expected, came | due: week, month"
    )
    for log in given.logs:
        print(measure(log, given.days, given.size), flush=True)


def measure(log: str, days: int, size: int) -> str:
    """Make the list of a log as of a day, and hold it against what came."""
    with read_orders(log, IntakeOptions(products=True)) as orders:
        day = orders.last_day + 1 - days
        model = train(log, as_of=date_of(day).isoformat())
        listed = make_list(model, orders, day, ListPlan(size, size, size))
        came = days_of(orders, day)
    horizon = model.model.snapshot.horizon
    own, most = reasons_of(listed.contact, day, horizon)
    contact = [1 - (one.churn_probability or 0.0) for one in listed.contact]
    lapsed = [one.return_probability or 0.0 for one in listed.lapsed]
    cells = [
        log.rstrip("/").rpartition("/")[2],
        f"{len(listed.contact)}, {len(listed.lapsed)}, {len(listed.due)}",
        f"{own:.0%}",
        f"{most:.0%}",
        f"{sum(contact):.0f}, {bought(listed.contact, came, day, horizon)}",
        f"{sum(lapsed):.0f}, {bought(listed.lapsed, came, day, horizon)}",
        f"{bought(listed.due, came, day, WEEK)}, {bought(listed.due, came, day, MONTH)}",
    ]
    return " | ".join([*cells, f"horizon {horizon}"])


def make_list(model: ChurnModel, orders: Orders, day: int, plan: ListPlan) -> WeekList:
    """Make the list of a day in the midst of a log; nothing in it sees what came later."""
    scores = score_orders(model.model, orders, day, by="value")
    known = ListKnown(build_segments(orders, day), find_pair_days(orders, day), None)
    return list_scored(model, orders, scores, plan=plan, known=known)


def days_of(orders: Orders, day: int) -> dict[str, list[int]]:
    """Return the purchase days of each customer from a day on."""
    known = purchases_before(orders.frame(), orders.last_day + 1).select("customer_id", "order_day")
    found, came = collect_arrays(known, sort_by=["customer_id", "order_day"]), defaultdict(list)
    is_later = found["order_day"] >= day
    for customer, on in zip(found["customer_id"][is_later], found["order_day"][is_later].tolist(), strict=True):
        came[str(customer)].append(on)
    return came


def bought(entries: Sequence[Entry], came: dict[str, list[int]], day: int, days: int) -> int:
    """Count the customers with a purchase within so many days."""
    return sum(any(on < day + days for on in came.get(one.customer_id, [])) for one in entries)


def reasons_of(entries: Sequence[Entry], day: int, horizon: int) -> tuple[float, float]:
    """Return the share of first reasons with something of the customer's own, and that of the most frequent one."""
    if not entries:
        return np.nan, np.nan
    first = [tell_why(one, as_of=day, horizon=horizon)[0] for one in entries]
    own = sum(any(word in said for word in words_of(one)) for one, said in zip(entries, first, strict=True))
    return own / len(first), Counter(first).most_common(1)[0][1] / len(first)


def words_of(entry: Entry) -> list[str]:
    """Return what a reason may name of a customer: days, amounts and products."""
    known = entry.bought
    amounts = (known.last_amount, known.revenue_year, known.revenue_before)
    words = [
        write_date(date_of(known.last_day)),
        *known.products,
        *filter(None, (entry.observation, entry.due_product)),
    ]
    return words + [write_number(one, digits) for one in amounts if one is not None for digits in (0, 2) if one >= 1]


if __name__ == "__main__":
    main()
