"""The names under which users' files carry the columns that we know, in lists from the surest to the weakest.

Within one list two candidates are an error; a name of a later list counts only where no earlier one occurs.
Matching ignores case, accents, spaces and punctuation.
"""

from __future__ import annotations

ALIASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "customer_id": (
        ("customer_id",),
        (
            "customer",
            "client_id",
            "client",
            "user_id",
            "buyer_id",
            "customer_no",
            "customer_number",
            "cust_id",
            "customer_code",
            "member_id",
        ),
        ("user", "buyer", "account_id", "shopper_id", "customer_key"),
        ("customer_email", "email", "e_mail"),
    ),
    "ordered_at": (
        ("ordered_at",),
        (
            "order_date",
            "date",
            "timestamp",
            "invoice_date",
            "created_at",
            "order_timestamp",
            "purchase_date",
            "purchased_at",
            "transaction_date",
            "order_time",
            "datetime",
            "date_time",
            "order_datetime",
            "purchase_time",
            "bought_at",
            "sale_date",
            "ordered_on",
            "transaction_time",
        ),
        ("time", "day"),
    ),
    "amount": (
        ("amount",),
        (
            "total",
            "price",
            "revenue",
            "sum",
            "order_total",
            "total_amount",
            "order_amount",
            "order_value",
            "value",
            "net_amount",
            "sales",
            "line_total",
            "grand_total",
            "total_price",
            "spend",
            "purchase_amount",
            "amount_paid",
        ),
    ),
    "order_id": (
        ("order_id",),
        (
            "invoice",
            "order",
            "invoice_no",
            "invoice_number",
            "order_number",
            "order_no",
            "invoice_id",
            "transaction_id",
            "receipt_id",
            "basket_id",
            "receipt",
            "receipt_no",
        ),
    ),
    "quantity": (
        ("quantity",),
        ("item_count", "qty", "items", "units", "pieces", "quantity_ordered"),
    ),
    "product_id": (
        ("product_id",),
        ("sku", "stock_code", "product", "item_id", "product_code", "article", "article_id", "item"),
    ),
    "category": (
        ("category",),
        ("product_category", "department", "category_name"),
    ),
}
"""Role to its lists of names."""

LABELS = ("churn", "churned", "is_churn", "is_churned", "exited", "attrition", "label", "target", "left", "will_churn")
"""Columns that look like an answer; they are never used, since nobody knows when they were written."""

PERSONAL = (
    "name",
    "first_name",
    "last_name",
    "full_name",
    "customer_name",
    "email",
    "e_mail",
    "customer_email",
    "phone",
    "telephone",
    "mobile",
    "address",
    "street",
    "birthday",
    "birth_date",
    "date_of_birth",
    "gender",
    "sex",
    "age",
)
"""Columns of personal data; they are never used."""

SUMMARY_ALIASES: dict[str, tuple[tuple[str, ...], ...]] = {
    "customer_id": ALIASES["customer_id"],
    "days_since_last_order": (("days_since_last_order",), ("days_since_last_purchase",)),
    "tenure_days": (("tenure_days",), ("days_since_first_order", "days_since_first_purchase")),
    "order_count": (("order_count",), ("orders", "number_of_orders", "purchase_count", "orders_count", "total_orders")),
    "mean_order_amount": (
        ("mean_order_amount",),
        (
            "average_order_value",
            "avg_order_value",
            "aov",
            "average_order_amount",
            "avg_order_amount",
            "mean_order_value",
        ),
    ),
    "first_order_on": (
        ("first_order_on",),
        ("first_order_date", "first_purchase_date", "first_order", "first_purchase"),
    ),
    "last_order_on": (("last_order_on",), ("last_order_date", "last_purchase_date", "last_order", "last_purchase")),
}
"""The same for files with one row per customer. Recency and frequency are not among them: the field uses both
words for two different things each."""
