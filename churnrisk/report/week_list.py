"""The list of this week as blocks of a page and as sheets: to contact, lapsed worth winning back, orders due."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from churnrisk.messages import say, say_heading, say_many, write_date
from churnrisk.report.blocks import Block, Column, DataTable, Words
from churnrisk.report.formats import NOTHING, amount, percent, whole
from churnrisk.report.names import CHANGE_NAMES, name_action, name_segment
from churnrisk.retelling import retell
from churnrisk.tables import Sheet, Table
from churnrisk.timeline import date_of
from churnrisk.week_list import Entry, ListPart, WeekList, tell_why

BETWEEN = "; "


def describe_week_list(
    listed: WeekList, *, page: str = "", people: Mapping[str, str] | None = None, most: int | None = None
) -> Iterator[Block]:
    """Yield the blocks of the list; a part without anybody is left out.

    Parameters
    ----------
    listed : WeekList
        The list.
    page : str
        Address that each customer leads to; empty for none.
    people : mapping of str to str, optional
        Names or addresses by customer, for readers that may see them.
    most : int, optional
        Only so many customers to contact, and nobody else: for a first look.
    """
    yield Words(_introduce(listed))
    yield from (Words(retell(notice), is_note=True) for notice in listed.notices)
    if listed.brought is not None:
        yield Words(_tell_brought(listed))
    write = _Cells(listed, page, people or {})
    if listed.contact:
        yield write.contact(most)
    if most is not None:
        return
    if listed.due:
        yield write.due()
    if listed.lapsed:
        yield write.lapsed()
        yield Words(
            say("Keep every fifth of the lapsed back, to see whether contacting them brings any home."),
            is_note=True,
        )


def _introduce(listed: WeekList) -> str:
    sorts = {
        "profit": say("sorted by the profit that contacting them is expected to bring"),
        "value": say("sorted by value at risk"),
        "risk": say("sorted by churn probability"),
    }
    told = say_many(
        "As of {day}: {count} customer to contact, {sorted}.",
        "As of {day}: {count} customers to contact, {sorted}.",
        len(listed.contact),
        day=write_date(date_of(listed.as_of)),
        sorted=sorts[listed.by],
    )
    if listed.expected_profit is not None and listed.contact:
        profit = whole(listed.expected_profit)
        told += " " + say("Contacting all of them is expected to bring {profit}.", profit=profit)
    out = listed.left_out
    if any(out.values()):
        told += " " + say(
            "Left out: {campaign} in a campaign, {contacted} contacted a short while ago, {refused} opted out or "
            "without consent, {bought} with an order since.",
            campaign=whole(out.get("in_campaign", 0)),
            contacted=whole(out.get("contacted", 0)),
            refused=whole(out.get("refused", 0)),
            bought=whole(out.get("bought", 0)),
        )
    return told


def _tell_brought(listed: WeekList) -> str:
    one = listed.brought
    if one is None:
        raise AssertionError("there is no list before")
    told = say(
        "Of the {customers} customers on the list of {day}, {bought} have bought since.",
        customers=whole(one.customers),
        day=write_date(date_of(one.as_of)),
        bought=whole(one.bought),
    )
    if one.revenue is not None:
        told = say(
            "Of the {customers} customers on the list of {day}, {bought} have bought since, for {revenue} in all.",
            customers=whole(one.customers),
            day=write_date(date_of(one.as_of)),
            bought=whole(one.bought),
            revenue=whole(one.revenue),
        )
    return told + " " + say("A campaign with a control group tells how many of them would have bought anyway.")


def list_sheets(listed: WeekList, *, people: Mapping[str, Mapping[str, str]] | None = None) -> list[Sheet]:
    """Return the parts of the list as sheets of a workbook: a row for each customer, in the order of the list.

    What its action costs and brings stands beside each customer to contact, so that a campaign made from it knows it.

    Parameters
    ----------
    listed : WeekList
        The list.
    people : mapping of str to mapping, optional
        By customer: ``name``, ``email``, ``phone`` and ``language``, where they are to be in it.
    """
    titles: dict[ListPart, str] = {"contact": say("To contact"), "due": say("Orders due"), "lapsed": say("To win back")}
    sheets = []
    for part, title in titles.items():
        table = _tabulate(listed, part, people or {})
        sheets.append(Sheet(title, table, [say_heading(name) for name in table.names], _FORMATS))
    return sheets


def _tabulate(listed: WeekList, part: ListPart, people: Mapping[str, Mapping[str, str]]) -> Table:
    """Return a part as a table, without the columns that hold nothing."""
    entries: tuple[Entry, ...] = getattr(listed, part)
    terms = entries[0].terms if entries and part != "due" else {}
    columns: dict[str, list[Any]] = {
        "rank": [one.place for one in entries],
        "customer_id": [one.customer_id for one in entries],
        **{name: [people.get(one.customer_id, {}).get(name) or None for one in entries] for name in _CONTACT},
        "why": [BETWEEN.join(tell_why(one, as_of=listed.as_of, horizon=listed.horizon)) for one in entries],
        "action": [name_action(one.action.action) for one in entries],
        "segment": [name_segment(one.segment) for one in entries],
        "last_order_on": [date_of(one.bought.last_day) for one in entries],
        "last_order_amount": [one.bought.last_amount for one in entries],
        "last_order_products": [", ".join(one.bought.products) or None for one in entries],
        **{name: [getattr(one, name) for one in entries] for name in _FIGURES[part]},
        "change": [say(CHANGE_NAMES[one.change]) if one.change else None for one in entries],
        "as_of": [date_of(listed.as_of).isoformat()] * len(entries),
        **{name: [one.terms[name] for one in entries] for name in terms},
    }
    kept = {"rank", "customer_id", "why", "action"}
    return Table({name: v for name, v in columns.items() if name in kept or any(one is not None for one in v)})


_CONTACT = ("name", "email", "phone", "language")
_FIGURES = {
    "contact": ("churn_probability", "value_at_risk", "value_at_risk_most", "expected_profit"),
    "lapsed": ("return_probability", "return_value"),
    "due": ("next_order_on", "due_product", "churn_probability"),
}
_FORMATS = {
    **dict.fromkeys(("churn_probability", "return_probability"), "0%"),
    **dict.fromkeys(("value_at_risk", "value_at_risk_most", "expected_profit", "return_value"), "#,##0"),
    "last_order_amount": "#,##0.00",
}
"""How numbers of a sheet are shown."""


class _Cells:
    """Writes the tables of a list."""

    def __init__(self, listed: WeekList, page: str, people: Mapping[str, str]) -> None:
        self._listed, self._page, self._people = listed, page, people

    def contact(self, most: int | None = None) -> DataTable:
        """Return the table of the customers to contact, or of the first of them."""
        has_changes = any(one.change for one in self._listed.contact)
        columns = [Column(say("what to do"), is_number=False), Column(say("why"), is_number=False)]
        columns += [Column(say("churn"), is_wide=True), Column(say("value at risk"), is_wide=True)]
        rows = [
            (
                *self._first(one),
                name_action(one.action.action),
                self._why(one),
                percent(one.churn_probability),
                _range(one),
                *self._last(one),
                *([say(CHANGE_NAMES[one.change]) if one.change else NOTHING] if has_changes else []),
            )
            for one in self._listed.contact[:most]
        ]
        title = say("To contact this week")
        if len(rows) < len(self._listed.contact):
            title = say("The first {count} to contact this week", count=whole(len(rows)))
        changes = [Column(say("change"), is_number=False, is_wide=True)] if has_changes else []
        return self._table(title, columns, rows, *changes)

    def due(self) -> DataTable:
        """Return the table of the orders due."""
        columns = [Column(say("expected on"), is_number=False), Column(say("why"), is_number=False)]
        rows = [
            (*self._first(one), write_date(one.next_order_on or ""), self._why(one), *self._last(one))
            for one in self._listed.due
        ]
        return self._table(say("Orders due this week"), columns, rows)

    def lapsed(self) -> DataTable:
        """Return the table of the lapsed."""
        columns = [Column(say("why"), is_number=False), Column(say("chance of return"))]
        columns += [Column(say("expected from it"))]
        rows = [
            (
                *self._first(one),
                self._why(one),
                percent(one.return_probability),
                whole(one.return_value),
                *self._last(one),
            )
            for one in self._listed.lapsed
        ]
        return self._table(say("Lapsed, worth winning back"), columns, rows)

    def _table(self, title: str, columns: list[Column], rows: list[tuple[str, ...]], *further: Column) -> DataTable:
        first = [Column(say("customer"), is_number=False, is_foreign=True, page=self._page)]
        if self._people:
            first.append(Column(say("name"), is_number=False, is_foreign=True))
        last = [Column(say("segment"), is_number=False, is_wide=True), Column(say("last order"), is_wide=True)]
        return DataTable(title, (*first, *columns, *last, *further), tuple(rows))

    def _first(self, one: Entry) -> tuple[str, ...]:
        return (one.customer_id, *([self._people.get(one.customer_id, NOTHING)] if self._people else ()))

    def _last(self, one: Entry) -> tuple[str, ...]:
        paid = "" if one.bought.last_amount is None else f", {amount(one.bought.last_amount)}"
        last = write_date(date_of(one.bought.last_day)) + paid
        return name_segment(one.segment), last

    def _why(self, one: Entry) -> str:
        return BETWEEN.join(tell_why(one, as_of=self._listed.as_of, horizon=self._listed.horizon))


def _range(one: Entry) -> str:
    """The value at risk, and what it is if the customer stays for good."""
    if one.value_at_risk is None:
        return NOTHING
    most = one.value_at_risk_most
    if most is None or whole(most) == whole(one.value_at_risk):
        return whole(one.value_at_risk)
    return say("{least}, up to {most}", least=whole(one.value_at_risk), most=whole(most))
