"""What a row brought in the end: a total that stands on each line counts once, a refund is a row of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from churnrisk.engines import SqlEngine
from churnrisk.orders.repeats import ORDER, decide_totals, is_repeated
from churnrisk.orders.rows import KEPT, RowTable
from churnrisk.orders.sales import JUDGED, SaleCounts
from churnrisk.sources import ColumnMatch, IntakeOptions, plain_header

_REFUND_OF_ORDER = re.compile("order|total|zamowien|поръчк|заказ|замов|bestell|auftrag")


def settle_money(
    engine: SqlEngine, table: RowTable, sales: SaleCounts, match: ColumnMatch, options: IntakeOptions
) -> tuple[RowTable, SaleCounts]:
    """Return the rows with what each brought and those of what was paid back, once exact copies are gone.

    Parameters
    ----------
    engine : SqlEngine
        Where the rows lie.
    table : RowTable
        Rows that were judged.
    sales : SaleCounts
        What became of them.
    match, options
        As everywhere.
    """
    is_total = match.money == "amount" and decide_totals(engine, table, match, options)
    beside = [name for name in table.further if name not in (*JUDGED, "line", "file")]
    net = f"CASE WHEN order_id IS NULL OR {_first('amount < 0')} THEN amount ELSE 0 END" if is_total else "amount"
    sold = f"{', '.join(KEPT)}{''.join(f', {name}' for name in beside)}, line, file, 0 AS is_refund"
    query = f"SELECT {sold} FROM (SELECT {_others(table)}, {net} AS amount FROM {table.name})"
    if _has_refunds(engine, table):
        refund = "refunded"
        if _is_of_order(engine, table, match, is_total=is_total):
            whole = _OF_DAY.format("max(refunded)", "refunded")
            refund = f"CASE WHEN order_id IS NULL OR {_first()} THEN {whole} ELSE 0 END"
        query += f" UNION ALL {_paid_back(table, beside, net=net, refund=refund)}"
    rows = engine.create_table("sale_rows", query)
    engine.drop_table(table.name)
    counted = "count(*) FILTER (WHERE is_refund > 0), count(*) FILTER (WHERE is_refund = 2)"
    [(refunds, dated)] = engine.rows_of(f"SELECT {counted} FROM {rows}")
    counts = replace(sales, refunds=int(refunds), dated_refunds=int(dated), has_repeated_totals=is_total)
    return RowTable(rows, "line", "file", table.reasons, (*beside, "line", "file")), counts


_OF_DAY = f"CASE WHEN order_id IS NULL THEN {{1}} ELSE {{0}} OVER (PARTITION BY {ORDER}, issue) END"
_OF_ALL_DAYS = "sum(CASE WHEN {0} THEN {1} ELSE 0 END) OVER (PARTITION BY customer_id, order_id, issue)"


def _first(*keys: str) -> str:
    return f"row_number() OVER (PARTITION BY {', '.join([ORDER, 'issue', *keys])} ORDER BY file, line) = 1"


def _others(table: RowTable) -> str:
    return ", ".join(name for name in table.columns if name != "amount")


def _has_refunds(engine: SqlEngine, table: RowTable) -> bool:
    query = f"SELECT 1 FROM {table.name} WHERE issue = 0 AND (refunded > 0 OR is_returned = 1) LIMIT 1"
    return bool(engine.rows_of(query))


def _is_of_order(engine: SqlEngine, table: RowTable, match: ColumnMatch, *, is_total: bool) -> bool:
    """Tell whether what was paid back is that of the order, on each of its lines; else each line has its own."""
    if "refunded_amount" not in match.positions or not is_repeated(engine, table, "refunded"):
        return False
    if is_total or _REFUND_OF_ORDER.search(plain_header(match.names["refunded_amount"])):
        return True
    line = f"SELECT refunded, amount, count(*) OVER (PARTITION BY {ORDER}) AS n FROM {table.name} WHERE issue = 0"
    return bool(engine.rows_of(f"SELECT 1 FROM ({line}) WHERE n > 1 AND refunded > 0 AND refunded <> amount LIMIT 1"))


def _paid_back(table: RowTable, beside: Sequence[str], *, net: str, refund: str) -> str:
    """Return the query of what was paid back, a row for each row that says so.

    A sale that was wholly taken back gives back what it brought, unless a column says how much it was. Where rows of
    returns of the same order give back as much as a refund without a date or more, it is not given back again; a part
    of it, or a refund with a date, counts beside them, since a negative row can be a discount as well.
    """
    said = _OF_DAY.format("max(refunded)", "refunded")
    wanted = f"""CASE WHEN said > 0 THEN refund
        WHEN is_returned = 1 AND {_OF_DAY.format("sum(net)", "net")} > 0 THEN net ELSE 0 END"""
    given = f"{_OF_ALL_DAYS.format('net < 0', '-net')} >= {_OF_ALL_DAYS.format('wanted > 0', 'wanted')}"
    back = f"CASE WHEN order_id IS NOT NULL AND refund_day IS NULL AND {given} THEN 0 ELSE wanted END"
    further = "".join(f", {name}" for name in beside)
    no_text = "CAST(NULL AS STRING)"
    columns = _others(table)
    return f"""SELECT customer_id, order_id, {no_text} AS product_id, {no_text} AS category,
            greatest(day, coalesce(refund_day, day)) AS day, -back AS amount, CAST(0 AS BIGINT) AS quantity, issue,
            value, CASE WHEN 1 = 0 THEN h END AS h{further}, line, file,
            CASE WHEN refund_day IS NULL THEN 1 ELSE 2 END AS is_refund
        FROM (SELECT *, {back} AS back
            FROM (SELECT *, {wanted} AS wanted
                FROM (SELECT {columns}, {net} AS net, {refund} AS refund, {said} AS said FROM {table.name})))
        WHERE issue = 0 AND back <> 0"""
