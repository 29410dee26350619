"""What lifetime value means here; the forecast itself is made elsewhere."""

from __future__ import annotations

from churnrisk.retention.definitions import Definition

DEFINITIONS = (
    Definition(
        "historical_value",
        "to date",
        "currency",
        "net revenue of the customer base to date",
        "Returns are taken off.",
        "Often called CLV although nothing of it is in the future.",
    ),
    Definition(
        "lifetime_value",
        "expected",
        "currency",
        "Σ over months k of expected orders in month k x expected order value x margin / (1 + d)^((k - 1/2) / 12), "
        "d a year's discount rate, a month 365 / 12 days; over the customer base",
        "Orders are purchase days, their value the expected amount of a purchase day less the share that is returned; "
        "single purchases far out of the ordinary are cut before anything is learned from them. The level is corrected "
        "by what the same forecast of a year ago, and of the years before it, was off by. Where a model is in use its "
        "churn probabilities are taken into account, and the total over its windows is that of `churnrisk score`. "
        "The horizon is stated, never infinite. The interval covers chance, the fit, and an error of the models of "
        "20 % (what they were off by on logs of real shops); where the log allows, it is stretched to hold the error "
        "of the same forecast one horizon earlier. It does not cover a change of the shop.",
        "Common formulas multiply averages (order value x frequency x lifespan = 1 / churn), which overrates customers "
        "who have left, and add up cumulative expectations month by month, which counts early orders many times.",
        "Fader, Hardie & Lee (2005), RFM and CLV: Using Iso-Value Curves for Customer Base Analysis, J. Marketing "
        "Research 42(4)",
    ),
)
