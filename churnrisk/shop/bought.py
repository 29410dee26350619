"""What a customer bought, row by row, with the names of products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churnrisk.orders import LINE_TYPES
from churnrisk.schema import MONEY_SCALE
from churnrisk.shop.generation import Generation
from churnrisk.shop.view import History
from churnrisk.timeline import date_of


def list_bought(generation: Generation, row: Mapping[str, Any] | None, history: History) -> list[dict[str, Any]]:
    """Return the purchase rows of a customer, the newest first; none in a log without products and categories.

    Returns
    -------
    list of dict
        ``ordered_on, order_id, product_id, name, category, amount, quantity``; empty text and None where the log does
        not tell. A row that came since the history was read has no order id.
    """
    lines = [] if row is None else generation.bought_by(int(row["number"]))
    lines += [{**dict(zip(LINE_TYPES, line, strict=True)), "order_id": ""} for line in history.new_lines]
    names, few = generation.name_products(sorted({one["product_id"] for one in lines})), history.few
    lines.sort(key=lambda one: (-one["order_day"], one["order_id"], one["product_id"]))
    return [
        {
            "ordered_on": date_of(one["order_day"]).isoformat(),
            "order_id": one["order_id"],
            "product_id": one["product_id"],
            "name": names.get(one["product_id"], ""),
            "category": one["category"],
            "amount": one["amount"] / MONEY_SCALE if few.has_amounts else None,
            "quantity": one["quantity"] / MONEY_SCALE if few.has_quantities else None,
        }
        for one in lines
    ]
