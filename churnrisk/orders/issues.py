"""What can be wrong with a purchase row, or keep it from being a sale; a row has the first of these that it meets."""

from __future__ import annotations

from collections.abc import Mapping

from churnrisk.messages import mark, wording
from churnrisk.schema import MONEY_LIMIT

HEADER, NO_CUSTOMER = 1, 2
NO_DATE, ERROR_DATE, OTHER_DATE, IMPOSSIBLE_DATE, EARLY, FUTURE = 3, 4, 5, 6, 7, 8
NO_AMOUNT, ERROR_AMOUNT, DATE_AMOUNT, NOT_FINITE, OTHER_NUMBER, LARGE_AMOUNT = 9, 10, 11, 12, 13, 14
ERROR_QUANTITY, NO_QUANTITY = 15, 16
NO_DISCOUNT, NO_REFUND = 17, 18
NO_SALE, PENDING, OTHER_TYPE, COPY, REPEATED = 20, 21, 22, 30, 31

ISSUES = {
    HEADER: ("customer_id", mark("a header repeated among the rows")),
    NO_CUSTOMER: ("customer_id", mark("no customer id")),
    NO_DATE: ("ordered_at", mark("no date")),
    ERROR_DATE: ("ordered_at", mark("an error of a spreadsheet")),
    OTHER_DATE: ("ordered_at", wording("not a date of the column's format, {date_format}")),
    IMPOSSIBLE_DATE: ("ordered_at", mark("a date or time that does not exist")),
    EARLY: ("ordered_at", mark("a date before 1970")),
    FUTURE: ("ordered_at", mark("a date in the future")),
    NO_AMOUNT: ("amount", mark("no amount")),
    ERROR_AMOUNT: ("amount", mark("an error of a spreadsheet")),
    DATE_AMOUNT: ("amount", mark("a date and no amount; a cell of numbers may have a date's format")),
    NOT_FINITE: ("amount", mark("not a finite number")),
    OTHER_NUMBER: ("amount", wording("not a number with the column's decimal sign, {decimal}")),
    LARGE_AMOUNT: ("amount", wording("an amount beyond {limit}").format(limit=f"{MONEY_LIMIT:.0e}")),
    ERROR_QUANTITY: ("quantity", mark("an error of a spreadsheet")),
    NO_QUANTITY: ("quantity", mark("not a number")),
    NO_DISCOUNT: ("discount", mark("not a number")),
    NO_REFUND: ("refunded_amount", mark("not a number")),
    REPEATED: ("", mark("an order that an earlier file has, with the same rows")),
}
"""Number of an issue: the role of its column and the reason. Those from ``NO_SALE`` on are nobody's mistake: the row is
whole, and nothing was sold; it is counted under its own word."""


def issue_sql(conditions: Mapping[int, str]) -> str:
    """Return SQL for the first issue of a row; 0 for none."""
    cases = " ".join(f"WHEN {conditions[issue]} THEN {issue}" for issue in sorted(conditions))
    return f"CASE {cases} ELSE 0 END"


FURTHER_TEXTS = {NO_DISCOUNT: "discount_text", NO_REFUND: "refunded_amount_text"}
"""The texts that issues of columns are about which not every source has."""


def value_sql(conditions: Mapping[int, str]) -> str:
    """Return SQL for the text that the issue of a row is about; rows can have the issues of ``conditions``."""
    further = "".join(f"WHEN issue = {one} THEN {text} " for one, text in FURTHER_TEXTS.items() if one in conditions)
    return (
        f"CASE WHEN issue = 0 THEN NULL WHEN issue <= {NO_CUSTOMER} THEN customer_id WHEN issue <= {FUTURE} THEN "
        f"ordered_text WHEN issue <= {LARGE_AMOUNT} THEN amount_text {further}ELSE quantity_text END"
    )
