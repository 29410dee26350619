"""Tables beside the purchases, each row with its day: what a user declares of them, and what they hold once read."""

from churnrisk.dated.table import FAMILIES, AttributeTable, DatedSource, DatedTable

__all__ = ["FAMILIES", "AttributeTable", "DatedSource", "DatedTable"]
