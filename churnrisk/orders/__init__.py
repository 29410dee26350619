"""Intake: any file, table or frame of purchases becomes orders, and every row is accounted for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from churnrisk.orders.contacts import ContactFile, ContactList, read_contacts, read_opted_out
    from churnrisk.orders.convert import convert_files, convert_purchases
    from churnrisk.orders.customers import CustomerTable, read_customers
    from churnrisk.orders.dated import read_tables
    from churnrisk.orders.drawing import TRAIN_CUSTOMERS, Draw, DrawnCustomers
    from churnrisk.orders.few import (
        FACTS,
        LINE_TYPES,
        ORDER_TYPES,
        FewOrders,
        PurchaseRow,
        build_few_orders,
        few_database,
        mark_undone,
        open_few,
        read_day,
        trim_text,
    )
    from churnrisk.orders.few_rows import read_table_row
    from churnrisk.orders.kept_copy import drop_copies, is_of_copy
    from churnrisk.orders.lists import CustomerList, read_list
    from churnrisk.orders.log import Orders
    from churnrisk.orders.read import read_orders
    from churnrisk.orders.report import IntakeReport
    from churnrisk.sources import IntakeOptions, KeepIn, write_database_table

__all__ = [
    "FACTS",
    "LINE_TYPES",
    "ORDER_TYPES",
    "TRAIN_CUSTOMERS",
    "ContactFile",
    "ContactList",
    "CustomerList",
    "CustomerTable",
    "Draw",
    "DrawnCustomers",
    "FewOrders",
    "IntakeOptions",
    "IntakeReport",
    "KeepIn",
    "Orders",
    "PurchaseRow",
    "build_few_orders",
    "convert_files",
    "convert_purchases",
    "drop_copies",
    "few_database",
    "is_of_copy",
    "mark_undone",
    "open_few",
    "read_contacts",
    "read_customers",
    "read_day",
    "read_list",
    "read_opted_out",
    "read_orders",
    "read_table_row",
    "read_tables",
    "trim_text",
    "write_database_table",
]

_HOMES = {
    "trim_text": "few",
    "convert_files": "convert",
    "convert_purchases": "convert",
    "LINE_TYPES": "few",
    "ORDER_TYPES": "few",
    "FACTS": "few",
    "FewOrders": "few",
    "PurchaseRow": "few",
    "build_few_orders": "few",
    "few_database": "few",
    "mark_undone": "few",
    "open_few": "few",
    "read_day": "few",
    "read_table_row": "few_rows",
    "read_tables": "dated",
    "drop_copies": "kept_copy",
    "is_of_copy": "kept_copy",
    "CustomerList": "lists",
    "TRAIN_CUSTOMERS": "drawing",
    "Draw": "drawing",
    "DrawnCustomers": "drawing",
    "ContactFile": "contacts",
    "ContactList": "contacts",
    "CustomerTable": "customers",
    "IntakeReport": "report",
    "Orders": "log",
    "read_contacts": "contacts",
    "read_customers": "customers",
    "read_list": "lists",
    "read_opted_out": "contacts",
    "read_orders": "read",
}


def __getattr__(name: str) -> object:
    # imported on first use, so that the process that parses foreign formats starts without pandas
    if name in ("IntakeOptions", "KeepIn", "write_database_table"):  # of the stage below
        return getattr(import_module("churnrisk.sources"), name)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
