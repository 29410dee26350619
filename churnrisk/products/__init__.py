"""Products: what each customer buys, what is due, and what first buyers begin with."""

from churnrisk.products.due import DueModel, fit_due
from churnrisk.products.due_list import DUE_COLUMNS, DueList, forecast_due
from churnrisk.products.first_list import FIRST_COLUMNS, FirstList, compare_first
from churnrisk.products.items import UNITS, ItemChoice, PairDays, read_pair_days

__all__ = [
    "DUE_COLUMNS",
    "FIRST_COLUMNS",
    "UNITS",
    "DueList",
    "DueModel",
    "FirstList",
    "ItemChoice",
    "PairDays",
    "compare_first",
    "fit_due",
    "forecast_due",
    "read_pair_days",
]
