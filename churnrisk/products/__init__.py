"""Products: what each customer buys, what is due, and what first buyers begin with."""

from churnrisk.products.items import UNITS, ItemChoice, PairDays, read_pair_days

__all__ = ["UNITS", "ItemChoice", "PairDays", "read_pair_days"]
