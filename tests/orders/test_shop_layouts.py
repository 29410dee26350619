"""Exports of Shopify, WooCommerce and PrestaShop with all of their columns, as the how-tos tell to make them."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnrisk.engines import collect_arrays
from churnrisk.orders import read_orders
from churnrisk.timeline import date_of
from support.shop import write_rows

SHOPIFY = (
    *("Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing"),
    *("Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount", "Shipping Method"),
    *("Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem compare at price"),
    *("Lineitem sku", "Lineitem requires shipping", "Lineitem taxable", "Lineitem fulfillment status"),
    *(f"{kind} {part}" for kind in ("Billing", "Shipping") for part in ("Name", "Street", "Address1", "Address2")),
    *(f"{kind} {part}" for kind in ("Billing", "Shipping") for part in ("Company", "City", "Zip", "Province")),
    *(f"{kind} {part}" for kind in ("Billing", "Shipping") for part in ("Country", "Phone")),
    *("Notes", "Note Attributes", "Cancelled at", "Payment Method", "Payment Reference", "Refunded Amount", "Vendor"),
    *("Outstanding Balance", "Employee", "Location", "Device ID", "Id", "Tags", "Risk Level", "Source"),
    *("Lineitem discount", "Tax 1 Name", "Tax 1 Value", "Tax 2 Name", "Tax 2 Value", "Phone", "Receipt Number"),
    *("Duties", "Billing Province Name", "Shipping Province Name", "Payment ID", "Payment Terms Name"),
    *("Next Payment Due At", "Payment References"),
)
WOOCOMMERCE = (
    *("Date", "Order #", "N. Revenue (formatted)", "Status", "Customer", "Customer type", "Product(s)", "Items sold"),
    *("Coupon(s)", "N. Revenue", "Attribution"),
)
PRESTASHOP = ("id_order", "reference", "id_customer", "total_paid", "current_state", "valid", "date_add")
PRESTASHOP_GRID = (
    *("ID", "Reference", "New client", "Delivery", "Customer", "Total", "Payment", "Status"),
    "Date",
)


def shopify_rows() -> list[dict[str, str]]:
    def first(name: str, email: str, status: str, day: str, total: str, **more: str) -> dict[str, str]:
        created = f"{day} 09:59:00 +0200"
        row = {"Name": name, "Email": email, "Financial Status": status, "Created at": created, "Total": total}
        row |= {"Currency": "EUR", "Subtotal": "1.00", "Taxes": "0.50", "Discount Amount": "0.00", "Vendor": "Pots"}
        row |= {"Lineitem quantity": "1", "Lineitem name": "Cup", "Lineitem price": "4.00", "Lineitem sku": "C1"}
        return row | {"Refunded Amount": "0.00", "Outstanding Balance": "0.00", "Id": f"90{name[-1]}"} | more

    second = {"Name": "#1", "Email": "a", "Created at": "2024-05-01 09:59:00 +0200", "Lineitem quantity": "2"}
    second |= {"Lineitem name": "Plate", "Lineitem price": "2.50", "Lineitem sku": "P1", "Vendor": "Pots"}
    return [
        first("#1", "a", "paid", "2024-05-01", "10.50"),
        second,
        first("#2", "a", "partially_refunded", "2024-06-01", "20.00", **{"Refunded Amount": "5.00"}),
        first("#3", "b", "voided", "2024-06-03", "7.25", **{"Cancelled at": "2024-06-03 11:00:00 +0200"}),
        first("#4", "b", "paid", "2024-06-04", "7.25"),
    ]


def woocommerce_rows() -> list[dict[str, str]]:
    def order(number: int, customer: str, status: str, day: str, revenue: str) -> dict[str, str]:
        row = {"Date": f"{day} 09:59:00", "Order #": str(number), "N. Revenue (formatted)": f"{revenue}€"}
        row |= {"Status": status, "Customer": customer, "Customer type": "new", "Product(s)": "1× Cup, 2× Plate"}
        return row | {"Items sold": "3", "N. Revenue": revenue, "Attribution": "Direct"}

    return [
        order(101, "a", "completed", "2024-05-01", "10.5"),
        order(102, "a", "processing", "2024-06-01", "20"),
        order(103, "b", "cancelled", "2024-06-03", "7.25"),
        order(104, "b", "completed", "2024-06-04", "7.25"),
    ]


def prestashop_rows() -> list[dict[str, str]]:
    def order(number: int, customer: str, state: int, day: str, total: str) -> dict[str, str]:
        row = {"id_order": str(number), "reference": f"XKBKN{number}", "id_customer": customer, "total_paid": total}
        return row | {"current_state": str(state), "valid": str(int(state != 6)), "date_add": f"{day} 09:59:00"}

    return [
        order(2, "a", 5, "2024-05-01", "10.500000"),
        order(3, "a", 2, "2024-06-01", "20.000000"),
        order(4, "b", 6, "2024-06-03", "7.250000"),
        order(5, "b", 5, "2024-06-04", "7.250000"),
    ]


def prestashop_grid_rows() -> list[dict[str, str]]:
    names = {"2": "Payment accepted", "5": "Delivered", "6": "Canceled"}
    return [
        {
            "ID": row["id_order"],
            "Reference": row["reference"],
            "New client": "No",
            "Delivery": "Germany",
            "Customer": row["id_customer"],
            "Total": f"€{float(row['total_paid']):.2f}",
            "Payment": "Card",
            "Status": names[row["current_state"]],
            "Date": row["date_add"],
        }
        for row in reversed(prestashop_rows())
    ]


@pytest.mark.parametrize(
    ("columns", "rows", "refunded"),
    [
        (SHOPIFY, shopify_rows(), 50_000),
        (WOOCOMMERCE, woocommerce_rows(), 0),
        (PRESTASHOP, prestashop_rows(), 0),
        (PRESTASHOP_GRID, prestashop_grid_rows(), 0),
    ],
    ids=["shopify", "woocommerce", "prestashop", "prestashop grid"],
)
def test_orders_count_once_and_cancelled_ones_not_at_all(
    columns: tuple[str, ...], rows: list[dict[str, str]], refunded: int, tmp_path: Path
) -> None:
    assert all(set(row) <= set(columns) for row in rows)
    with read_orders(write_rows(tmp_path / "orders.csv", rows, columns)) as orders:
        found = collect_arrays(orders.frame(), sort_by=["customer_id", "order_day", "amount"])
        report = orders.report.to_dict()
    bought = found["amount"] > 0
    days = [date_of(day).isoformat() for day in found["order_day"][bought].tolist()]
    assert list(zip(found["customer_id"][bought].tolist(), days, found["amount"][bought].tolist(), strict=True)) == [
        ("a", "2024-05-01", 105_000),
        ("a", "2024-06-01", 200_000 - refunded),
        ("b", "2024-06-04", 72_500),
    ]
    assert (report["rows_no_sale"], report["rows_rejected"]) == (1, 0)
