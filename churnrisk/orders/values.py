"""Read the texts of a source: one format per column, decided on all of its rows, and the values in whole numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from churnrisk.engines import Database
from churnrisk.orders import cost, dates, issues, money, numbers
from churnrisk.orders.dates import DatePlan
from churnrisk.orders.load import WORDS, LoadedRows, name_of
from churnrisk.orders.missing import is_error_sql, is_missing_sql
from churnrisk.orders.numbers import DECIMAL_SHAPE, NumberPlan
from churnrisk.orders.rows import TypedRows, name_reasons
from churnrisk.sources import ColumnMatch, IntakeOptions, RawRows, fill_value, fold_sql, quote_text


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
    sums: Mapping[str, NumberPlan] = field(default_factory=dict)
    refund_dates: DatePlan | None = None
    words: tuple[str, ...] = ()
    discount: str = cost.UNUSED

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of how values are read."""
        return self.dates.notices

    def fit(self, match: ColumnMatch, loaded: LoadedRows) -> bool:
        """Tell whether what was read at once is what these plans make of it.

        It is not where dates are written otherwise than a clean log has them, or numbers with a decimal comma; nor is
        the text of a price to be said any more where the quantity beside it makes too much of it.
        """
        shapes = loaded.profile.shapes
        plans = {match.money: self.amounts, "quantity": self.quantities, **self.sums}
        is_comma = any(plan and plan.decimal == "," and shapes[role].get(DECIMAL_SHAPE) for role, plan in plans.items())
        days = {"ordered_at": self.dates, "refunded_at": self.refund_dates}
        is_other = any(
            plan and plan.name != dates.CANONICAL_NAME and shapes[role].get(dates.CANONICAL_SHAPE)
            for role, plan in days.items()
        )
        is_product = match.money == "unit_price" and not loaded.texts.isdisjoint(("amount", "quantity", "discount"))
        return not (is_comma or is_other or is_product)


@dataclass(frozen=True)
class _Planner:
    """Chooses the format of a column by all of its values."""

    database: Database
    raw: RawRows
    match: ColumnMatch
    loaded: LoadedRows
    options: IntakeOptions

    def ask_source(self, what: str) -> list[tuple[object, ...]]:
        """Ask all rows."""
        return self.database.rows_of(f"SELECT {what} FROM {self.raw.sql}")

    def ask_column(self, role: str) -> dates.Ask:
        """Return what asks the texts of one column, called v; values that are none say nothing more."""
        source = f"(SELECT {name_of(role)}_text AS v FROM {self.loaded.source})"
        return lambda what: self.database.rows_of(f"SELECT {what} FROM {source}")

    def number(self, role: str, decimal: str | None) -> NumberPlan | None:
        """Plan a column of numbers; None where it has none."""
        shapes = self.loaded.profile.shapes.get(role)
        if not shapes:
            return None
        sign = "." if self.match.positions[role] in self.raw.typed else decimal
        return numbers.decide_numbers(
            shapes,
            self.ask_column(role),
            decimal=sign,
            share=self.options.reject_limit,
            what=role,
            is_complete=self.loaded.profile.is_complete,
        )

    def dates(self, role: str) -> DatePlan:
        """Plan a column of dates."""
        return dates.decide_dates(
            self.loaded.profile.shapes[role],
            self.ask_column(role),
            date_format=self.options.date_format,
            timezone=self.options.timezone,
            share=self.options.reject_limit,
        )

    def discount(self) -> str:
        """Tell what a discount is; it counts beside the price of a piece only."""
        if self.match.money != "unit_price" or not self.loaded.profile.shapes.get("discount"):
            return cost.UNUSED
        return cost.decide_discount(self.ask_source, self.match, self.options)


def plan_values(
    database: Database, raw: RawRows, match: ColumnMatch, loaded: LoadedRows, options: IntakeOptions
) -> Plans:
    """Choose one format per column, by all of its rows."""
    planner = _Planner(database, raw, match, loaded, options)
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
        sums={role: plan for role, plan in sums.items() if plan is not None},
        refund_dates=planner.dates("refunded_at") if loaded.profile.shapes.get("refunded_at") else None,
        words=tuple(role for role in WORDS if role in match.positions),
        discount=discount,
    )
    if amounts is None:
        return plans
    rates = money.parse_rates(options.rates)
    counts = (
        money.count_currencies(database, loaded.source, match, amounts) if money.has_currency(match, amounts) else {}
    )
    currency = money.settle_currency(counts, rates, converted=match.converted)
    return replace(plans, currency=currency, factor=money.factor_sql(rates, options.rate_before))


def type_rows(
    database: Database, raw: RawRows, match: ColumnMatch, loaded: LoadedRows, plans: Plans, options: IntakeOptions
) -> TypedRows:
    """Return the query that reads loaded rows as whole days, whole money and ids."""
    further = {"currency": money.currency_sql(match, plans.amounts, "amount_parts")} if plans.factor else {}
    further |= _further_sql(plans, loaded)
    kept = [*(f"{role}_text" for role in plans.words), *(["group_value"] if options.group_column else [])]
    kept += ["description"] if "description" in match.positions else []
    customer = fold_sql("customer_id", database, options)
    ids = "*" if customer == "customer_id" else f"* REPLACE ({customer} AS customer_id)"
    is_ready = ids == "*" and match.money != "unit_price" and not loaded.texts
    decimal = plans.amounts.decimal if plans.amounts else "."
    names = match.names | ({"amount": match.names[match.money]} if match.money else {})
    return TypedRows(
        source=f"SELECT {ids}{_parts_sql(plans)} FROM {loaded.source}",
        day=_day_sql(plans.dates, "ordered", "date_parts", loaded),
        amount=_amount_sql(match, plans, loaded),
        quantity=_units_sql(plans.quantities, "quantity", loaded) if plans.quantities else "0",
        conditions=_conditions(match, plans, loaded),
        reasons=name_reasons(names, date_format=plans.dates.name, decimal=decimal),
        further=further,
        kept=tuple(kept),
        line=raw.line_sql,
        file=raw.file_sql,
        places=(*(("line",) if raw.has_lines else ()), *(("file",) if raw.files else ())),
        date_format=plans.dates.name,
        has_amounts=plans.amounts is not None,
        has_quantities=plans.quantities is not None,
        has_own_ids=loaded.has_own_ids,
        is_ready=is_ready,
        is_good=is_ready and loaded.is_good,
    )


def _further_sql(plans: Plans, loaded: LoadedRows) -> dict[str, str]:
    """Return the further amounts and days that rules ask for, read as those of the orders are."""
    found = {role: _units_sql(plan, role, loaded, plans.factor) for role, plan in plans.sums.items()}
    if plans.refund_dates is not None:
        found["refund_day"] = (
            f"CAST({_day_sql(plans.refund_dates, 'refunded_at', 'refunded_at_parts', loaded)} AS BIGINT)"
        )
    return found


def _parts_sql(plans: Plans) -> str:
    """Return the columns into which texts are cut by their patterns, each pattern once."""
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


def _day_sql(plan: DatePlan, name: str, parts: str, loaded: LoadedRows) -> str:
    """Return SQL for the day of a date."""
    if name not in loaded.texts:
        return f"{name}_day"
    stamp = fill_value(plan.stamp, f"{name}_text", parts)
    return f"CASE WHEN {name}_text IS NULL THEN {name}_day ELSE CAST({stamp} AS DATE) - DATE '1970-01-01' END"


def _units_sql(plan: NumberPlan, name: str, loaded: LoadedRows, factor: str | None = None) -> str:
    """Return SQL for the ten-thousandths of an amount, converted where its currency asks for it."""
    if name not in loaded.texts:
        return f"{name}_units"
    units = fill_value(plan.units, f"{name}_text", f"{name}_parts")
    if factor is not None:  # all of them are texts then
        exact = fill_value(plan.exact, f"{name}_text", f"{name}_parts")
        return numbers.round_sql(f"(CAST({exact} AS DECIMAL(21, 6)) * {factor})")
    return f"CASE WHEN {name}_text IS NULL THEN {name}_units ELSE {units} END"


def _amount_sql(match: ColumnMatch, plans: Plans, loaded: LoadedRows) -> str:
    """Return SQL for the amount: as written, converted, or the price of a piece times their number, less a discount."""
    if plans.amounts is None:
        return "0"
    units = _units_sql(plans.amounts, "amount", loaded, plans.factor)
    return units if match.money == "amount" else cost.line_sql(units, plans.discount)


def _conditions(match: ColumnMatch, plans: Plans, loaded: LoadedRows) -> dict[int, str]:
    """Return the issues that only texts have, and those of values that could not be read."""
    found = {issues.NO_DATE: "day IS NULL"} if "ordered" not in loaded.texts else _date_conditions(match, plans)
    if plans.amounts:
        has_texts = "amount" in loaded.texts
        found |= _amount_conditions(match, plans.amounts) if has_texts else {issues.NO_AMOUNT: "amount_units IS NULL"}
        if match.is_blank_zero:
            found[issues.NO_AMOUNT] = "false"
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


def _date_conditions(match: ColumnMatch, plans: Plans) -> dict[int, str]:
    headers, is_unread = match.names, "day IS NULL"
    matches = fill_value(plans.dates.matches, "ordered_text", "date_parts")
    is_other = f"ordered_text IS NOT NULL AND NOT coalesce({matches}, false)"
    return {
        issues.HEADER: f"customer_id = {quote_text(headers['customer_id'].strip())} "
        f"AND ordered_text = {quote_text(headers['ordered_at'].strip())}",
        issues.NO_DATE: f"{is_unread} AND (ordered_text IS NULL OR {is_missing_sql('ordered_text')})",
        issues.ERROR_DATE: f"{is_unread} AND {is_error_sql('ordered_text')}",
        issues.OTHER_DATE: f"{is_unread} AND {is_other}" if plans.dates.is_total else is_other,
        issues.IMPOSSIBLE_DATE: is_unread,
    }


def _amount_conditions(match: ColumnMatch, plan: NumberPlan) -> dict[int, str]:
    pattern = quote_text(numbers.number_pattern(plan.decimal))
    is_blank = f"amount_units IS NULL AND (amount_text IS NULL OR (amount IS NULL AND {is_missing_sql('amount_text')}))"
    is_unread = f"amount IS NULL AND NOT ({is_blank})"
    return {
        issues.NO_AMOUNT: is_blank,
        issues.ERROR_AMOUNT: f"amount IS NULL AND {is_error_sql('amount_text')}",
        issues.DATE_AMOUNT: f"amount IS NULL AND regexp_full_match(amount_text, '{dates.CANONICAL}')",
        issues.NOT_FINITE: r"amount IS NULL AND regexp_matches(amount_text, '(?i)^[-+]?(inf|infinity)$')",
        issues.OTHER_NUMBER: f"{is_unread} AND NOT regexp_matches(amount_text, {pattern})",
        issues.LARGE_AMOUNT: is_unread + (" AND quantity IS NOT NULL" if match.money == "unit_price" else ""),
    }
