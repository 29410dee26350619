"""What is kept at the dashboard: filters under a name, notes on customers, and what came due when."""

from churnrisk.desk.due_tasks import find_done, take_due
from churnrisk.desk.filters import delete_filter, list_filters, save_filter
from churnrisk.desk.notes import LONGEST_NOTE, find_note, write_note

__all__ = [
    "LONGEST_NOTE",
    "delete_filter",
    "find_done",
    "find_note",
    "list_filters",
    "save_filter",
    "take_due",
    "write_note",
]
