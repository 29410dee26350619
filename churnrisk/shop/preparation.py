"""Make a generation: read the purchases, fold in the orders received, score everybody, and write one file."""

from __future__ import annotations

import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from churnrisk.cards import describe_intake, read_as_trained
from churnrisk.clock import utc_now
from churnrisk.engines import Database, FileDatabase, fill_table, quote_text
from churnrisk.errors import NoHistory, SourceError, StoreError
from churnrisk.memory import read_left_out
from churnrisk.messages import wording
from churnrisk.orders import (
    FACTS,
    LINE_TYPES,
    ORDER_TYPES,
    FewOrders,
    IntakeOptions,
    IntakeReport,
    Orders,
    few_database,
    open_few,
    read_orders,
)
from churnrisk.products import ItemChoice
from churnrisk.schema import ReasonsFor
from churnrisk.shop.beside import open_tables, write_tables
from churnrisk.shop.erasures import Erasures, History, leave_out, read_erasures
from churnrisk.shop.files import ShopFiles, ShopPlan, make_current, next_name, stamp_source
from churnrisk.shop.orders import build_received, choose_new, mark_anew
from churnrisk.shop.products import Bought, read_bought, select_lines
from churnrisk.shop.received_rows import StoredRow, last_row_seq, load_rows
from churnrisk.shop.scored import write_scores
from churnrisk.state import StoredOrder, load_received, open_state
from churnrisk.store import read_card, resolve_version, stamp_model
from churnrisk.timeline import date_of
from churnrisk.types import Progress

STAMPS = ("seq", "row_seq", "model", "reasons", "erased_stamp", "lacks_erasure_key")
NOTHING = FewOrders([], [], **dict.fromkeys(FACTS, False))
NOT_NAMED = "no purchase history: set `purchases` in churnrisk.toml, or send orders to POST /v1/purchases."


@dataclass(frozen=True)
class _Log:
    """The orders of a generation in their file, and what is known about them."""

    orders: Orders
    file: FileDatabase
    intake: dict[str, Any]
    has_order_ids: bool
    seq: int
    bought: Bought
    beside: dict[str, Any] = field(default_factory=dict)
    row_seq: int = 0

    @property
    def facts(self) -> dict[str, Any]:
        """What a generation keeps of it."""
        names = ("intake", "has_order_ids", "seq", "row_seq", "beside")
        return {name: getattr(self, name) for name in names} | {"made_at": utc_now().isoformat(timespec="seconds")}


def prepare_shop(plan: ShopPlan, *, reasons: ReasonsFor = "listed", progress: Progress | None = None) -> ShopFiles:
    """Make a new generation and let it be the current one.

    Parameters
    ----------
    plan : ShopPlan
        What it is made of. Its folder is made where it is not there.
    reasons : {"listed", "all", "none"}
        Who gets reasons now; the others get them when they are asked for.
    progress : callable, optional
        Told what is being done.

    Raises
    ------
    NoHistory
        Where no purchases are named and none were received.
    ChurnriskError
        Where the purchases cannot be read. What was current stays so.
    """
    tell = progress or (lambda *_: None)
    plan.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    source, files = stamp_source(plan.purchases), ShopFiles(plan.folder, next_name(plan.folder))
    model_files = stamp_model(plan.models_dir)
    part = files.path.with_suffix(".part")
    part.unlink(missing_ok=True)
    try:
        tell("reading purchases", 0, 1)
        came = _read_state(plan, _read_card(plan.models_dir))
        tables = {one.source: stamp_source(one.source) for one in came.options.tables.values()}
        log = _write_log(plan, came, part, products=plan.products)
        with log.file:
            tell("scoring", 0, 1)
            facts = write_scores(plan, log.orders, log.file, log.bought, reasons, tell)
            facts |= log.facts | came.erasures.describe()
            tell("writing", 0, 1)
            log.file.connection.execute(
                "CREATE TABLE facts AS SELECT CAST(? AS VARCHAR) AS document", [json.dumps(facts)]
            )
        part.replace(files.path)
    finally:
        part.unlink(missing_ok=True)
    made_of = {name: facts[name] for name in (*STAMPS, "products_problem")}
    made_of |= {
        "source": source,
        "tables": tables,
        "model_files": model_files,
        "scored": facts["summary"]["status"]["scored"],
        "model_problem": facts["model_problem"],
    }
    made = replace(files, made_of=made_of)
    make_current(made)
    tell("done", 1, 1)
    return made


@dataclass(frozen=True)
class _Came:
    """What the state has for a generation: orders received, and the customers to be left out of the history."""

    received: Sequence[StoredOrder]
    rows: Sequence[StoredRow]
    row_seq: int
    erasures: Erasures
    options: IntakeOptions


def _read_state(plan: ShopPlan, card: Mapping[str, Any]) -> _Came:
    """Read the state; tables beside the purchases are those that are declared, and those that a card names."""
    tables = read_as_trained(plan.options, card).tables
    with open_state(plan.state) as state, state.snapshot():
        erasures, left_out = read_erasures(state), read_left_out(state)
        received = [one for one in load_received(state) if not erasures.objects(one.customer_id)]
        rows = [one for one in load_rows(state) if not erasures.objects(one.customer_id)] if tables else []
        options = replace(plan.options, left_out=left_out, tables=tables)
        return _Came(received, rows, last_row_seq(state), erasures, options)


def _read_card(models_dir: Path, version: str | None = None) -> Mapping[str, Any]:
    """Return the card of a model, by default of the current one; nothing where it cannot be read."""
    with contextlib.suppress(StoreError):
        return read_card(models_dir, version=resolve_version(models_dir, version))
    return {}


def _write_log(plan: ShopPlan, came: _Came, path: Path, *, products: ItemChoice | None = None) -> _Log:
    """Write the tables beside the purchases, and then the orders, whose file stays open."""
    beside = write_tables(path, came.options, came.rows, came.erasures)
    log = _write_purchases(plan, replace(came, options=replace(came.options, tables={})), path, products)
    log.orders.add_beside(open_tables(beside, log.file.frame))
    return replace(log, beside=beside, row_seq=came.row_seq, intake=dict(describe_intake(log.orders)))


def _write_purchases(plan: ShopPlan, came: _Came, path: Path, products: ItemChoice | None) -> _Log:
    received, options = came.received, replace(came.options, products=products is not None)
    seq = max((one.seq for one in received), default=0)
    if plan.purchases is None:
        parts = _parse(received, options, has_amounts=_knows_amounts(received))
        few = _few_of(parts, *choose_new(parts, (), has_order_ids=True))
        if few is None:
            raise NoHistory(NOT_NAMED)
        few = replace(few, orders=mark_anew(few.orders, options, has_amounts=few.has_amounts))
        desk = few_database()
        with desk:
            nothing = open_few(desk, NOTHING, few.facts)
            return _write_orders(
                desk, nothing, few, path, options, seq=seq, has_order_ids=True, history=History(), products=products
            )
    with read_orders(plan.purchases, options) as orders:
        database = orders.database
        if database is None:
            raise AssertionError("orders from a source have a database")
        history = leave_out(database, came.erasures, has_lines=orders.has_products or orders.has_categories)
        query = f"SELECT coalesce(bool_or(order_id <> ''), false) FROM {history.orders}"  # noqa: S608 - names of ours
        [(has_ids,)] = database.connection.execute(query).fetchall()
        parts = _parse(received, options, has_amounts=orders.has_amounts)
        few = _new_orders(database, parts, history, has_order_ids=has_ids)
        known: dict[str, Any] = {"has_order_ids": has_ids, "history": history, "products": products}
        return _write_orders(database, orders, few, path, options, seq=seq, **known)


@contextlib.contextmanager
def open_history(plan: ShopPlan, card: Mapping[str, Any] = MappingProxyType({})) -> Iterator[Orders]:
    """Yield all orders as they are now, those received included, with their account; gone afterwards.

    Tables beside them are those that are declared, and those that a card names.
    """
    plan.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = plan.folder / f"history-{secrets.token_hex(6)}.part"
    try:
        log = _write_log(plan, _read_state(plan, card), path)
        with log.file:
            yield log.orders
    finally:
        path.unlink(missing_ok=True)


def _knows_amounts(received: Sequence[StoredOrder]) -> bool:
    return any("amount" in line for one in received for line in one.order.lines)


def _parse(received: Sequence[StoredOrder], options: IntakeOptions, *, has_amounts: bool) -> list[FewOrders]:
    """Read orders one by one; one that says too little for the log that it would join waits until it fits."""
    parts = []
    for one in received:
        with contextlib.suppress(SourceError):
            parts.append(build_received([one], options, facts={"has_amounts": has_amounts}))
    return parts


def _few_of(
    parts: Sequence[FewOrders], orders: list[tuple[Any, ...]], lines: list[tuple[Any, ...]]
) -> FewOrders | None:
    """Put orders that were read one by one together; None where there are none."""
    known = {name: any(getattr(part, name) for part in parts) for name in FACTS}
    return FewOrders(orders, lines, **known) if orders else None


def _new_orders(
    database: Database, parts: Sequence[FewOrders], history: History, *, has_order_ids: bool
) -> FewOrders | None:
    """The orders received that the history does not have: an order that has come with a later file counts once."""
    fill_table(database, "came", {"customer_id": "VARCHAR"}, [(order[0],) for part in parts for order in part.orders])
    names = "customer_id, order_id, order_day" if has_order_ids else "customer_id, order_day"
    query = f"SELECT {names} FROM {history.orders} SEMI JOIN came USING (customer_id)"  # noqa: S608 - names of ours
    known = database.connection.execute(query).fetchall()
    return _few_of(parts, *choose_new(parts, known, has_order_ids=has_order_ids))


def _write_orders(
    database: Database,
    orders: Orders,
    few: FewOrders | None,
    path: Path,
    options: IntakeOptions,
    *,
    seq: int,
    has_order_ids: bool,
    history: History,
    products: ItemChoice | None,
) -> _Log:
    """Write orders and their rows to the file, sorted by customer; each customer has a number, by the order of ids."""
    run = database.connection.execute
    run(f"ATTACH {quote_text(str(path))} AS shop")
    has_lines = orders.has_products or orders.has_categories
    names, line_names = ", ".join(ORDER_TYPES), ", ".join(LINE_TYPES)
    fill_table(database, "new_lines", LINE_TYPES, few.lines if few and has_lines else [])
    every = _join_orders(database, few, options, history, has_amounts=orders.has_amounts)
    run(
        "CREATE TABLE shop.customers AS SELECT customer_id, row_number() OVER (ORDER BY customer_id) - 1 AS number "  # noqa: S608 - names of ours
        f"FROM (SELECT DISTINCT customer_id FROM {every}) ORDER BY number"
    )
    by_number = "JOIN shop.customers USING (customer_id) ORDER BY number, order_day"
    run(f"CREATE TABLE shop.numbered_orders AS SELECT {names}, number FROM {every} {by_number}, order_id")  # noqa: S608 - names of ours
    run(f"CREATE VIEW shop.orders AS SELECT {names} FROM shop.numbered_orders")  # noqa: S608 - names of ours
    if has_lines:
        lines = select_lines(database, history)
        run(f"CREATE TABLE shop.numbered_lines AS SELECT {line_names}, order_id, number FROM ({lines}) {by_number}")  # noqa: S608 - names of ours
        run(f"CREATE VIEW shop.order_lines AS SELECT {line_names} FROM shop.numbered_lines")  # noqa: S608 - names of ours
    [(first, last, count)] = run("SELECT min(order_day), max(order_day), count(*) FROM shop.numbered_orders").fetchall()
    bought = Bought() if products is None else read_bought(database, orders, history, products)
    run("DETACH shop")
    if not count:
        raise NoHistory("every customer of the purchase history was forgotten, so there is nothing to show.")
    file = FileDatabase(path, is_read_only=False)
    facts: dict[str, Any] = {name: getattr(orders, name) for name in FACTS}
    report = _account(orders, few, count=int(count), left_out=history.left_out)
    made = Orders(file, report, first_day=int(first), last_day=int(last), currency=orders.currency, **facts)
    return _Log(made, file, {}, has_order_ids, seq, bought)


def _join_orders(
    database: Database, few: FewOrders | None, options: IntakeOptions, history: History, *, has_amounts: bool
) -> str:
    """Return SQL for the orders of the history and the new ones, whose returns may undo purchases of the history."""
    names = ", ".join(ORDER_TYPES)
    new = few.orders if few else []
    fill_table(database, "joined", {"customer_id": "VARCHAR"}, [(one,) for one in {order[0] for order in new}])
    of_joined = f"SELECT {names} FROM {history.orders} SEMI JOIN joined USING (customer_id)"  # noqa: S608 - names of ours
    orders = [*database.connection.execute(of_joined).fetchall(), *new] if new else []
    fill_table(database, "joined_orders", ORDER_TYPES, mark_anew(orders, options, has_amounts=has_amounts))
    others = f"SELECT {names} FROM {history.orders} ANTI JOIN joined USING (customer_id)"  # noqa: S608 - names of ours
    return f"({others} UNION ALL SELECT {names} FROM joined_orders)"  # noqa: S608 - names of ours


RECEIVED = wording("{number} orders received over HTTP were added.")
LEFT_OUT = wording("{number} orders of customers who were forgotten were left out.")


def _account(orders: Orders, few: FewOrders | None, *, count: int, left_out: int) -> IntakeReport:
    """Return the account of the file, with a notice of what came beside it; without a file, of what was received."""
    if orders.has_report:
        said = [] if few is None else [RECEIVED.format(number=len(few.orders))]
        said += [LEFT_OUT.format(number=left_out)] if left_out else []
        return replace(orders.report, notices=(*orders.report.notices, *said), rejected_rows=())
    if few is None:
        raise AssertionError("orders come from a file or were received")
    days = [order[2] for order in few.orders]
    purchases, returns = (sum(order[place] for order in few.orders) for place in (7, 8))
    return IntakeReport(
        source="orders received",
        format="HTTP",
        rows_in=sum(order[6] for order in few.orders),
        rows_used=sum(order[6] for order in few.orders),
        rows_rejected=0,
        duplicates_dropped=0,
        rows_without_customer=0,
        reasons={},
        orders=count,
        purchases=purchases,
        returns=returns,
        return_rows=sum(line[4] < 0 or line[5] < 0 for line in few.lines),
        zero_orders=count - purchases - returns,
        customers=len({order[0] for order in few.orders}),
        first_on=date_of(min(days)).isoformat(),
        last_on=date_of(max(days)).isoformat(),
    )
