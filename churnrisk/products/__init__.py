"""Products: what each customer buys, what is due, what comes next, and what first buyers begin with."""

from churnrisk.products.due import fit_due
from churnrisk.products.due_list import DueList, LookBack, forecast_due
from churnrisk.products.first_list import FirstList, compare_first
from churnrisk.products.habits import HABIT_COLUMNS, HABITS, Habits, find_habits, find_pair_days, tell_habits
from churnrisk.products.items import NO_CHOICE, ItemAccount, ItemChoice, PairDays, read_pair_days
from churnrisk.products.next_products import NextProducts, forecast_next, read_ids
from churnrisk.products.summary import MOST_PAIRS, sum_up_products

__all__ = [
    "HABITS",
    "HABIT_COLUMNS",
    "MOST_PAIRS",
    "NO_CHOICE",
    "DueList",
    "FirstList",
    "Habits",
    "ItemAccount",
    "ItemChoice",
    "LookBack",
    "NextProducts",
    "PairDays",
    "compare_first",
    "find_habits",
    "find_pair_days",
    "fit_due",
    "forecast_due",
    "forecast_next",
    "read_ids",
    "read_pair_days",
    "sum_up_products",
    "tell_habits",
]
