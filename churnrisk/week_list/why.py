"""Why a customer is on the list, in sentences about this customer: days, amounts, products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from churnrisk.messages import mark, say, say_many, write_date, write_number
from churnrisk.retelling import retell
from churnrisk.timeline import YEAR, date_of
from churnrisk.week_list.purchased import Purchased

if TYPE_CHECKING:
    from churnrisk.week_list.entries import Entry

ListPart = Literal["contact", "lapsed", "due"]

LATE = 1.5
"""So many usual gaps without an order are told as late."""

LEAST_DROP = 0.5
"""Of the revenue of the year before: less in the last year is told as a drop."""

MOST_SENTENCES = 2
BETWEEN = "; "
"""Between the two halves of a sentence."""

_LAST = {
    (True, True, True): mark("ordered once: {products} for {amount} on {date}"),
    (True, True, False): mark("ordered once, for {amount}, on {date}"),
    (True, False, True): mark("ordered once: {products} on {date}"),
    (True, False, False): mark("ordered once, on {date}"),
    (False, True, True): mark("last order on {date}: {products} for {amount}"),
    (False, True, False): mark("last order on {date}, for {amount}"),
    (False, False, True): mark("last order on {date}: {products}"),
    (False, False, False): mark("last order on {date}"),
}
"""By whether it is the only one, and whether its amount and its products are known."""


@dataclass(frozen=True)
class OneCustomer:
    """A customer who need not be on the list; the fields are those of a row of the list."""

    part: ListPart
    bought: Purchased
    reasons: Sequence[str] = ()
    churn_probability: float | None = None
    return_probability: float | None = None
    observation: str | None = None
    due_product: str | None = None


def tell_why(entry: Entry | OneCustomer, *, as_of: int, horizon: int) -> list[str]:
    """Return at most two sentences on why a customer is on the list, the most telling first, in the language of now.

    Every sentence names a product, an amount or a day of this customer. A reason of the model stands behind them only
    where there is one sentence.

    Parameters
    ----------
    entry : Entry or OneCustomer
        A row of the list, or another customer.
    as_of : int
        The day of the list.
    horizon : int
        Days that the churn probability, or the chance of return, is about.
    """
    found = list(_sentences(entry, entry.bought, as_of=as_of, horizon=horizon))[:MOST_SENTENCES]
    if len(found) == MOST_SENTENCES or entry.bought.purchase_days == 1:  # what a model says of one purchase is said
        return found
    return [*found, *(retell(one) for one in entry.reasons[:1])]


def _sentences(entry: Entry | OneCustomer, bought: Purchased, *, as_of: int, horizon: int) -> Iterator[str]:
    quiet = as_of - bought.last_day
    if entry.part == "due":
        yield from _tell_due(entry, bought)
        return
    if entry.observation:
        yield retell(entry.observation)
    if bought.purchase_days == 1:
        yield _tell_first(entry, bought, horizon)
        return
    is_late = bought.usual_gap is not None and quiet > LATE * bought.usual_gap
    if is_late:
        date, gap = _day(bought.last_day), _gap(bought)
        absent = say_many(
            "no order for {count} day, since {date}", "no order for {count} days, since {date}", quiet, date=date
        )
        usual = say_many("usually one every day", "usually one every {count} days", gap)
        yield BETWEEN.join((absent, usual))
    yield from _tell_money(bought, as_of)
    if bought.products or bought.last_amount is not None or not is_late:  # its day alone is told
        yield _tell_last(bought)


def _tell_due(entry: Entry | OneCustomer, bought: Purchased) -> Iterator[str]:
    """The product that is due and the rhythm in one sentence: a product alone is due for many customers at once."""
    told = [say("{product} is due", product=entry.due_product)] if entry.due_product else []
    if bought.usual_gap is not None:
        told.append(
            say_many(
                "orders about every day, the last time on {date}",
                "orders about every {count} days, the last time on {date}",
                _gap(bought),
                date=_day(bought.last_day),
            )
        )
    if told:
        yield BETWEEN.join(told)
    if bought.products or bought.last_amount is not None or bought.usual_gap is None:  # its day alone is told
        yield _tell_last(bought)


def _tell_first(entry: Entry | OneCustomer, bought: Purchased, horizon: int) -> str:
    """What a customer with one purchase day bought, and how many such customers come back."""
    what = _tell_last(bought, is_only=True)
    returning = entry.return_probability
    if entry.churn_probability is not None:
        returning = 1 - entry.churn_probability
    if returning is None:
        return what
    if round(100 * returning) < 1:
        ending = say("fewer than 1 of 100 such customers order again within {days} days", days=horizon)
    else:
        share = write_number(100 * returning)
        ending = say("{share} of 100 such customers order again within {days} days", share=share, days=horizon)
    return BETWEEN.join((what, ending))


def _tell_money(bought: Purchased, as_of: int) -> Iterator[str]:
    """A drop in revenue over a year, in a history of two years."""
    now, before = bought.revenue_year, bought.revenue_before
    if now is None or before is None or before <= 0 or now >= LEAST_DROP * before:
        return
    since = _day(as_of - YEAR)
    if now <= 0:
        yield say("brought {amount} in the year before {date}, nothing since", amount=write_number(before), date=since)
    else:
        yield say(
            "brought {amount} in the year before {date}, {now} since",
            amount=write_number(before),
            date=since,
            now=write_number(now),
        )


def _tell_last(bought: Purchased, *, is_only: bool = False) -> str:
    """The last order, or the only one: the day, the amount and the products as far as they are known."""
    values = {"date": _day(bought.last_day), "products": ", ".join(bought.products)}
    if bought.last_amount is not None:
        values["amount"] = write_number(bought.last_amount, 2)
    return say(_LAST[is_only, bought.last_amount is not None, bool(bought.products)], **values)


def _gap(bought: Purchased) -> int:
    """The usual gap in whole days, at least one."""
    return max(round(bought.usual_gap or 0), 1)


def _day(day: int) -> str:
    return write_date(date_of(day))
