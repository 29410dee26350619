"""Read the texts of a source: one format per column, decided on all of its rows, and the values in whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from churnrisk.engines import Database
from churnrisk.orders import cost, dates, issues, money, numbers
from churnrisk.orders.dates import DatePlan
from churnrisk.orders.missing import is_error_sql, is_missing, is_missing_sql
from churnrisk.orders.numbers import NumberPlan
from churnrisk.orders.rows import TypedRows, find_group, name_reasons
from churnrisk.sources import (
    ColumnMatch,
    IntakeOptions,
    RawRows,
    fill_value,
    fold_sql,
    is_plain_sql,
    quote_text,
    trim_sql,
)

NUMBER_OR_PHONE = r"'[+-]?[\d\s().,/-]*\d[\d\s().,/-]*"  # our files carry these without an apostrophe
_SHAPES_KEPT = 5000
_DATES, _NUMBERS = ("ordered_at", "refunded_at"), ("amount", "unit_price", "quantity", "refunded_amount", "discount")
WORDS = (
    "order_status",
    "payment_status",
    "row_type",
    "cancelled_at",
    "is_captured",
    "is_valid",
    "is_live",
    "email",
    "phone",
)
"""Roles whose texts are kept as they are, for the rules that say what is a sale, and of whom."""


@dataclass(frozen=True)
class Profile:
    """What all rows together say: their number, shapes of dates and numbers, and the columns that need no trimming.

    Where there were more shapes than are kept, the rarest are left out and ``is_complete`` is False.
    """

    rows: int
    shapes: Mapping[str, Mapping[str, int]]
    plain: frozenset[int] = frozenset()
    is_complete: bool = True


@dataclass(frozen=True)
class Plans:
    """How each kind of value is read; ``factor`` is SQL for what amounts are multiplied by, if anything.

    ``sums`` has the plans of further amounts by their roles, and ``words`` the roles that are kept as text.
    """

    dates: DatePlan
    amounts: NumberPlan | None
    quantities: NumberPlan | None
    currency: str | None = None
    factor: str | None = None
    plain: frozenset[int] = frozenset()
    sums: Mapping[str, NumberPlan] = field(default_factory=dict)
    refund_dates: DatePlan | None = None
    words: tuple[str, ...] = ()
    discount: str = cost.UNUSED

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of how values are read."""
        return self.dates.notices


def profile_rows(database: Database, raw: RawRows, match: ColumnMatch) -> Profile:
    """Count the rows and the shapes of their values, in one pass over the whole source."""
    roles = [role for role in (*_DATES, *_NUMBERS) if role in match.positions]
    known = raw.typed if raw.is_parquet else frozenset()
    width, used = len(roles), sorted(set(match.positions.values()) - known)
    names = [f"s{k}" for k in range(width)]
    shapes = [f"{shape_sql(role, _written_sql(match, role))} AS s{k}" for k, role in enumerate(roles)]
    plain = " | ".join(f"CASE WHEN {is_plain_sql(f'c{k}')} THEN {1 << bit} ELSE 0 END" for bit, k in enumerate(used))
    everything = "0" if raw.is_parquet else raw.hash_sql  # a hash of all columns makes the reader look at all of them
    grouped = (
        f"SELECT {', '.join([*names, 'count(*) AS n', 'bit_xor(h) AS h', 'bit_and(plain) AS plain'])} FROM "
        f"(SELECT {', '.join([*shapes, everything + ' AS h', (plain or '0') + ' AS plain'])} FROM {raw.sql}) "
        f"GROUP BY ALL"
    )
    marks = [f"grouping({name})" for name in names]
    query = (
        f"SELECT {', '.join([*names, *marks, 'sum(n) AS total', 'bit_and(plain)', 'bit_xor(h)'])} FROM ({grouped}) "
        f"GROUP BY GROUPING SETS ({', '.join(['()', *(f'({name})' for name in names)])}) "
        f"ORDER BY total DESC LIMIT {_SHAPES_KEPT * 3}"
    )
    found: dict[str, dict[str, int]] = {role: {} for role in roles}
    rows, is_plain = 0, frozenset[int]()
    listed = database.connection.execute(query).fetchall()
    for row in listed:
        kept = [k for k in range(width) if row[width + k] == 0]
        if not kept:
            rows = int(row[2 * width] or 0)
            is_plain = frozenset(k for bit, k in enumerate(used) if int(row[2 * width + 1] or 0) >> bit & 1)
        elif row[kept[0]] is not None and not is_missing(row[kept[0]]):
            found[roles[kept[0]]][row[kept[0]]] = int(row[2 * width])
    return Profile(rows, found, is_plain | known, len(listed) < _SHAPES_KEPT * 3)


def _written_sql(match: ColumnMatch, role: str) -> str:
    """Give SQL for a text as it is written, but for the sign of a percentage."""
    column = f"c{match.positions[role]}"
    return f"replace({column}, '%', '')" if role == "discount" else column


def shape_sql(role: str, value: str) -> str:
    """Give SQL for the shape of a text: digits as 9, or one letter for what a clean log has.

    What a cast gives back unchanged is clean, and found so in a fraction of the time that a pattern takes.
    """
    digits = f"translate({trim_sql(value)}, '012345678', '999999999')"
    if role in _DATES:
        cases = [
            (f"length({value}) = 10 AND {_is_unchanged(value, 'DATE')}", dates.CANONICAL_SHAPE),
            (f"regexp_full_match({value}, '{dates.CANONICAL}')", dates.CANONICAL_SHAPE),
        ]
    else:
        cases = [
            (f"length({value}) <= 13 AND {_is_unchanged(value, 'BIGINT')}", numbers.WHOLE_SHAPE),
            (_is_unchanged(value, "DECIMAL(15, 2)"), numbers.DECIMAL_SHAPE),
            (f"regexp_full_match({value}, '{numbers.WHOLE}')", numbers.WHOLE_SHAPE),
            (f"regexp_full_match({value}, '{numbers.DECIMAL}')", numbers.DECIMAL_SHAPE),
        ]
    clean = " ".join(f"WHEN {condition} THEN '{shape}'" for condition, shape in cases)
    return f"CASE {clean} ELSE {digits} END"


def _is_unchanged(value: str, kind: str) -> str:
    return f"CAST(try_cast({value} AS {kind}) AS VARCHAR) = {value}"


@dataclass(frozen=True)
class _Planner:
    """Chooses the format of a column by all of its values."""

    database: Database
    raw: RawRows
    match: ColumnMatch
    profile: Profile
    options: IntakeOptions

    def ask_source(self, what: str) -> list[tuple[object, ...]]:
        """Ask all rows."""
        return self.database.rows_of(f"SELECT {what} FROM {self.raw.sql}")

    def ask_column(self, role: str) -> dates.Ask:
        """Give what asks the texts of one column, called v."""
        source = f"(SELECT {trim_sql(_written_sql(self.match, role))} AS v FROM {self.raw.sql})"
        return lambda what: self.database.rows_of(f"SELECT {what} FROM {source}")

    def number(self, role: str, decimal: str | None) -> NumberPlan | None:
        """Plan a column of numbers; None where it has none."""
        shapes = self.profile.shapes.get(role)
        if not shapes:
            return None
        sign = "." if self.match.positions[role] in self.raw.typed else decimal
        return numbers.decide_numbers(
            shapes,
            self.ask_column(role),
            decimal=sign,
            share=self.options.reject_limit,
            what=role,
            is_complete=self.profile.is_complete,
        )

    def dates(self, role: str) -> DatePlan:
        """Plan a column of dates."""
        return dates.decide_dates(
            self.profile.shapes[role],
            self.ask_column(role),
            date_format=self.options.date_format,
            timezone=self.options.timezone,
            share=self.options.reject_limit,
        )

    def discount(self) -> str:
        """Tell what a discount is; it counts beside the price of a piece only."""
        if self.match.money != "unit_price" or not self.profile.shapes.get("discount"):
            return cost.UNUSED
        return cost.decide_discount(self.ask_source, self.match, self.options)


def plan_values(
    database: Database, raw: RawRows, match: ColumnMatch, profile: Profile, options: IntakeOptions
) -> Plans:
    """Choose one format per column, by all of its rows."""
    planner = _Planner(database, raw, match, profile, options)
    date_plan = planner.dates("ordered_at")
    amounts = planner.number(match.money, options.decimal) if match.money else None
    decimal = amounts.decimal if amounts and options.decimal is None else options.decimal
    quantities, discount = planner.number("quantity", decimal), planner.discount()
    further = ("refunded_amount", *(() if discount == cost.UNUSED else ("discount",))) if amounts else ()
    sums = {role: planner.number(role, decimal) for role in further}
    plans = Plans(
        date_plan,
        amounts,
        quantities,
        plain=profile.plain,
        sums={role: plan for role, plan in sums.items() if plan is not None},
        refund_dates=planner.dates("refunded_at") if profile.shapes.get("refunded_at") else None,
        words=tuple(role for role in WORDS if role in match.positions),
        discount=discount,
    )
    if amounts is None:
        return plans
    rates = money.parse_rates(options.rates)
    counts = money.count_currencies(database, raw, match, amounts) if money.has_currency(match, amounts) else {}
    currency = money.settle_currency(counts, rates, converted=match.converted)
    return replace(plans, currency=currency, factor=money.factor_sql(rates, options.rate_before))


def type_rows(database: Database, raw: RawRows, match: ColumnMatch, plans: Plans, options: IntakeOptions) -> TypedRows:
    """Give the query that reads the texts of a source as whole days, whole money and ids."""
    day = f"CAST({fill_value(plans.dates.stamp, 'ordered_text', 'date_parts')} AS DATE) - DATE '1970-01-01'"
    quantity = fill_value(plans.quantities.units, "quantity_text", "quantity_parts") if plans.quantities else "0"
    further = {"currency": money.currency_sql(match, plans.amounts, "amount_parts")} if plans.factor else {}
    further |= _further_sql(plans)
    kept = [*(f"{role}_text" for role in plans.words), *(["group_value"] if options.group_column else [])]
    texts = _texts_sql(database, raw, match, plans, options)
    texts = f"SELECT {texts}, {raw.hash_sql} AS h{raw.columns_beside} FROM {raw.sql}"
    decimal = plans.amounts.decimal if plans.amounts else "."
    names = match.names | ({"amount": match.names[match.money]} if match.money else {})
    return TypedRows(
        source=f"SELECT *{_parts_sql(plans)} FROM ({texts})",
        day=day,
        amount=_amount_sql(match, plans),
        quantity=quantity,
        conditions=_conditions(match, plans),
        reasons=name_reasons(names, date_format=plans.dates.name, decimal=decimal),
        further=further,
        kept=tuple(kept),
        line=raw.line_sql,
        file=raw.file_sql,
        places=(*(("line",) if raw.has_lines else ()), *(("file",) if raw.files else ())),
        date_format=plans.dates.name,
        has_amounts=plans.amounts is not None,
        has_quantities=plans.quantities is not None,
    )


def _further_sql(plans: Plans) -> dict[str, str]:
    """Give the further amounts and days that rules ask for, read as those of the orders are."""
    found = {role: _units_sql(plan, role, plans.factor) for role, plan in plans.sums.items()}
    if plans.refund_dates is not None:
        stamp = fill_value(plans.refund_dates.stamp, "refunded_at_text", "refunded_at_parts")
        found["refund_day"] = f"CAST(CAST({stamp} AS DATE) - DATE '1970-01-01' AS BIGINT)"
    return found


def _parts_sql(plans: Plans) -> str:
    """Give the columns into which texts are cut by their patterns, each pattern once."""
    named: dict[str, DatePlan | NumberPlan | None] = {
        "ordered": plans.dates,
        "amount": plans.amounts,
        "quantity": plans.quantities,
        **plans.sums,
        "refunded_at": plans.refund_dates,
    }
    ends = {"ordered": "date_parts"}
    parts = {name: plan.parts for name, plan in named.items() if plan is not None and plan.parts}
    return "".join(
        f", {fill_value(cut, f'{name}_text')} AS {ends.get(name, f'{name}_parts')}" for name, cut in parts.items()
    )


def _units_sql(plan: NumberPlan, name: str, factor: str | None) -> str:
    """Give SQL for the ten-thousandths of an amount, converted where its currency asks for it."""
    if factor is None:
        return fill_value(plan.units, f"{name}_text", f"{name}_parts")
    exact = fill_value(plan.exact, f"{name}_text", f"{name}_parts")
    return numbers.round_sql(f"(CAST({exact} AS DECIMAL(21, 6)) * {factor})")


def _amount_sql(match: ColumnMatch, plans: Plans) -> str:
    """Give SQL for the amount: as written, converted, or the price of a piece times their number, less a discount."""
    if plans.amounts is None:
        return "0"
    units = _units_sql(plans.amounts, "amount", plans.factor)
    return units if match.money == "amount" else cost.line_sql(units, plans.discount)


def _texts_sql(database: Database, raw: RawRows, match: ColumnMatch, plans: Plans, options: IntakeOptions) -> str:
    texts = {role: _written_sql(match, role) for role in match.positions}
    none = "CAST(NULL AS VARCHAR)"
    plain = {role for role, position in match.positions.items() if position in plans.plain and role != "discount"}
    ids = {
        role: texts.get(role, none) if role in plain or role not in texts else id_sql(texts[role], raw.is_escaped)
        for role in ("customer_id", "order_id", "product_id", "category")
    }
    ids["customer_id"] = fold_sql(ids["customer_id"], database, options)
    roles = [("ordered_at", "ordered_text"), (match.money, "amount_text"), ("quantity", "quantity_text")]
    roles += [(role, f"{role}_text") for role in (*plans.words, *plans.sums)]
    roles += [("refunded_at", "refunded_at_text")] if plans.refund_dates else []
    values = {
        name: texts.get(role, none) if role in plain or role not in texts else trim_sql(texts[role])
        for role, name in roles
    }
    if plans.factor is not None:
        values["currency_text"] = money.currency_text_sql(match)
    if options.group_column is not None:
        values["group_value"] = trim_sql(f"c{find_group(match.headers, options.group_column)}")
    return ", ".join(f"{sql} AS {name}" for name, sql in (ids | values).items())


def id_sql(column: str, is_escaped: bool) -> str:
    """Give SQL for an id: trimmed, and without the apostrophe that our own files put before a formula sign."""
    value = trim_sql(column)
    if not is_escaped:
        return value
    sign = (
        f"starts_with({value}, '''') AND regexp_matches({value}, '^''+[=+@\\t\\r-]') "
        f"AND NOT regexp_full_match({value}, {quote_text(NUMBER_OR_PHONE)})"
    )
    return f"CASE WHEN {sign} THEN substr({value}, 2) ELSE {value} END"


def _conditions(match: ColumnMatch, plans: Plans) -> dict[int, str]:
    """Give the issues that only texts have, and those of values that could not be read."""
    headers = match.names
    is_other = f"NOT coalesce({fill_value(plans.dates.matches, 'ordered_text', 'date_parts')}, false)"
    found = {
        issues.HEADER: f"customer_id = {quote_text(headers['customer_id'].strip())} "
        f"AND ordered_text = {quote_text(headers['ordered_at'].strip())}",
        issues.NO_DATE: f"ordered_text IS NULL OR (day IS NULL AND {is_missing_sql('ordered_text')})",
        issues.ERROR_DATE: f"day IS NULL AND {is_error_sql('ordered_text')}",
        issues.OTHER_DATE: f"day IS NULL AND {is_other}" if plans.dates.is_total else is_other,
        issues.IMPOSSIBLE_DATE: "day IS NULL",
    }
    if plans.amounts:
        pattern = quote_text(numbers.number_pattern(plans.amounts.decimal))
        is_blank = f"amount_text IS NULL OR (amount IS NULL AND {is_missing_sql('amount_text')})"
        is_unread = f"amount IS NULL AND NOT ({is_blank})"
        found |= {
            issues.NO_AMOUNT: "false" if match.is_blank_zero else is_blank,
            issues.ERROR_AMOUNT: f"amount IS NULL AND {is_error_sql('amount_text')}",
            issues.DATE_AMOUNT: f"amount IS NULL AND regexp_full_match(amount_text, '{dates.CANONICAL}')",
            issues.NOT_FINITE: r"amount IS NULL AND regexp_matches(amount_text, '(?i)^[-+]?(inf|infinity)$')",
            issues.OTHER_NUMBER: f"{is_unread} AND NOT regexp_matches(amount_text, {pattern})",
            issues.LARGE_AMOUNT: is_unread,
        }
    if plans.quantities:
        is_blank = f"quantity_text IS NULL OR {is_missing_sql('quantity_text')}"
        is_needed = match.money == "unit_price"
        found[issues.ERROR_QUANTITY] = f"quantity IS NULL AND {is_error_sql('quantity_text')}"
        found[issues.NO_QUANTITY] = "quantity IS NULL" + ("" if is_needed else f" AND NOT ({is_blank})")
    for issue, role in ((issues.NO_DISCOUNT, "discount"), (issues.NO_REFUND, "refunded_amount")):
        if role in plans.sums:  # what cannot be read is not nothing
            text = f"{role}_text"
            found[issue] = f"{role} IS NULL AND {text} IS NOT NULL AND NOT {is_missing_sql(text)}"
    return found
