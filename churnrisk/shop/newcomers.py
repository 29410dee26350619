"""The list where no model can be used: the customers, and what is known without a score."""

from __future__ import annotations

import numpy as np

from churnrisk.explain import with_reasons
from churnrisk.orders import FewOrders
from churnrisk.schema import MONEY_SCALE
from churnrisk.scoring import NEXT_ORDER, OUTLOOK_COLUMNS, Scores, Standing
from churnrisk.shop.orders import was_purchase
from churnrisk.timeline import DEFAULT_LOOKBACK, Snapshot, date_of


def list_unscored(standing: Standing, snapshot: Snapshot) -> Scores:
    """List customers without scores."""
    size = standing.size
    nothing, nan = np.full(size, None, dtype=object), np.full(size, np.nan)
    status = nothing.copy()
    status[np.isnan(standing.days_since_last_order)] = "no_purchases"
    columns = {
        "customer_id": standing.customer_ids,
        "as_of": np.array([date_of(snapshot.cutoff).isoformat()], dtype=object).repeat(size),
        "status": status,
        "churn_probability": nan,
        "risk": nothing,
        "risk_rank": nan,
        "days_since_last_order": standing.days_since_last_order,
        "order_count": standing.order_count,
        "total_amount": nan if standing.total_amount is None else standing.total_amount,
        **{name: nothing if name in NEXT_ORDER else nan for name in OUTLOOK_COLUMNS},
    }
    return with_reasons(Scores(snapshot, columns, "risk", nan), {})


def list_one_unscored(few: FewOrders, customer_id: str, *, as_of: int) -> Scores:
    """List one customer by the orders."""
    past = [order for order in few.orders if order[2] < as_of]
    days = [order[2] for order in past if was_purchase(order, as_of)]
    total = sum(order[3] for order in past) / MONEY_SCALE
    standing = Standing(
        np.array([customer_id], dtype=object),
        np.array([as_of - max(days) if days else np.nan]),
        np.array([len(days)]),
        np.array([total]) if few.has_amounts else None,
    )
    return list_unscored(standing, Snapshot(as_of, DEFAULT_LOOKBACK, 1))
