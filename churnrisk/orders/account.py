"""Put the account of a reading together: what came in, what became of it, and what the user should know."""

from __future__ import annotations

from collections.abc import Set

from churnrisk.engines import Database
from churnrisk.errors import SourceError
from churnrisk.messages import mark, wording
from churnrisk.orders import validate
from churnrisk.orders.report import EXAMPLES, IntakeReport
from churnrisk.sources import ColumnMatch, RawRows, name_ignored
from churnrisk.timeline import date_of

# distinct customers are counted by grouping, which spills to disk where they are very many
_COUNTS = """SELECT count(*) AS orders, coalesce(sum(is_purchase), 0) AS purchases,
    coalesce(sum(is_return), 0) AS returns, count(*) FILTER (is_purchase = 0 AND is_return = 0) AS zero_orders,
    min(order_day) AS first_day, max(order_day) AS last_day,
    (SELECT count(*) FROM (SELECT DISTINCT customer_id FROM orders)) AS customers,
    (SELECT count(*) FROM purchase_rows WHERE issue = 0 AND (amount < 0 OR quantity < 0)) AS return_rows FROM orders"""
NO_AMOUNTS = mark("The log has no amounts: features of money are left out, and every order counts as a purchase.")
FLOATS = wording("The ids in {name} are of type float; they are read without '.0', as 123.")


def make_report(
    raw: RawRows,
    match: ColumnMatch,
    database: Database,
    plans: validate.Plans,
    *,
    rows_in: int,
    notices: tuple[str, ...],
) -> IntakeReport:
    """Make the account of a purchase history."""
    counts = _count_orders(database, raw, rows_in)
    first_day, last_day = counts.pop("first_day"), counts.pop("last_day")
    kinds = validate.count_kinds(database)
    said = (
        *raw.notices,
        *say_floats(raw.floats, match),
        *match.notices,
        *plans.dates.notices,
        *notices,
        *name_ignored(match),
    )
    return IntakeReport(
        source=raw.name,
        format=raw.format,
        rows_in=rows_in,
        rows_used=rows_in - sum(kinds.values()),
        rows_rejected=kinds.get("rejected", 0),
        duplicates_dropped=kinds.get("duplicate", 0),
        rows_without_customer=kinds.get("without_customer", 0),
        reasons=validate.count_reasons(database),
        **counts,
        first_on=date_of(first_day).isoformat(),
        last_on=date_of(last_day).isoformat(),
        columns=match.names,
        ignored_columns=match.ignored,
        notices=said if plans.amounts else (*said, NO_AMOUNTS),
        rejected_rows=validate.first_rejects(database, EXAMPLES, raw.files),
    )


def say_floats(floats: Set[int], match: ColumnMatch) -> list[str]:
    """Say which ids were floats: whoever made them so may have rounded long ones."""
    roles = ("customer_id", "order_id", "product_id")
    found = [match.names[role] for role in roles if match.positions.get(role) in floats]
    return [FLOATS.format(name=repr(header)) for header in found]


def _count_orders(database: Database, raw: RawRows, rows_in: int) -> dict[str, int]:
    result = database.connection.execute(_COUNTS)
    names = [column[0] for column in result.description]
    counts = dict(zip(names, result.fetchall()[0], strict=True))
    if not counts["orders"]:
        reasons = "; ".join(f"{count} x {reason}" for reason, count in validate.count_reasons(database).items())
        raise SourceError(f"{raw.name} has {rows_in} rows and none that can be used: {reasons}.")
    return {name: int(count) for name, count in counts.items()}
