"""What can be said of a customer by the tables beside the purchases: the table's name and its number."""

from __future__ import annotations

from collections.abc import Iterable

from churnrisk.explain.facts import Fact
from churnrisk.explain.numbers import Numbers, Sentence, compare, days, number
from churnrisk.features import TABLES
from churnrisk.messages import wording

_OPEN = wording("{table}: {value} open, the oldest for {days}")
_SILENT = wording("{table}: none for {days}")
_USUAL = wording("{table}: none for {days}; usually every {usual} days")
_ROWS = wording("{table}: {value} in the last {days}")
_ROWS_IN_ALL = wording("{table}: {value} in all")
_VALUE = wording("{table}: the last value is {value}, the mean {mean}")
_ATTRIBUTE = wording("attribute {name}: {value}")
_IS = wording("attribute {name} is {value}")
_IS_NOT = wording("attribute {name} is not {value}")

_GROUPS = {
    "open": ("open_count", "oldest_open_days", "mean_days_to_end"),
    "silence": ("days_since_last_row", "mean_gap_days", "row_count_change_last_90d"),
    "value": ("last_value", "mean_value", "mean_value_last_90d", "last_value_change"),
    "rows": (
        *(f"row_count_last_{window}d" for window in (7, 30, 90, 365)),
        *("row_count", "announced_row_count", "row_count_after_last_purchase"),
    ),
}


def table_facts(columns: Iterable[str]) -> tuple[Fact, ...]:
    """Return the facts of the columns that belong to tables: of each table and kind what is open, silent, counted."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name in columns:
        table, point, rest = name.partition(".")
        item, _, kind = rest.partition("=")
        if point:
            group = next((group for group, items in _GROUPS.items() if item in items), item)
            groups.setdefault((table, group, kind), []).append(name)
    return tuple(Fact(TABLES, tuple(names), _sentence(*key, names[0])) for key, names in groups.items())


def _sentence(table: str, group: str, kind: str, name: str) -> Sentence:
    if group == "open":
        return _tell_open(table, kind)
    if group == "silence":
        return _tell_silence(table, kind)
    if group == "rows":
        return _tell_rows(table, kind)
    if group == "value":
        return _tell_value(table)
    if kind:
        return lambda numbers: _tell_attribute(numbers, name, group, kind)
    text = _ATTRIBUTE.replace("{name}", group.removesuffix(".days_since"))
    return compare(name, text, days if group.endswith(".days_since") else number)


def _titled(table: str, kind: str) -> str:
    return f"{table}, {kind}" if kind else table


def _named(table: str, item: str, kind: str) -> str:
    return f"{table}.{item}={kind}" if kind else f"{table}.{item}"


def _tell_open(table: str, kind: str) -> Sentence:
    name, oldest = _named(table, "open_count", kind), f"{table}.oldest_open_days"

    def say(numbers: Numbers) -> str:
        if not numbers.knows(name, oldest) or not numbers[name]:
            return ""
        return _OPEN.format(table=_titled(table, kind), value=number(numbers[name]), days=days(numbers[oldest]))

    return say


def _tell_silence(table: str, kind: str) -> Sentence:
    since, usual = _named(table, "days_since_last_row", kind), f"{table}.mean_gap_days"

    def say(numbers: Numbers) -> str:
        if not numbers.knows(since):
            return ""
        told = {"table": _titled(table, kind), "days": days(numbers[since])}
        if kind or not numbers.knows(usual):
            return _SILENT.format(**told)
        return _USUAL.format(**told, usual=number(numbers[usual]))

    return say


def _tell_rows(table: str, kind: str) -> Sentence:
    windows, in_all = (365,) if kind else (90, 365), f"{table}.row_count"

    def say(numbers: Numbers) -> str:
        titled = _titled(table, kind)
        for window in windows:
            lately = _named(table, f"row_count_last_{window}d", kind)
            if numbers.knows(lately):
                told = _ROWS.format(table=titled, value=number(numbers[lately]), days=days(window))
                return numbers.beside(told, lately, number)
        if kind or not numbers.knows(in_all):
            return ""
        return numbers.beside(_ROWS_IN_ALL.format(table=titled, value=number(numbers[in_all])), in_all, number)

    return say


def _tell_value(table: str) -> Sentence:
    last, mean = f"{table}.last_value", f"{table}.mean_value"

    def say(numbers: Numbers) -> str:
        if not numbers.knows(last, mean):
            return ""
        return _VALUE.format(table=table, value=number(numbers[last]), mean=number(numbers[mean]))

    return say


def _tell_attribute(numbers: Numbers, name: str, attribute: str, value: str) -> str:
    if not numbers.knows(name):
        return ""
    return (_IS if numbers[name] else _IS_NOT).format(name=attribute, value=value)
