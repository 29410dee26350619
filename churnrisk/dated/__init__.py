"""Tables beside the purchases, each row with its day: what a user declares of them, and what they hold once read."""

from churnrisk.dated.joined import EVENT_TYPES, CameRow, join_rows
from churnrisk.dated.report import DatedReport
from churnrisk.dated.table import FAMILIES, AttributeTable, DatedSource, DatedTable, TablesBeside, table_of
from churnrisk.dated.visible import attributes_at, visible_at

__all__ = [
    "EVENT_TYPES",
    "FAMILIES",
    "AttributeTable",
    "CameRow",
    "DatedReport",
    "DatedSource",
    "DatedTable",
    "TablesBeside",
    "attributes_at",
    "join_rows",
    "table_of",
    "visible_at",
]
