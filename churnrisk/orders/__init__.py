"""Intake: any file, table or frame of purchases becomes orders, and every row is accounted for."""

from churnrisk.orders.customers import CustomerTable, read_customers
from churnrisk.orders.log import Orders
from churnrisk.orders.options import IntakeOptions
from churnrisk.orders.read import read_orders
from churnrisk.orders.report import IntakeReport

__all__ = ["CustomerTable", "IntakeOptions", "IntakeReport", "Orders", "read_customers", "read_orders"]
