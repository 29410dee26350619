"""One customer: what was bought, what the model says and why, and what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from churnrisk.dated import join_rows
from churnrisk.decide import Action
from churnrisk.errors import SourceError
from churnrisk.explain import REASON_COLUMNS
from churnrisk.orders import LINE_TYPES, FewOrders, IntakeOptions
from churnrisk.products import HABIT_COLUMNS
from churnrisk.retention import Cuts
from churnrisk.schema import MONEY_SCALE, NEVER
from churnrisk.scoring import Scores
from churnrisk.shop.beside import FewTables
from churnrisk.shop.generation import Generation, show_row
from churnrisk.shop.newcomers import list_one_unscored
from churnrisk.shop.orders import build_received, choose_new, key_of, mark_anew, was_purchase
from churnrisk.shop.present import Asked
from churnrisk.shop.received_rows import read_received
from churnrisk.tables import Table
from churnrisk.timeline import date_of, parse_day
from churnrisk.week_list import ListPart, ListPlan, OneCustomer, choose_for_rows, purchased_of, tell_why

MOST_ORDERS = 500

Titles = Callable[[Sequence[str]], Mapping[str, str]]


@dataclass(frozen=True)
class CustomerView:
    """What is known of a customer.

    Parameters
    ----------
    customer_id : str
        Who.
    as_of : str
        The day that the score is of, an ISO date; for whom orders came since the history was read, the day after.
    model : str or None
        The version that scored; None where no model can be used.
    is_fresh : bool
        Whether orders or rows of tables were taken in that came after the history was read.
    score : dict
        The columns of scores, with ``p_alive``.
    why : list of str
        At most two sentences as on the list of the week, on the customer's own days, amounts and products, in the
        language of now; none without a purchase.
    reasons : list of str
        At most three sentences on the score.
    next_order : dict or None
        ``on``, ``from_on``, ``to_on``, if the customer orders again within a year; the last two are None where no
        interval holds. None for a customer who is not scored.
    segment : str or None
        The RFM segment.
    observation, due_product : str or None
        As :data:`churnrisk.products.HABIT_COLUMNS`; not known for whom orders came since the history was read.
    next_products : list of str
        At most three, the likeliest first.
    advice : dict
        ``action`` and ``reason``, by the playbook.
    orders : list of dict
        The last 500 orders, the newest first: ``order_id, ordered_on, amount, quantity, line_count, kind``
        (``purchase``, ``return``, ``zero``, or ``undone`` for a purchase that returns have taken back whole) and
        ``is_received``.
    rows : list of dict
        The last 500 rows of tables beside the purchases, what happened last first: ``table, kind, happened_on,
        known_on, ended_on, value``.
    row_total : int
        How many of them there are in all.
    order_total : int
        How many orders there are in all, returns and the like included; the purchases among them are the
        ``order_count`` of the score.
    first_order_on : str or None
        Day of the first purchase, an ISO date.
    """

    customer_id: str
    as_of: str
    model: str | None
    is_fresh: bool
    score: dict[str, Any]
    why: list[str]
    reasons: list[str]
    next_order: dict[str, str | None] | None
    segment: str | None
    observation: str | None
    due_product: str | None
    next_products: list[str]
    advice: dict[str, str]
    orders: list[dict[str, Any]]
    order_total: int
    rows: list[dict[str, Any]]
    row_total: int
    first_order_on: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class History:
    """All orders of a customer as a log of their own, with rows of tables, and what came after the history was read."""

    customer_id: str
    few: FewOrders
    received: frozenset[tuple[object, ...]]
    new_lines: Sequence[tuple[Any, ...]] = ()
    tables: FewTables = field(default_factory=FewTables)

    def news(self, needed: Set[str]) -> list[int]:
        """Return the days to score at, at the earliest, by what came since: orders, and rows of the tables needed."""
        rows = [day + 1 for table, day in self.tables.news.items() if table in needed]
        return [*rows, *([self.last_day + 1] if self.received else [])]

    @property
    def last_day(self) -> int:
        """Day of the last order."""
        return int(max(order[2] for order in self.few.orders))


def gather(generation: Generation, row: Mapping[str, Any] | None, asked: Asked, options: IntakeOptions) -> History:
    """Put the orders of a customer together: those of the generation, and those that came since.

    A return that came since undoes a purchase of the generation from its day on.
    """
    orders = [] if row is None else generation.orders_of(row["number"])
    lines = [] if row is None else generation.lines_of(row["number"])
    has_ids, parts = bool(generation.facts["has_order_ids"]), []
    for one in asked.newer:
        with contextlib.suppress(SourceError):  # it says too little for this log, and waits until it fits
            parts.append(build_received([one], options, facts=generation.known))
    known = {key_of(order, has_order_ids=has_ids) for order in orders}
    new, new_lines = choose_new(parts, known, has_order_ids=has_ids)
    if new:
        orders = mark_anew([*orders, *new], options, has_amounts=generation.known["has_amounts"])
    few = FewOrders(orders, [*lines, *new_lines], **generation.known)
    tables = _gather_tables(generation, asked, options)
    return History(asked.customer_id, few, frozenset(order[:3] for order in new), new_lines, tables)


def _gather_tables(generation: Generation, asked: Asked, options: IntakeOptions) -> FewTables:
    """Put the rows of a customer in the tables beside the purchases together, those that came since included."""
    described = generation.facts["beside"]
    rows = {} if asked.is_gone else generation.table_rows(asked.customer_id)
    came = read_received((one for one in asked.rows if one.table in described["tables"]), options)
    for table, new in came.items():
        rows[table] = join_rows(rows.get(table, ()), new)
    return FewTables(described, rows, {table: max(one.row[2] for one in new) for table, new in came.items()})


def make_view(
    row: Mapping[str, Any], history: History, *, model: str | None, listing: ListPlan, titles: Titles, horizon: int
) -> CustomerView:
    """Make the view of a row of the list, or of one that was made anew.

    Parameters
    ----------
    row, history : mapping, History
        The columns of the list, and all orders.
    model : str, optional
        The version that scored.
    listing : ListPlan
        What the shop does for whom, and what that costs and brings, as campaigns have measured it.
    titles : callable
        Gives what products are called.
    horizon : int
        Days that the probabilities are about.
    """
    shown = show_row(dict(row))
    customer, segment = shown["customer_id"], shown.pop("segment")
    reasons = [text for name in REASON_COLUMNS if (text := shown.pop(name)) is not None]
    habits = [shown.pop(column.name, None) for column in HABIT_COLUMNS]
    missed, due, *likely = (None,) * len(habits) if history.received else habits  # what came may be what was missed
    ends = [shown[name] for name in ("next_order_on", "next_order_from_on", "next_order_to_on")]
    action = advise({**row, "habit": None} if history.received else row, listing)
    rows = history.tables.show()
    newest = sorted(history.few.orders, key=lambda order: (-order[2], order[1]))
    return CustomerView(
        customer_id=customer,
        as_of=shown["as_of"],
        model=model,
        is_fresh=bool(history.received or history.tables.news),
        score=shown,
        why=_tell_why(shown, reasons, history.few, (missed, due), titles=titles, horizon=horizon),
        reasons=reasons,
        next_order=None if ends[0] is None else dict(zip(("on", "from_on", "to_on"), ends, strict=True)),
        segment=segment,
        observation=missed,
        due_product=due,
        next_products=[name for name in likely if name is not None],
        advice={"action": action.action, "reason": action.reason},
        orders=[_show_order(order, history) for order in newest[:MOST_ORDERS]],
        order_total=len(newest),
        rows=rows[:MOST_ORDERS],
        row_total=len(rows),
        first_order_on=_first_day(history.few, parse_day(shown["as_of"], option="as_of")),
    )


def _tell_why(
    score: Mapping[str, Any],
    reasons: Sequence[str],
    few: FewOrders,
    habits: tuple[str | None, str | None],
    *,
    titles: Titles,
    horizon: int,
) -> list[str]:
    """Say of a customer what the list of the week would say, with an order that came since the list was made."""
    as_of = parse_day(score["as_of"], option="as_of")
    last = max((order[2] for order in few.orders if was_purchase(order, as_of)), default=None)
    place = list(LINE_TYPES).index("product_id" if few.has_products else "category")
    bought = purchased_of(few, as_of, names=titles([line[place] for line in few.lines if line[1] == last]))
    if bought is None:
        return []
    part: ListPart = "lapsed" if score["status"] == "lapsed" else "contact"
    chances = score.get("churn_probability"), score.get("return_probability")
    return tell_why(OneCustomer(part, bought, reasons, *chances, *habits), as_of=as_of, horizon=horizon)


def advise(row: Mapping[str, Any], listing: ListPlan) -> Action:
    """Choose what to do for a customer as the list of the week does: by segment, main reason, products, and terms."""
    as_of = parse_day(row["as_of"], option="as_of")
    [(action, _)] = choose_for_rows([row], [row.get("main_family") or ""], listing, as_of)
    return action


def _first_day(few: FewOrders, as_of: int) -> str | None:
    days = [order[2] for order in few.orders if was_purchase(order, as_of)]
    return date_of(min(days)).isoformat() if days else None


def row_of(scores: Scores, *, segment: str | None) -> dict[str, Any]:
    """Return the scores of one customer as a row of the list; the place among all is not known."""
    [record] = Table({name: values.tolist() for name, values in scores.columns.items()}).records()
    alive = float(scores.alive_probability[0])
    return record | {"risk_rank": None, "alive_probability": None if np.isnan(alive) else alive, "segment": segment}


def row_unscored(history: History) -> dict[str, Any]:
    """Return a row for a customer who came since, where no model can be used."""
    return row_of(list_one_unscored(history.few, history.customer_id, as_of=history.last_day + 1), segment=None)


def segment_of(few: FewOrders, cuts: Mapping[str, Any], as_of: int) -> str | None:
    """Put one customer into a segment by the cuts of the whole shop, as :func:`churnrisk.retention.build_segments`."""
    past = [order for order in few.orders if order[2] < as_of]
    days = {order[2] for order in past if was_purchase(order, as_of)}
    if not days:
        return None
    of_cuts: dict[str, Any] = {name: None if values is None else tuple(values) for name, values in cuts.items()}
    revenue = sum(order[3] for order in past) / MONEY_SCALE
    return Cuts(**of_cuts).name(as_of - max(days), len(days), revenue)


def _show_order(order: Sequence[Any], history: History) -> dict[str, Any]:
    few = history.few
    return {
        "order_id": order[1] or None,
        "ordered_on": date_of(order[2]).isoformat(),
        "amount": order[3] / MONEY_SCALE if few.has_amounts else None,
        "quantity": order[5] / MONEY_SCALE if few.has_quantities else None,
        "line_count": order[6],
        "kind": _kind(order),
        "is_received": tuple(order[:3]) in history.received,
    }


def _kind(order: Sequence[Any]) -> str:
    if order[9] != NEVER:
        return "undone"
    return "purchase" if order[7] else "return" if order[8] else "zero"
