"""Products: what each customer buys, what is due, and what first buyers begin with."""

from churnrisk.products.due import DueModel, fit_due
from churnrisk.products.due_list import DUE_COLUMNS, DueList, forecast_due
from churnrisk.products.first_list import FIRST_COLUMNS, FirstList, compare_first
from churnrisk.products.habits import HABIT_COLUMNS, HABITS, Habits, find_habits
from churnrisk.products.items import UNITS, ItemChoice, PairDays, read_pair_days
from churnrisk.products.next_products import NEXT_COLUMNS, NextProducts, forecast_next, read_ids

__all__ = [
    "DUE_COLUMNS",
    "FIRST_COLUMNS",
    "HABITS",
    "HABIT_COLUMNS",
    "NEXT_COLUMNS",
    "UNITS",
    "DueList",
    "DueModel",
    "FirstList",
    "Habits",
    "ItemChoice",
    "NextProducts",
    "PairDays",
    "compare_first",
    "find_habits",
    "fit_due",
    "forecast_due",
    "forecast_next",
    "read_ids",
    "read_pair_days",
]
