"""Exports of shop systems, tills and books: how one is told, and which of its columns has which role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """The export of one system.

    Parameters
    ----------
    name : str
        What it is called.
    signature : tuple of str
        Headers that only its exports have together.
    columns : mapping of str to str
        Per role its headers, cut at bars, of which the first that is there counts; an empty text where no column may
        take the role, because it says something else there.
    """

    name: str
    signature: tuple[str, ...]
    columns: Mapping[str, str]


SYSTEMS = (
    System(
        "Squarespace",
        ("Financial Status", "Lineitem quantity", "Amount Refunded", "Order ID"),
        {
            "customer_id": "Email",
            "ordered_at": "Created at",
            "amount": "Total",
            "order_id": "Order ID",
            "quantity": "Lineitem quantity",
            "product_id": "Lineitem sku",
            "description": "Lineitem name",
            "currency": "Currency",
            "order_status": "Financial Status",
            "refunded_amount": "Amount Refunded",
            "cancelled_at": "Cancelled at",
            "discount": "",
            "phone": "Billing Phone",
        },
    ),
    System(
        "Shopify",
        ("Financial Status", "Lineitem quantity"),
        {
            "customer_id": "Customer ID|Email",
            "ordered_at": "Created at",
            "amount": "Total",
            "order_id": "Name",
            "quantity": "Lineitem quantity",
            "product_id": "Lineitem sku",
            "description": "Lineitem name",
            "currency": "Currency",
            "order_status": "Financial Status",
            "refunded_amount": "Refunded Amount",
            "cancelled_at": "Cancelled at",
            "discount": "",
            "email": "Email",
            "phone": "Phone|Billing Phone",
        },
    ),
    System(
        "WooCommerce",
        ("Order Total Amount", "Order Status"),
        {
            "customer_id": "Customer ID|Customer User ID|Email (Billing)|Billing Email Address",
            "ordered_at": "Order Date",
            "amount": "Order Total Amount",
            "order_id": "Order Number|Order ID",
            "quantity": "Quantity",
            "product_id": "SKU",
            "category": "Category",
            "order_status": "Order Status",
            "refunded_amount": "Order Refund Amount",
            "discount": "",
            "email": "Email (Billing)|Billing Email Address",
            "phone": "Phone (Billing)|Billing Phone",
        },
    ),
    System(
        "WooCommerce Analytics",
        ("Order #", "N. Revenue"),
        {
            "customer_id": "Customer",
            "ordered_at": "Date",
            "amount": "N. Revenue",
            "order_id": "Order #",
            "order_status": "Status",
        },
    ),
    System(
        "WooCommerce (REST)",
        ("date_created", "billing.email", "total"),
        {
            "customer_id": "customer_id",
            "ordered_at": "date_created",
            "amount": "total",
            "order_id": "id",
            "currency": "currency",
            "order_status": "status",
            "discount": "",
            "email": "billing.email",
            "phone": "billing.phone",
        },
    ),
    System(
        "Magento",
        ("Purchase Date", "Grand Total (Purchased)"),
        {
            "customer_id": "Customer ID|Customer Email",
            "ordered_at": "Purchase Date",
            "amount": "Grand Total (Purchased)",
            "order_id": "ID",
            "order_status": "Status",
            "refunded_amount": "Total Refunded",
            "discount": "",
            "email": "Customer Email",
        },
    ),
    System(
        "Stripe",
        ("Converted Amount", "Captured"),
        {
            "customer_id": "Customer ID|Customer Email",
            "ordered_at": "Created date (UTC)|Created (UTC)",
            "amount": "Amount",
            "order_id": "id",
            "currency": "Currency",
            "order_status": "Status",
            "refunded_amount": "Amount Refunded",
            "refunded_at": "Refunded date (UTC)",
            "is_captured": "Captured",
            "is_live": "Mode",
            "email": "Customer Email",
        },
    ),
    System(
        "Square",
        ("Gross Sales", "Net Sales", "Transaction ID"),
        {
            "customer_id": "Customer ID|Customer Reference ID",
            "ordered_at": "Date",
            "amount": "Net Sales",
            "order_id": "Transaction ID",
            "quantity": "Qty",
            "product_id": "SKU|Item",
            "category": "Category",
            "order_status": "Transaction Status",
            "row_type": "Event Type",
            "refunded_amount": "",  # a refund is a row of its own
            "discount": "",
        },
    ),
    System(
        "Etsy",
        ("Sale Date", "Order Value", "Order Net"),
        {
            "customer_id": "Buyer User ID|Buyer",
            "ordered_at": "Sale Date",
            "amount": "Order Total",
            "order_id": "Order ID",
            "quantity": "Number of Items",
            "currency": "Currency",
            "order_status": "Status",
            "discount": "",
            "row_type": "",
        },
    ),
    System(
        "PrestaShop",
        ("id_order", "current_state"),
        {
            "customer_id": "id_customer",
            "ordered_at": "date_add",
            "amount": "total_paid|total_paid_tax_incl",
            "order_id": "id_order",
            "order_status": "current_state",
            "is_valid": "valid",
            "discount": "",
        },
    ),
    System(
        "PrestaShop",
        ("Reference", "New client", "Payment"),
        {
            "customer_id": "Customer",
            "ordered_at": "Date",
            "amount": "Total",
            "order_id": "Reference",
            "order_status": "Status",
        },
    ),
    System(
        "OpenCart",
        ("order_id", "firstname", "date_added", "total"),
        {
            "customer_id": "customer_id|email",
            "ordered_at": "date_added",
            "amount": "total",
            "order_id": "order_id",
            "currency": "currency_code",
            "order_status": "order_status|order_status_id",
            "email": "email",
            "phone": "telephone",
        },
    ),
    System(
        "Amazon",
        ("purchase-date", "item-price"),
        {
            "customer_id": "buyer-email|buyer-name",
            "ordered_at": "purchase-date",
            "amount": "item-price",
            "order_id": "amazon-order-id|order-id",
            "quantity": "quantity-purchased|quantity",
            "product_id": "sku|asin",
            "currency": "currency",
            "order_status": "order-status|item-status",
            "discount": "item-promotion-discount",
            "phone": "buyer-phone-number",
        },
    ),
    System(
        "eBay",
        ("Sales Record Number", "Buyer Username"),
        {
            "customer_id": "Buyer Username|Buyer Email",
            "ordered_at": "Sale Date",
            "amount": "Total Price",
            "order_id": "Order Number|Sales Record Number",
            "quantity": "Quantity",
            "product_id": "Custom Label|Item Number",
            "email": "Buyer Email",
        },
    ),
    System(
        "BaseLinker",
        ("Data złożenia", "Login klienta"),
        {
            "customer_id": "Login klienta|E-mail",
            "ordered_at": "Data złożenia",
            "amount": "Wartość zamówienia",
            "order_id": "Nr zamówienia|ID zamówienia",
            "quantity": "Ilość",
            "product_id": "SKU|Nazwa produktu",
            "currency": "Waluta",
            "order_status": "Status",
            "email": "E-mail",
            "phone": "Telefon",
        },
    ),
    System(
        "Shoper",
        ("Numer zamówienia", "Forma płatności", "Forma dostawy"),
        {
            "customer_id": "ID klienta|E-mail",
            "ordered_at": "Data zamówienia|Data",
            "amount": "Suma",
            "order_id": "Numer zamówienia",
            "currency": "Waluta",
            "order_status": "Status",
            "email": "E-mail",
            "phone": "Telefon",
        },
    ),
    System(
        "Subiekt",
        ("Typ dokumentu", "Kontrahent", "Wartość brutto"),
        {
            "customer_id": "Kontrahent",
            "ordered_at": "Data wystawienia|Data",
            "amount": "Wartość brutto",
            "order_id": "Numer",
            "row_type": "Typ dokumentu",
        },
    ),
    System(
        "1C",
        ("Документ", "Контрагент", "Номенклатура", "Сумма"),
        {
            "customer_id": "Контрагент",
            "ordered_at": "Дата",
            "amount": "Сумма",
            "order_id": "Документ",
            "quantity": "Количество",
            "product_id": "Номенклатура",
        },
    ),
    System(
        "Bitrix24",
        ("Стадия", "Дата создания", "Ответственный"),
        {
            "customer_id": "Клиент|Контакт|Компания",
            "ordered_at": "Дата создания",
            "amount": "Сумма",
            "order_id": "ID",
            "currency": "Валюта",
            "order_status": "Стадия",
        },
    ),
    System(
        "Odoo",
        ("Order Reference", "Customer", "Order Date"),
        {
            "customer_id": "Customer",
            "ordered_at": "Order Date",
            "amount": "Total",
            "order_id": "Order Reference",
            "quantity": "Order Lines/Quantity",
            "product_id": "Order Lines/Product",
            "currency": "Currency",
            "order_status": "Status",
            "discount": "",
        },
    ),
    System(
        "Vend (Lightspeed)",
        ("Receipt Number", "Line Type", "Customer Code"),
        {
            "customer_id": "Customer Code",
            "ordered_at": "Date",
            "amount": "Total",
            "order_id": "Receipt Number",
            "quantity": "Quantity",
            "product_id": "Sku",
            "order_status": "Status",
            "row_type": "Line Type",
            "discount": "",
        },
    ),
)
"""What is known; the first whose signature a file has is taken."""
