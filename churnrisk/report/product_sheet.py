"""Products: what is due and late, which products' regulars stop, and which first products differ, with the doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from churnrisk.messages import mark, say, say_many, write_date
from churnrisk.report.blocks import Block, Column, DataTable, Section, Words
from churnrisk.report.content import ReportData
from churnrisk.report.formats import between, percent, points, whole

Told = Mapping[str, Any]
VERDICTS = {
    "more": mark("more come back"),
    "less": mark("fewer come back"),
    "faster": mark("given up faster"),
    "not told apart": mark("not told apart"),
}
"""What a comparison came to."""

CUSTOMER_PAGE = "/customer"


def build_products(data: ReportData) -> Section | None:
    """Build the section; none where the log names no products."""
    if data.products is None:
        return None
    return Section("products", say("Products"), list(describe_products(data.products)))


def describe_products(told: Told, *, has_links: bool = False) -> Iterator[Block]:
    """Yield what is told of products.

    Parameters
    ----------
    told : mapping
        As :func:`churnrisk.products.sum_up_products`.
    has_links : bool
        Whether customers have pages to lead to.
    """
    yield from _describe_due(told, has_links=has_links)
    yield from _describe_stopping(told["stopping"])
    yield from _describe_first(told["first"])


def _describe_due(told: Told, *, has_links: bool) -> Iterator[Block]:
    due = told["due"]
    if due is None:
        yield Words(say("Too few products were bought again to tell when the next purchase of each is due."))
        return
    yield Words(
        say(
            "As of {day}: {soon} pairs of a customer and a product are due within a week; {late} are late and still "
            "likely. Each was bought on three days or more. {gone} pairs are given up: not bought for {days} days.",
            day=write_date(told["as_of"]),
            soon=whole(due["soon"]["count"]),
            late=whole(due["late"]["count"]),
            gone=whole(due["given_up"]),
            days=due["within_days"],
        )
        + " "
        + say("The lists begin with the likeliest, and have at most three products of a customer.")
    )
    yield Words(_look_back(due["look_back"]), is_note=True)
    for title, part in ((say("Due within a week"), due["soon"]), (say("Late and still likely"), due["late"])):
        if part["rows"]:
            yield _tabulate_due(title, part["rows"], has_links=has_links)


def _look_back(look_back: Told | None) -> str:
    if look_back is None:
        return say("The log is too short to look back on how an earlier list came true.")
    found = say(
        "Look back: as of {day}, {expected} of {pairs} pairs were expected to be bought again within {days} days of "
        "the last purchase, and {came} were.",
        day=write_date(look_back["as_of"]),
        expected=percent(look_back["expected"]),
        pairs=whole(look_back["pairs"]),
        days=look_back["within_days"],
        came=percent(look_back["came"]),
    )
    if look_back["inside"] is None:
        return found
    inside = say(
        "Of those that were, after a purchase in the week before that day, {inside} came between the two days of "
        "their interval; 80 % is promised.",
        inside=percent(look_back["inside"]),
    )
    return f"{found} {inside}"


def _tabulate_due(title: str, rows: Sequence[Told], *, has_links: bool) -> DataTable:
    columns = (
        Column(say("Customer"), is_number=False, is_foreign=True, page=CUSTOMER_PAGE if has_links else ""),
        Column(say("product"), is_number=False, is_foreign=True),
        Column(say("last bought"), is_number=False, is_wide=True),
        Column(say("due"), is_number=False),
        Column(say("8 in 10 between"), is_number=False, is_wide=True),
        Column(say("comes again")),
    )
    cells = tuple(
        (
            str(row["customer_id"]),
            str(row["title"]),
            write_date(row["last_bought_on"]),
            write_date(row["due_on"]),
            say("{low} to {high}", low=write_date(row["from_on"]), high=write_date(row["to_on"])),
            percent(row["comes_again_probability"]),
        )
        for row in rows
    )
    return DataTable(title, columns, cells)


def _describe_stopping(stopping: Told | None) -> Iterator[Block]:
    if stopping is None:
        yield Words(say("The log is too short to compare how many regulars stop with a year ago."))
        return
    found = say_many(
        "One product is given up by its regulars faster than a year ago, by more than chance.",
        "{count} products are given up by their regulars faster than a year ago, by more than chance.",
        stopping["told"],
    )
    others = say(
        "{others} others are not told apart, which does not mean that they are equal. A regular bought the product on "
        "three days or more, and gave it up after {days} days without it.",
        others=whole(stopping["not_told"]),
        days=stopping["days"],
    )
    yield Words(f"{found} {others}")
    if stopping["rows"]:
        yield _tabulate_stopping(stopping["rows"])


def _tabulate_stopping(rows: Sequence[Told]) -> DataTable:
    columns = (
        Column(say("Product"), is_number=False, is_foreign=True),
        Column(say("regulars"), is_wide=True),
        Column(say("gave it up")),
        Column(say("a year ago"), is_wide=True),
        Column(say("difference, 95 % interval"), is_wide=True),
        Column(say("verdict"), is_number=False),
    )
    cells = tuple(
        (
            str(row["title"]),
            whole(row["regulars"]),
            percent(row["gave_up_share"]),
            percent(row["gave_up_share_year_ago"]),
            between(row["difference_from"], row["difference_to"], write=_points),
            say(VERDICTS[row["verdict"]]),
        )
        for row in rows
    )
    return DataTable(say("Products whose regulars stop"), columns, cells)


def _points(value: float | None) -> str:
    return points(value or 0.0)


def _describe_first(first: Told | None) -> Iterator[Block]:
    if first is None:
        yield Words(say("Too few first purchases to compare what customers began with."))
        return
    found = say(
        "{buyers} customers made a first purchase that can be compared; {rate} bought again within {days} days. Each "
        "first product is compared with first baskets of the same month and size: {told} differ by more than chance, "
        "and about one in ten of such findings is false. {others} are not told apart, which does not mean that they "
        "are equal.",
        buyers=whole(first["first_buyers"]),
        rate=percent(first["return_rate"]),
        days=first["horizon_days"],
        told=whole(first["told"]),
        others=whole(first["not_told"]),
    )
    yield Words(f"{found} {_say_power(first['power'])}".strip())
    yield Words(say("None of this says that a product causes anything."), is_note=True)
    if first["rows"]:
        yield _tabulate_first(first["rows"])


def _say_power(power: Sequence[Sequence[float]]) -> str:
    """Say how well the usual product could be told apart: the middle one of those that the power is known of."""
    if not power:
        return ""
    buyers, difference, chance = power[len(power) // 2]
    return say(
        "With {buyers} first buyers, {difference} points fewer would be told apart in {cases} of 100 cases.",
        buyers=whole(buyers),
        difference=whole(100 * difference),
        cases=whole(round(100 * chance)),
    )


def _tabulate_first(rows: Sequence[Told]) -> DataTable:
    columns = (
        Column(say("First product"), is_number=False, is_foreign=True),
        Column(say("first buyers"), is_wide=True),
        Column(say("came back")),
        Column(say("95 % interval"), is_wide=True),
        Column(say("expected"), is_wide=True),
        Column(say("verdict"), is_number=False),
    )
    cells = tuple(
        (
            str(row["title"]),
            whole(row["first_buyers"]),
            percent(row["return_rate"]),
            between(row["return_rate_from"], row["return_rate_to"], write=percent),
            percent(row["expected_rate"]),
            say(VERDICTS[row["verdict"]]),
        )
        for row in rows
    )
    return DataTable(say("What customers began with"), columns, cells)
