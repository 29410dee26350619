"""Purchase rows to orders on Spark, with the account of every row, by the rules that hold on DuckDB."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from churnrisk.engines import Spark, spark_errors
from churnrisk.errors import ColumnError, LimitExceeded, SourceError, TooManyRejects
from churnrisk.orders import money
from churnrisk.orders.account import NO_AMOUNTS, say_floats
from churnrisk.orders.clean import TOTAL_LIMIT
from churnrisk.orders.log import Orders
from churnrisk.orders.rejects import write_reject_rows
from churnrisk.orders.report import EXAMPLES, VALUE_LENGTH, IntakeReport, RejectedRow
from churnrisk.orders.settle import FOLDED, MANGLED, ZERO_SHARE
from churnrisk.orders.spark_raw import SparkRows, open_spark_source
from churnrisk.orders.spark_rules import REASONS, RowPlan, check_rows_sql, plan_rows
from churnrisk.orders.validate import NO_CUSTOMER
from churnrisk.schema import MONEY_SCALE, NEVER
from churnrisk.sources import ColumnMatch, IntakeOptions, match_columns, name_ignored
from churnrisk.timeline import date_of

_KEY = "customer_id, order_id, day"
_MONTH = "CAST(unix_date(CAST(date_trunc('month', date_from_unix_date(CAST(order_day AS INT))) AS DATE)) AS BIGINT)"


@dataclass(frozen=True)
class _Made:
    """The views that intake makes: the checked rows, and the orders."""

    rows: str
    orders: str


def read_spark_orders(source: Any, spark: Spark, options: IntakeOptions) -> Orders:
    """Read purchases on Spark, account for every row, and give the orders, which stay there.

    Parameters
    ----------
    source : str, Path or PySpark frame
        Parquet or CSV files that all of Spark sees: a file, a folder or a pattern.
    spark : Spark
        Where; closed with the orders.
    options : IntakeOptions
        As for :func:`churnrisk.read_orders`.
    """
    try:
        return _read(source, spark, options)
    except BaseException:
        spark.close()
        raise


def _read(source: Any, spark: Spark, options: IntakeOptions) -> Orders:
    raw = open_spark_source(source, spark, options)
    match = match_columns(raw.headers, options.columns)
    if options.group_column is not None and options.group_column not in raw.headers:
        raise ColumnError(f"--by {options.group_column}: there is no such column; found {', '.join(raw.headers)}.")
    plan = plan_rows(spark, raw, match, options)
    checked = spark.keep(spark.sql(check_rows_sql(raw, match, plan, options, today=dt.date.today())))
    rows = spark.view(checked)
    issues = _count_issues(spark, rows)
    _enforce_limit(spark, raw, match, rows, issues, plan=plan, options=options)
    made, copies, notices = _settle_copies(spark, rows, match, plan, options, used=issues.get(0, 0))
    if plan.has_amounts:
        money.refuse_new_money(spark.rows, orders=made.orders, month=_MONTH)
    counts = _count_orders(spark, made, raw, issues)
    notices = (*notices, *_say_ids(spark, made.orders, counts), *_say_zeros(counts))
    report = _report(spark, raw, match, plan, counts, issues=issues, copies=copies, notices=notices, rows=rows)
    if options.rejects is not None and report.reasons:
        write_reject_rows(_rejects(spark, match, rows), options.rejects, has_files=True)
    return _orders(spark, made, match, plan, report)


def _orders(spark: Spark, made: _Made, match: ColumnMatch, plan: RowPlan, report: IntakeReport) -> Orders:
    has = {name: name in match.positions for name in ("product_id", "category")}
    lines = spark.keep(spark.sql(_lines_sql(made.rows))) if any(has.values()) else None
    first, last = (dt.date.fromisoformat(day).toordinal() for day in (report.first_on, report.last_on))
    epoch = dt.date(1970, 1, 1).toordinal()
    return Orders.from_frame(
        spark.session.table(made.orders),
        lines=lines,
        report=report,
        keeper=spark,
        first_day=first - epoch,
        last_day=last - epoch,
        has_amounts=plan.has_amounts,
        has_quantities=plan.has_quantities,
        has_products=has["product_id"],
        has_categories=has["category"],
        currency=plan.currency,
    )


def _count_issues(spark: Spark, rows: str) -> dict[int, int]:
    """Count the rows of each issue, and refuse good rows whose sums would not fit 64 bits."""
    sums = ", ".join(f"sum(abs(CAST({name} AS DECIMAL(19, 0))))" for name in ("amount", "quantity"))
    found = spark.rows(f"SELECT issue, count(*), {sums} FROM {rows} GROUP BY 1 ORDER BY 1")
    for issue, _, *totals in found:
        for what, total in zip(("amounts", "quantities"), totals, strict=True):
            if issue == 0 and int(total) > TOTAL_LIMIT:
                raise LimitExceeded(
                    f"the {what} of the log add up to {int(total) // MONEY_SCALE:.3e}, more than "
                    f"{TOTAL_LIMIT // MONEY_SCALE:.0e}; look for rows with absurd values, or bring the log in a "
                    "larger unit."
                )
    return {int(issue): int(count) for issue, count, *_ in found}


def _rejected(issues: dict[int, int]) -> int:
    return sum(count for issue, count in issues.items() if issue not in (0, NO_CUSTOMER))


def _enforce_limit(
    spark: Spark,
    raw: SparkRows,
    match: ColumnMatch,
    rows: str,
    issues: dict[int, int],
    *,
    plan: RowPlan,
    options: IntakeOptions,
) -> None:
    """Stop above the reject limit; who is to mend the rows gets the list of all of them."""
    rejected, considered = _rejected(issues), plan.rows - issues.get(NO_CUSTOMER, 0)
    if rejected <= options.reject_limit * considered:
        return
    examples = "; ".join(
        f"{one.file} line {one.line}, {one.column} {one.value[:60]!r}: {one.reason}"
        for one in _first_rejects(spark, match, rows, 3)
    )
    written = ""
    if options.rejects is not None:
        count = write_reject_rows(_rejects(spark, match, rows), options.rejects, has_files=True)
        written = f" All {count} rows that were set aside: {options.rejects}."
    raise TooManyRejects(
        f"{raw.name}: {rejected} of {considered} rows were rejected ({rejected / considered:.1%}), more than the limit "
        f"of {options.reject_limit:.1%}, so nothing was used. The first: {examples}. Mend the rows, or raise "
        f"--reject-limit.{written}"
    )


def _orders_sql(rows: str, plan: RowPlan, *, has_group: bool) -> str:
    net = "amount" if plan.has_amounts else "quantity"
    returned = "sum(-amount) FILTER (WHERE amount < 0)" if plan.has_amounts else "0"
    group = ", coalesce(min(nullif(group_value, '')), '') AS customer_group" if has_group else ""
    return f"""SELECT customer_id, coalesce(order_id, '') AS order_id, day AS order_day, sum(amount) AS amount,
        CAST(coalesce({returned}, 0) AS BIGINT) AS returned_amount, sum(quantity) AS quantity,
        count(*) AS line_count, CAST(sum({net}) {">" if plan.has_amounts else ">="} 0 AS BIGINT) AS is_purchase,
        CAST(sum({net}) < 0 AS BIGINT) AS is_return, CAST({NEVER} AS BIGINT) AS undone_day{group}
        FROM {rows} WHERE issue = 0 GROUP BY {_KEY}"""


def _lines_sql(rows: str) -> str:
    return f"""SELECT customer_id, day AS order_day,
        coalesce(product_id, '') AS product_id, coalesce(category, '') AS category, amount, quantity
        FROM {rows} WHERE issue = 0"""


def _settle_copies(
    spark: Spark, rows: str, match: ColumnMatch, plan: RowPlan, options: IntakeOptions, *, used: int
) -> tuple[_Made, int, tuple[str, ...]]:
    """Make the orders; drop exact copies where each order is one row, elsewhere keep them and say so."""
    has_group = options.group_column is not None
    frame = spark.keep(spark.sql(_orders_sql(rows, plan, has_group=has_group)))
    orders = spark.view(frame)
    [(count,)] = spark.rows(f"SELECT count(*) FROM {orders}")
    if count == used:
        return _Made(rows, orders), 0, ()
    counted = f"SELECT count(*) AS n FROM {rows} WHERE issue = 0 GROUP BY h, customer_id, order_id, day HAVING n > 1"
    [(copies,)] = spark.rows(f"SELECT coalesce(sum(n - 1), 0) FROM ({counted})")
    if not copies:
        return _Made(rows, orders), 0, ()
    [(without_id,)] = spark.rows(f"SELECT count(*) FROM {rows} WHERE issue = 0 AND order_id IS NULL")
    is_order_level = "order_id" in match.positions and not without_id and used - copies == count
    if not (is_order_level or options.drop_duplicates):
        said = (
            f"{copies} rows are exact copies of others and were kept, since an order may have equal rows; "
            "--drop-duplicates drops them."
        )
        return _Made(rows, orders), 0, (said,)
    spark.drop(frame)
    place = "row_number() OVER (PARTITION BY h, customer_id, order_id, day ORDER BY file, line)"
    kept = spark.view(
        spark.sql(f"SELECT * FROM (SELECT *, {place} AS copy FROM {rows} WHERE issue = 0) WHERE copy = 1")
    )
    orders = spark.view(spark.keep(spark.sql(_orders_sql(kept, plan, has_group=has_group))))
    return _Made(kept, orders), int(copies), (f"{copies} exact copies of rows were dropped.",)


def _count_orders(spark: Spark, made: _Made, raw: SparkRows, issues: dict[int, int]) -> dict[str, int]:
    """Count orders and customers in one pass: by customer, and those by their ids in lower case."""
    sums = {
        "orders": "count(*)",
        "purchases": "sum(is_purchase)",
        "returns": "sum(is_return)",
        "zero_orders": "count_if(is_purchase = 0 AND is_return = 0)",
    }
    customers = ", ".join(f"{sql} AS {name}" for name, sql in sums.items())
    by_customer = (
        f"SELECT customer_id, {customers}, min(order_day) AS first_day, max(order_day) AS last_day "
        f"FROM {made.orders} GROUP BY customer_id"
    )
    is_mangled = "customer_id RLIKE '^[0-9]([.,][0-9]+)?[eE][+][0-9]+$'"
    totals = {name: f"sum({name})" for name in sums}
    totals |= {"first_day": "min(first_day)", "last_day": "max(last_day)", "customers": "count(*)"}
    folded = ", ".join(f"{sql} AS {name}" for name, sql in totals.items())
    by_fold = f"SELECT {folded}, count_if({is_mangled}) AS mangled FROM ({by_customer}) GROUP BY lower(customer_id)"
    totals |= {"customers": "sum(customers)", "folded": "count(*)", "mangled": "sum(mangled)"}
    [row] = spark.rows(f"SELECT {', '.join(totals.values())} FROM ({by_fold})")
    if not row[0]:
        reasons = "; ".join(f"{n} x {REASONS[issue][1]}" for issue, n in issues.items() if issue)
        raise SourceError(f"{raw.name} has {sum(issues.values())} rows and none that can be used: {reasons}.")
    [(returned,)] = spark.rows(f"SELECT count(*) FROM {made.rows} WHERE issue = 0 AND (amount < 0 OR quantity < 0)")
    return {name: int(value) for name, value in zip(totals, row, strict=True)} | {"return_rows": int(returned)}


def _say_ids(spark: Spark, orders: str, counts: dict[str, int]) -> list[str]:
    """Say which ids look mangled by a spreadsheet, and how many differ by upper and lower case only."""
    notices, count = [], counts["customers"] - counts.pop("folded")
    if counts.pop("mangled"):
        found = spark.rows(
            f"SELECT DISTINCT customer_id FROM {orders} WHERE customer_id RLIKE '^[0-9]([.,][0-9]+)?[eE][+][0-9]+$' "
            "ORDER BY 1 LIMIT 5"
        )
        notices.append(MANGLED.format(names=", ".join(str(row[0]) for row in found)))
    return notices + ([FOLDED.format(number=count)] if count else [])


def _say_zeros(counts: dict[str, int]) -> list[str]:
    zeros, orders = counts["zero_orders"], counts["orders"]
    if zeros <= ZERO_SHARE * orders:
        return []
    return [f"{zeros} of {orders} orders have an amount of zero; they are kept and count as no purchase."]


def _report(
    spark: Spark,
    raw: SparkRows,
    match: ColumnMatch,
    plan: RowPlan,
    counts: dict[str, int],
    *,
    issues: dict[int, int],
    copies: int,
    notices: tuple[str, ...],
    rows: str,
) -> IntakeReport:
    reasons = {REASONS[issue][1]: count for issue, count in sorted(issues.items(), key=lambda one: -one[1]) if issue}
    said = (*raw.notices, *say_floats(raw.floats, match), *match.notices, *plan.notices, *notices, *name_ignored(match))
    first_on, last_on = (date_of(counts.pop(name)).isoformat() for name in ("first_day", "last_day"))
    return IntakeReport(
        source=raw.name,
        format=raw.format,
        rows_in=plan.rows,
        rows_used=issues.get(0, 0) - copies,
        rows_rejected=_rejected(issues),
        duplicates_dropped=copies,
        rows_without_customer=issues.get(NO_CUSTOMER, 0),
        reasons=reasons | ({"an exact copy of an earlier row": copies} if copies else {}),
        **counts,
        first_on=first_on,
        last_on=last_on,
        columns=match.names,
        ignored_columns=match.ignored,
        notices=said if plan.has_amounts else (*said, NO_AMOUNTS),
        rejected_rows=tuple(_first_rejects(spark, match, rows, EXAMPLES)) if _rejected(issues) else (),
    )


def _rejects_sql(rows: str) -> str:
    return (
        f"SELECT file, line, issue, left(coalesce(value, ''), {VALUE_LENGTH}) AS value FROM {rows} WHERE issue > 0 "
        "ORDER BY file, line, issue, value"
    )


def _header_of(match: ColumnMatch, issue: int) -> str:
    names = match.names | ({"amount": match.names[match.money]} if match.money else {})
    role = REASONS[issue][0]
    return names.get(role, role)


def _first_rejects(spark: Spark, match: ColumnMatch, rows: str, count: int) -> list[RejectedRow]:
    wanted = f"SELECT * FROM ({_rejects_sql(rows)}) WHERE issue <> {NO_CUSTOMER} LIMIT {count}"
    return [
        RejectedRow(int(line), _header_of(match, issue), str(value), REASONS[issue][1], str(file))
        for file, line, issue, value in spark.rows(wanted)
    ]


def _rejects(spark: Spark, match: ColumnMatch, rows: str) -> Iterator[list[Any]]:
    """Give all rows that were set aside, one partition at a time."""
    with spark_errors():
        for file, line, issue, value in spark.sql(_rejects_sql(rows)).toLocalIterator():
            yield [file, line, _header_of(match, issue), value, REASONS[issue][1]]
