"""The figures of a period: what each is called, how it is computed, where it is undefined, and what others do.

The definitions page of the documentation is written from this list, and the program computes from it.
"""

from __future__ import annotations

from collections.abc import Callable

from churnrisk.retention.definitions import Definition, PeriodFigure, PeriodTotals, Value, annualise_churn, divide
from churnrisk.schema import MONEY_SCALE
from churnrisk.timeline import YEAR


def _count(name: str) -> Callable[[PeriodTotals], Value]:
    return lambda totals: totals[name]


def _ratio(part: str, whole: str) -> Callable[[PeriodTotals], Value]:
    return lambda totals: divide(totals[part], totals[whole])


def _loss(part: str, whole: str) -> Callable[[PeriodTotals], Value]:
    return lambda totals: divide(totals[whole] - totals[part], totals[whole])


def _annual_from_period(totals: PeriodTotals) -> Value:
    lost = divide(totals["at_start"] - totals["retained"], totals["at_start"])
    if lost is None or totals.lookback != totals.period.days:
        return None
    return annualise_churn(lost, totals.period.days)


def _before_windows(totals: PeriodTotals) -> int:
    return totals.period.ends_on - max(2 * totals.revenue_window, totals.revenue_window + totals.lookback)


NOBODY = "no customer was active at the start"
NO_BUYER = "nobody bought in the period"
NO_VALUE = "no customer active between the two revenue windows had revenue above zero in the first"

REICHHELD = "Reichheld, F. (1996), The Loyalty Effect, Harvard Business School Press"
SAAS = "customary among subscription businesses; carried over to purchase logs here"

PERIOD_FIGURES = (
    PeriodFigure(
        Definition(
            "customers_at_start",
            "start",
            "customers",
            "|S|, S = customers active at starts_on",
            "Nobody is active before the first purchase of the log, so the first period starts with 0.",
            "Many tools count everybody who ever bought.",
        ),
        _count("at_start"),
    ),
    PeriodFigure(
        Definition(
            "customers_at_end",
            "end",
            "customers",
            "|E|, E = customers active at ends_on; |E| = |S ∩ E| + N + R in every row",
            "Equal to customers_at_start of the next period.",
        ),
        _count("at_end"),
    ),
    PeriodFigure(
        Definition(
            "new_customers",
            "new",
            "customers",
            "N = customers with their first purchase in the period who are active at ends_on",
            "Within the first lookback of the log, new and reactivated customers cannot be told apart.",
            "Some tools count first purchases even if the customer is not active at the end any more; that differs "
            "only where the lookback is shorter than the period.",
        ),
        _count("new"),
    ),
    PeriodFigure(
        Definition(
            "reactivated_customers",
            "back",
            "customers",
            "R = customers in E, neither in S nor in N",
            "They had bought before and were not active at starts_on.",
            "Often counted as new or as retained.",
        ),
        _count("reactivated"),
    ),
    PeriodFigure(
        Definition(
            "lost_customers",
            "lost",
            "customers",
            "L = |S| - |S ∩ E|",
            "A customer who leaves and comes back within the period is not lost.",
        ),
        lambda totals: totals["at_start"] - totals["retained"],
    ),
    PeriodFigure(
        Definition(
            "retention_rate",
            "retained",
            "share",
            "|S ∩ E| / |S|",
            "Undefined where S is empty. New and reactivated customers do not enter.",
            "The formula by counts is more common, see retention_rate_by_count.",
            REICHHELD,
        ),
        _ratio("retained", "at_start"),
        NOBODY,
    ),
    PeriodFigure(
        Definition(
            "retention_rate_by_count",
            "by count",
            "share",
            "(|E| - N) / |S|",
            "Counts the reactivated as retained and may exceed 100 %.",
            "The formula in common use, since it needs three numbers only.",
            "customer success handbooks; no author known",
        ),
        lambda totals: divide(totals["at_end"] - totals["new"], totals["at_start"]),
        NOBODY,
    ),
    PeriodFigure(
        Definition(
            "churn_rate",
            "lost %",
            "share",
            "1 - retention_rate",
            "On the screen it is called lost, since churned has another meaning in the scores: no purchase within the "
            "horizon. The two coincide only where period = lookback = horizon and lead = 0.",
            "Subscription businesses count cancellations, which a shop does not see.",
        ),
        _loss("retained", "at_start"),
        NOBODY,
    ),
    PeriodFigure(
        Definition(
            "no_purchase_rate",
            "no purchase",
            "share",
            "share of S without a purchase in [starts_on, ends_on)",
            "What the churn label measures, with the period as horizon and lead 0. It is far above churn_rate where "
            "the lookback is longer than the period: a customer may pause for a month and stay active.",
            "Some tools call this churn.",
        ),
        _loss("start_buyers", "at_start"),
        NOBODY,
    ),
    PeriodFigure(
        Definition(
            "annual_churn_rate",
            "lost in a year",
            "share",
            "share of the customers active at ends_on - 365 who are not active at ends_on",
            "Measured, not computed from the period's rate. Needs 365 days and one lookback of log before ends_on.",
            "Often given as churn_rate x 12, which exceeds 100 % soon and is never right.",
        ),
        _loss("year_retained", "year_before"),
        "nobody was active 365 days before the end",
        lambda totals: totals.period.ends_on - YEAR - totals.lookback,
    ),
    PeriodFigure(
        Definition(
            "annual_churn_rate_from_period",
            "a year at this rate",
            "share",
            "1 - (1 - churn_rate)^(365 / days)",
            "Given only where the period is as long as the lookback; else the windows overlap and losses of a period "
            "are not a year's share of anything.",
            "Given everywhere.",
        ),
        _annual_from_period,
        "given only where the period is as long as the lookback and somebody was active at the start",
    ),
    PeriodFigure(
        Definition(
            "revenue",
            "revenue",
            "currency",
            "sum of the net amounts of all orders in the period, returns included",
            "Returns count on their own day. Rows without a customer id are not in it.",
            "Accounting systems may book a return to the day of the sale, and count tax and shipping.",
        ),
        lambda totals: totals["revenue"] / MONEY_SCALE,
        reach=lambda totals: totals.period.starts_on,
        needs_amounts=True,
    ),
    PeriodFigure(
        Definition(
            "net_revenue_retention",
            "net kept",
            "share",
            "Σ m1 / Σ m0 over the customers active at ends_on - w with m0 > 0; m0 = their net revenue in "
            "[ends_on - 2w, ends_on - w), m1 in [ends_on - w, ends_on)",
            "May exceed 100 %, and is negative where returns exceed purchases. Customers with m0 <= 0 are left out and "
            "counted in unvalued_customers. The windows never overlap. Short windows punish irregular buyers: somebody "
            "who buys twice a year looks lost every quarter.",
            "Subscription businesses compare the monthly fees of one cohort; a shop has none, so windows of purchases "
            "take their place.",
            SAAS,
        ),
        _ratio("revenue_after", "revenue_before"),
        NO_VALUE,
        _before_windows,
        needs_amounts=True,
    ),
    PeriodFigure(
        Definition(
            "gross_revenue_retention",
            "gross kept",
            "share",
            "Σ min(max(m1, 0), m0) / Σ m0, same customers and windows as net_revenue_retention",
            "Never above 100 %: what one customer spends more does not make up for another who left.",
            "As net_revenue_retention.",
            SAAS,
        ),
        _ratio("revenue_kept", "revenue_before"),
        NO_VALUE,
        _before_windows,
        needs_amounts=True,
    ),
    PeriodFigure(
        Definition(
            "gross_revenue_churn",
            "revenue lost",
            "share",
            "1 - gross_revenue_retention",
            "Includes what customers who stayed spend less.",
            "",
            SAAS,
        ),
        _loss("revenue_kept", "revenue_before"),
        NO_VALUE,
        _before_windows,
        needs_amounts=True,
    ),
    PeriodFigure(
        Definition(
            "revenue_churn_lost_customers",
            "left with",
            "share",
            "Σ m0 of those with m1 <= 0, over Σ m0",
            "The part of gross_revenue_churn that left with customers who bought nothing more, net of returns.",
            "",
            SAAS,
        ),
        _ratio("revenue_left", "revenue_before"),
        NO_VALUE,
        _before_windows,
        needs_amounts=True,
    ),
    PeriodFigure(
        Definition(
            "unvalued_customers",
            "no value",
            "customers",
            "customers active at ends_on - w with m0 <= 0, who are left out of revenue retention",
            "They returned as much as they bought, or their purchases in the lookback lie before the first window.",
        ),
        _count("unvalued"),
        reach=_before_windows,
        needs_amounts=True,
    ),
    PeriodFigure(
        Definition(
            "repeat_purchase_rate",
            "repeat",
            "share",
            "share of the period's buyers with purchases on two or more days in it",
            "A day counts once: two orders on one day are one purchase day. It grows with the length of the period.",
            "Many tools divide all customers with two orders ever by all customers, which only grows with time.",
        ),
        _ratio("repeat_buyers", "buyers"),
        NO_BUYER,
        lambda totals: totals.period.starts_on,
    ),
    PeriodFigure(
        Definition(
            "second_order_rate_90_days",
            "2nd in 90 d",
            "share",
            "share with a second purchase day at most 90 days after the first, among customers whose first purchase "
            "lies in the period and who could be followed for 90 days",
            "Whoever first bought less than 90 days before the end of the log is left out.",
            "Without the condition on following, recent periods look worse than they are.",
        ),
        _ratio("second_timers", "first_timers"),
        "no customer who first bought in the period could be followed for 90 days",
    ),
    PeriodFigure(
        Definition(
            "orders_per_customer",
            "orders each",
            "orders",
            "purchases in the period / customers with a purchase in it",
            "Counts orders, not days. Returns and orders of zero are no purchases.",
        ),
        _ratio("purchases", "buyers"),
        NO_BUYER,
        lambda totals: totals.period.starts_on,
    ),
    PeriodFigure(
        Definition(
            "average_order_value",
            "order value",
            "currency",
            "sum of the net amounts of the purchases in the period / their number",
            "Return orders are not in it; rows returned within a purchase are.",
            "Some divide net revenue, returns included, by orders.",
        ),
        lambda totals: divide(totals["purchase_amount"] / MONEY_SCALE, totals["purchases"]),
        NO_BUYER,
        lambda totals: totals.period.starts_on,
        needs_amounts=True,
    ),
    PeriodFigure(
        Definition(
            "reactivation_rate",
            "won back",
            "share",
            "R / customers who lapsed within the 365 days before starts_on: not active at it, and last purchase in "
            "[starts_on - lookback - 365, starts_on - lookback)",
            "R includes those who lapsed longer ago, so it may exceed 100 % in a young or reviving shop.",
            "Denominators differ widely; often all lapsed customers ever.",
        ),
        _ratio("reactivated", "lapsed"),
        "no customer lapsed within the 365 days before the start",
        lambda totals: totals.period.starts_on - totals.lookback - YEAR,
    ),
    PeriodFigure(
        Definition(
            "quick_ratio",
            "quick ratio",
            "ratio",
            "(N + R) / L",
            "Undefined where nobody was lost. Above 1 the customer base grows.",
            "Subscription businesses take revenue instead of customers.",
            SAAS,
        ),
        lambda totals: divide(totals["new"] + totals["reactivated"], totals["at_start"] - totals["retained"]),
        "nobody was lost in the period",
    ),
)
"""In the order of the JSON."""
