"""The list of this week as one object, and how it is put together."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from churnrisk.engines import collect_arrays, purchases_before
from churnrisk.explain import Explainer, Told, tell_reasons
from churnrisk.learning import FittedModel
from churnrisk.messages import mark
from churnrisk.orders import Orders
from churnrisk.products import PairDays, tell_habits
from churnrisk.schema import MONEY_SCALE, ListedBy
from churnrisk.timeline import Snapshot, date_of
from churnrisk.week_list.entries import Entry, Known, make_entries
from churnrisk.week_list.purchased import Purchased, read_purchased
from churnrisk.week_list.ranked import ListPlan, Ranked
from churnrisk.week_list.unlisted import Unlisted
from churnrisk.week_list.why import ListPart

WORST = mark("The model has grade E, so nobody is listed by its scores: the list would be no better than chance.")
NO_TERMS = mark(
    "What a contact costs and brings is not set, so the list goes by value at risk and not by expected profit; "
    "`churnrisk target` asks for it."
)
NO_AMOUNTS = mark("The log has no amounts, so the list goes by churn probability.")
NOBODY_PAYS = mark(
    "Of the customers that the settings leave, no contact is expected to pay at these costs, so nobody is listed; "
    "`churnrisk target` says why."
)


@dataclass(frozen=True)
class Previous:
    """The list before.

    Parameters
    ----------
    as_of : int
        Its day.
    customer_ids : tuple of str
        The customers to contact, by place.
    """

    as_of: int
    customer_ids: tuple[str, ...]


@dataclass(frozen=True)
class Brought:
    """What the customers of the list before did since; not what the list has caused, which a campaign measures.

    Parameters
    ----------
    as_of : int
        The day of that list.
    customers, bought : int
        On that list, and those of them with a purchase since.
    revenue : float or None
        Of these purchases; None in a log without amounts.
    """

    as_of: int
    customers: int
    bought: int
    revenue: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**vars(self), "as_of": date_of(self.as_of).isoformat()}


class Ranking(Protocol):
    """The customers of a log by their places on the list, wherever they lie."""

    @property
    def by(self) -> ListedBy:
        """What those to contact are sorted by."""

    def take(self, part: ListPart, count: int, *, without: Set[str]) -> list[dict[str, Any]]:
        """Return the first rows of a part, without some customers: columns of scores, ``segment`` and habits."""

    def count(self, part: ListPart, *, among: Set[str]) -> int:
        """Count the customers of a part that are among some."""


@dataclass(frozen=True)
class ScoresRanking:
    """The ranking of scores in memory.

    Parameters
    ----------
    columns : mapping of str to ndarray
        The columns of scores, and ``segment``.
    ranked : Ranked
        From :func:`churnrisk.week_list.rank_customers`.
    pairs : PairDays, optional
        What was bought on which days, for what customers miss and buy next.
    """

    columns: Mapping[str, Any]
    ranked: Ranked
    pairs: PairDays | None = None

    @property
    def by(self) -> ListedBy:
        """What those to contact are sorted by."""
        return self.ranked.by

    def take(self, part: ListPart, count: int, *, without: Set[str]) -> list[dict[str, Any]]:
        """Return the first rows of a part, without some customers."""
        places = getattr(self.ranked, part)
        order = np.flatnonzero(~np.isnan(places))
        order = order[np.argsort(places[order])]
        ids = self.columns["customer_id"]
        chosen = [place for place in order.tolist() if ids[place] not in without][:count]
        columns = {**self.columns, "expected_profit": self.ranked.profit, "return_value": self.ranked.return_value}
        rows = [{name: values[place] for name, values in columns.items()} for place in chosen]
        if self.pairs is None or not rows:
            return rows
        habits = tell_habits(self.pairs, [row["customer_id"] for row in rows])
        told = {**habits.columns, "habit": habits.kinds}
        return [row | {name: values[k] for name, values in told.items()} for k, row in enumerate(rows)]

    def count(self, part: ListPart, *, among: Set[str]) -> int:
        """Count the customers of a part that are among some."""
        is_on = ~np.isnan(getattr(self.ranked, part))
        return sum(one in among for one in self.columns["customer_id"][is_on].tolist())


@dataclass(frozen=True)
class WeekList:
    """The list of this week.

    Parameters
    ----------
    as_of, horizon : int
        The day of the scores, and the days that they are about.
    by : {"profit", "value", "risk"}
        What the customers to contact are sorted by.
    contact, lapsed, due : tuple of Entry
        To contact; lapsed and worth winning back; with an order due within a week.
    left_out : mapping of str to int
        Customers that would have had a place: ``refused``, ``in_campaign``, ``contacted``, ``bought``; each
        counts where it is found first.
    brought : Brought or None
        What the customers of the list before did since.
    notices : tuple of str
        What a reader should know, in English.
    """

    as_of: int
    horizon: int
    by: ListedBy
    contact: tuple[Entry, ...] = ()
    lapsed: tuple[Entry, ...] = ()
    due: tuple[Entry, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    brought: Brought | None = None
    notices: tuple[str, ...] = ()

    @property
    def expected_profit(self) -> float | None:
        """Of contacting all; None where the terms of a contact are not known."""
        return sum(one.expected_profit or 0.0 for one in self.contact) if self.by == "profit" else None

    @property
    def customer_ids(self) -> frozenset[str]:
        """Everybody on any part."""
        return frozenset(one.customer_id for part in (self.contact, self.lapsed, self.due) for one in part)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; sentences in the language of now."""
        how: dict[str, int] = {"as_of": self.as_of, "horizon": self.horizon}
        return {
            "as_of": date_of(self.as_of).isoformat(),
            "horizon_days": self.horizon,
            "sorted_by": self.by,
            "expected_profit": self.expected_profit,
            "left_out": dict(self.left_out),
            "since_last_list": None if self.brought is None else self.brought.to_dict(),
            "notices": list(self.notices),
            **{part: [one.to_dict(**how) for one in getattr(self, part)] for part in ("contact", "lapsed", "due")},
        }


@dataclass
class ListReads:
    """What was read for the last list, so that the next one of the same orders reads what it lacks and no more.

    Parameters
    ----------
    bought : dict of str to Purchased or None
        By customer; None for those without a purchase.
    told : dict of str to Told or None
        Reasons by customer; None where there are none.
    brought : Brought or None
        What the list before has brought.
    previous : Previous or None
        The list before.
    """

    bought: dict[str, Purchased | None] = field(default_factory=dict)
    told: dict[str, Told | None] = field(default_factory=dict)
    brought: Brought | None = None
    previous: Previous | None = None

    def take_bought(self, source: ListSource, customer_ids: Set[str]) -> dict[str, Purchased]:
        """Return what some customers bought; those without a purchase are left out."""
        lacking, day = sorted(customer_ids - self.bought.keys()), source.snapshot.cutoff
        found = read_purchased(source.orders, lacking, day, names=source.names)
        self.bought = {one: self.bought.get(one, found.get(one)) for one in customer_ids}
        return {one: bought for one, bought in self.bought.items() if bought is not None}

    def take_told(self, source: ListSource, customer_ids: Set[str]) -> dict[str, Told]:
        """Return the reasons of some scored customers."""
        lacking = sorted(customer_ids - self.told.keys())
        found = tell_reasons(source.model, source.orders, source.snapshot, lacking, explainer=source.explainer)
        self.told = {one: self.told.get(one, found.get(one)) for one in customer_ids}
        return {one: told for one, told in self.told.items() if told is not None}

    def take_brought(self, source: ListSource, previous: Previous | None) -> Brought | None:
        """Return what the list before has brought."""
        if previous != self.previous:
            day = source.snapshot.cutoff
            self.brought = None if previous is None else follow_up(source.orders, previous, day)
            self.previous = previous
        return self.brought


@dataclass(frozen=True)
class ListSource:
    """What a list is made of.

    Parameters
    ----------
    model : FittedModel
        What has scored.
    orders : Orders
        The log, or all orders of a shop.
    ranking : Ranking
        The customers by their places.
    snapshot : Snapshot
        Where they were scored.
    names : mapping of str to str
        What products are called.
    explainer : Explainer, optional
        One that was prepared for the model before.
    is_worth_acting_on : bool
        Whether the model's grade allows a list.
    reads : ListReads
        What was read for the list before of the same orders and scores.
    """

    model: FittedModel
    orders: Orders
    ranking: Ranking
    snapshot: Snapshot
    names: Mapping[str, str] = field(default_factory=dict)
    explainer: Explainer | None = None
    is_worth_acting_on: bool = True
    reads: ListReads = field(default_factory=ListReads)


def make_week_list(
    source: ListSource, plan: ListPlan, *, unlisted: Unlisted | None = None, previous: Previous | None = None
) -> WeekList:
    """Put this week's list together.

    Parameters
    ----------
    source : ListSource
        Orders, scores and model.
    plan : ListPlan
        How the shop wants it.
    unlisted : Unlisted, optional
        Customers that are not to be listed.
    previous : Previous, optional
        The list before.
    """
    out = unlisted or Unlisted()
    without, ranking, day = out.everybody, source.ranking, source.snapshot.cutoff
    sizes: dict[ListPart, int] = {"contact": plan.size, "lapsed": plan.lapsed, "due": plan.due}
    rows = {part: ranking.take(part, size, without=without) for part, size in sizes.items()}
    ids = {part: {row["customer_id"] for row in found} for part, found in rows.items()}
    known = Known(
        source.reads.take_bought(source, set().union(*ids.values())),
        source.reads.take_told(source, ids["contact"] | ids["due"]),
        plan,
        day,
        None if previous is None else frozenset(previous.customer_ids),
    )
    parts = {part: make_entries(part, found, known) for part, found in rows.items()}
    left_out = _count_left_out(ranking, out)
    has_anybody = bool(parts["contact"]) or any(left_out.values()) or not plan.size
    return WeekList(
        as_of=day,
        horizon=source.snapshot.horizon,
        by=ranking.by,
        contact=parts["contact"],
        lapsed=parts["lapsed"],
        due=parts["due"],
        left_out=left_out,
        brought=source.reads.take_brought(source, previous),
        notices=(*_notices(source, plan, has_anybody), *out.notices),
    )


def follow_up(orders: Orders, previous: Previous, as_of: int) -> Brought:
    """Tell what the customers of an earlier list have bought from its day on."""
    few = orders.of_customers(previous.customer_ids)
    found = collect_arrays(
        purchases_before(few.frame(), as_of).select("customer_id", "order_day", "amount"), sort_by=[]
    )
    is_since = found["order_day"] >= previous.as_of
    bought = len(set(found["customer_id"][is_since].tolist()))
    revenue = float(found["amount"][is_since].sum() / MONEY_SCALE) if orders.has_amounts else None
    return Brought(previous.as_of, len(previous.customer_ids), bought, revenue)


def _count_left_out(ranking: Ranking, out: Unlisted) -> dict[str, int]:
    counted: dict[str, int] = {}
    seen: set[str] = set()
    for name in ("refused", "in_campaign", "contacted", "bought"):
        counted[name] = ranking.count("contact", among=getattr(out, name) - seen)
        seen |= getattr(out, name)
    return counted


def _notices(source: ListSource, plan: ListPlan, has_anybody: bool) -> list[str]:
    if not source.is_worth_acting_on:
        return [WORST]
    if source.ranking.by == "risk":
        return [NO_AMOUNTS]
    if plan.terms is None or source.ranking.by == "value":
        return [NO_TERMS]
    return [] if has_anybody else [NOBODY_PAYS]
