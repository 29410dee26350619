"""Tables beside the purchases, each row with its day: what a user declares of them, and what they hold once read."""

from churnrisk.dated.report import DatedReport
from churnrisk.dated.table import FAMILIES, AttributeTable, DatedSource, DatedTable, TablesBeside
from churnrisk.dated.visible import attributes_at, visible_at

__all__ = [
    "FAMILIES",
    "AttributeTable",
    "DatedReport",
    "DatedSource",
    "DatedTable",
    "TablesBeside",
    "attributes_at",
    "visible_at",
]
