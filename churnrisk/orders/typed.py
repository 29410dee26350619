"""Sources whose columns have types already, on Spark: their values in whole numbers, with no text in between.

What the rows mean is the business of the rules that all engines share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from churnrisk.engines import Spark
from churnrisk.errors import AmbiguousFormat
from churnrisk.orders import dates, issues
from churnrisk.orders.load import WORDS
from churnrisk.orders.money import plain_code, settle_currency
from churnrisk.orders.rows import TypedRows, find_group, name_reasons
from churnrisk.schema import MONEY_LIMIT, MONEY_SCALE
from churnrisk.sources import ColumnMatch, IntakeOptions, TypedSource

_FLOATS, _WHOLE = ("float", "double"), ("tinyint", "smallint", "int", "bigint")
_IDS = ("customer_id", "order_id", "product_id", "category")
_NOTHING, _ZERO = "CAST(NULL AS STRING)", "CAST(0 AS BIGINT)"


@dataclass(frozen=True)
class _Column:
    """A column of a typed source: its header, its name in the view, and its type."""

    header: str
    name: str
    kind: str

    @property
    def is_time(self) -> bool:
        return self.kind == "date" or self.kind.startswith("timestamp")

    @property
    def is_number(self) -> bool:
        return self.kind in (*_FLOATS, *_WHOLE) or self.kind.startswith("decimal")

    @property
    def is_float(self) -> bool:
        return self.kind in _FLOATS

    def text(self, spark: Spark) -> str:
        """Return SQL for the text that means the same; NaN means missing, whole floats have no point."""
        if self.is_time or (self.is_number and not self.is_float):
            return f"CAST({self.name} AS STRING)"
        if not self.is_float:
            return spark.trim_sql(f"CAST({self.name} AS STRING)")
        whole = f"{self.name} = rint({self.name}) AND abs({self.name}) < 1e22"
        digits = f"CAST(CAST({self.name} AS DECIMAL(38, 0)) AS STRING)"
        return f"CASE WHEN isnan({self.name}) THEN NULL WHEN {whole} THEN {digits} ELSE CAST({self.name} AS STRING) END"

    def day(self, timezone: str) -> str:
        """Return SQL for the day; ``timezone`` is a literal of the shop's zone, or empty."""
        moved = f"from_utc_timestamp({self.name}, {timezone})" if timezone and self.kind == "timestamp" else self.name
        return f"CAST(unix_date(CAST({moved} AS DATE)) AS BIGINT)"

    def units(self) -> str:
        """Return SQL for ten-thousandths, rounded half to even; NULL for no finite number, or one beyond the limit."""
        exact = f"try_cast(CAST({self.name} AS STRING) AS DECIMAL(38, 18))"
        return f"CASE WHEN abs({exact}) <= {MONEY_LIMIT} THEN CAST(bround({exact}, 4) * {MONEY_SCALE} AS BIGINT) END"


def type_source(spark: Spark, source: TypedSource, match: ColumnMatch, options: IntakeOptions) -> TypedRows:
    """Return the query that reads a typed source as whole days, whole money and ids.

    Raises
    ------
    AmbiguousFormat
        Where a day or a number is text, for which this engine has no rules.
    """
    columns = _find_columns(source, match)
    kept = {f"{role}_text": columns[role].text(spark) for role in WORDS if role in columns}
    if "description" in columns:
        kept["description"] = columns["description"].text(spark)
    if options.group_column is not None:
        kept["group_value"] = spark.trim_sql(f"CAST(c{find_group(source.headers, options.group_column)} AS STRING)")
    zone = "" if options.timezone is None else spark.quote_text(options.timezone)
    if "refunded_amount" in columns:
        kept["refunded_amount"] = columns["refunded_amount"].units()
    if "refunded_at" in columns:
        kept["refund_day"] = columns["refunded_at"].day(zone)
    has_amounts = _has_values(spark, source, columns.get(match.money))
    values = {"ordered_day": columns["ordered_at"].day(zone)}
    roles = {"amount": match.money if has_amounts else "", "quantity": "quantity"}
    values |= {f"{name}_units": columns[role].units() for name, role in roles.items() if role in columns}
    selected = _texts(spark, columns, match, options) | values | kept
    listed = ", ".join(f"{sql} AS {name}" for name, sql in selected.items())
    names = match.names | ({"amount": match.names[match.money]} if match.money else {})
    return TypedRows(
        source=f"SELECT {listed}, {spark.hash_sql(', '.join(source.names))} AS h, file, line FROM {source.view}",
        day="ordered_day",
        amount=_amount_sql(match) if has_amounts else _ZERO,
        quantity="quantity_units" if "quantity" in columns else _ZERO,
        conditions=_conditions(
            match,
            has_amounts=has_amounts,
            has_quantities="quantity" in columns,
            has_refunds="refunded_amount" in columns,
        ),
        reasons=name_reasons(names, date_format="yyyy-mm-dd", decimal="."),
        kept=tuple(kept),
        file="file",
        places=("file", "line"),
        has_amounts=has_amounts,
        has_quantities=_has_values(spark, source, columns.get("quantity")),
    )


def _find_columns(source: TypedSource, match: ColumnMatch) -> dict[str, _Column]:
    found = {
        role: _Column(source.headers[place], source.names[place], source.kinds[place])
        for role, place in match.positions.items()
    }

    def demand(role: str, is_right: Callable[[_Column], bool], what: str) -> None:
        column = found.get(role)
        if column is not None and not is_right(column):
            raise AmbiguousFormat(
                f"{source.name}: {column.header!r} is of type {column.kind}, and Spark reads it as {what} only where "
                f"it has such a type. {source.convert}",
                code="values.type_not_supported",
            )

    for role in ("ordered_at", "refunded_at"):
        demand(role, lambda column: column.is_time, "a day")
    for role in (match.money, "quantity", "refunded_amount"):
        demand(role, lambda column: column.is_number, "a number")
    if match.money == "unit_price" and "discount" in found:
        raise AmbiguousFormat(
            f"{source.name}: the discount {found['discount'].header!r} is read here. {source.convert}"
        )
    return found


def _texts(spark: Spark, columns: dict[str, _Column], match: ColumnMatch, options: IntakeOptions) -> dict[str, str]:
    texts = {role: columns[role].text(spark) if role in columns else _NOTHING for role in _IDS}
    if options.fold_case:
        texts["customer_id"] = f"lower({texts['customer_id']})"
    for name, role in (("ordered", "ordered_at"), ("amount", match.money), ("quantity", "quantity")):
        texts[f"{name}_text"] = columns[role].text(spark) if role in columns else _NOTHING
    if "refunded_amount" in columns:
        texts["refunded_amount_text"] = columns["refunded_amount"].text(spark)
    return texts


def _has_values(spark: Spark, source: TypedSource, column: _Column | None) -> bool:
    if column is None:
        return False
    return bool(spark.rows_of(f"SELECT 1 FROM {source.view} WHERE {column.name} IS NOT NULL LIMIT 1"))


def _amount_sql(match: ColumnMatch) -> str:
    """Return the amount of a row: as written, or the price of a piece times their number."""
    if match.money == "amount":
        return "amount_units"
    product = "CAST(amount_units AS DECIMAL(19, 0)) * CAST(quantity AS DECIMAL(19, 0))"
    return (
        f"CASE WHEN abs({product}) <= {MONEY_LIMIT * MONEY_SCALE * MONEY_SCALE} "
        f"THEN CAST(bround({product}, -4) / {MONEY_SCALE} AS BIGINT) END"
    )


def _conditions(match: ColumnMatch, *, has_amounts: bool, has_quantities: bool, has_refunds: bool) -> dict[int, str]:
    found = {issues.NO_DATE: "day IS NULL"}
    if has_amounts:
        is_infinite = "upper(amount_text) IN ('INFINITY', '-INFINITY')"
        found |= {
            issues.NO_AMOUNT: "false" if match.is_blank_zero else "amount_text IS NULL",
            issues.NOT_FINITE: f"amount IS NULL AND {is_infinite}",
            issues.LARGE_AMOUNT: "amount IS NULL AND amount_text IS NOT NULL",
        }
    if has_quantities:
        is_needed = match.money == "unit_price"
        found[issues.NO_QUANTITY] = "quantity IS NULL" + ("" if is_needed else " AND quantity_text IS NOT NULL")
    if has_refunds:
        found[issues.NO_REFUND] = "refunded_amount IS NULL AND refunded_amount_text IS NOT NULL"
    return found


def find_currency(spark: Spark, source: TypedSource, match: ColumnMatch) -> str | None:
    """Return the one currency of the log; several are refused as everywhere."""
    if "currency" not in match.positions or not match.money:
        return None
    text = spark.trim_sql(f"CAST(c{match.positions['currency']} AS STRING)")
    amount = f"c{match.positions[match.money]}"
    codes: dict[str, int] = {}
    query = f"SELECT {text} AS code, count(*) FROM {source.view} WHERE {amount} IS NOT NULL GROUP BY 1 ORDER BY 1"
    for name, count in spark.rows_of(query):
        codes[plain_code(str(name or ""))] = codes.get(plain_code(str(name or "")), 0) + int(count)
    if len(codes) > 1:
        listed = ", ".join(f"{name or 'none'} ({count} rows)" for name, count in codes.items())
        raise AmbiguousFormat(
            f"the amounts are in several currencies: {listed}. {source.convert}", code="currency.several"
        )
    return settle_currency(codes, {})


def notices_of(source: TypedSource, match: ColumnMatch, options: IntakeOptions) -> tuple[str, ...]:
    """Say what the types of the columns mean for the reading."""
    is_moved = options.timezone is not None and source.kinds[match.positions["ordered_at"]] == "timestamp"
    return (dates.TO_ZONE.format(name=options.timezone),) if is_moved else ()


def float_columns(source: TypedSource) -> frozenset[int]:
    """Return the columns of a float type: whoever made ids so may have rounded long ones."""
    return frozenset(place for place, kind in enumerate(source.kinds) if kind in _FLOATS)
