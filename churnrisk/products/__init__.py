"""Products: what each customer buys, what is due, and what first buyers begin with."""

from churnrisk.products.items import UNITS, ItemChoice, PairDays, read_pair_days
from churnrisk.products.next_products import NEXT_KINDS, NextProducts, forecast_next, read_ids

__all__ = [
    "NEXT_KINDS",
    "UNITS",
    "ItemChoice",
    "NextProducts",
    "PairDays",
    "forecast_next",
    "read_ids",
    "read_pair_days",
]
