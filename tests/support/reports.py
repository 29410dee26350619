"""A small shop whose customers, columns and file have names that would break a careless page."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from churnrisk.decide import Action
from churnrisk.orders import IntakeOptions
from churnrisk.report import AtRisk, ModelSheet, ReportData
from churnrisk.week_list import Entry, ListPart, WeekList
from churnrisk.week_list.purchased import Purchased
from churnrisk.workflows import make_report
from support.cards import make_card

EVIL = "</script><img src=x onerror=alert(1)>"
EVIL_IDS = (
    EVIL,
    '"><svg onload=alert(2)>',
    "' onmouseover='alert(3)",
    "{{ 7 * 7 }}{% raw %}",
    "<!--<script>",
    "a  b\tc",
    "\u202eabc\u2028\u2029",
    "&lt;b&gt;",
)
EVIL_COLUMN = "Klient</th><script>alert(4)</script>"
FIRST = date(2019, 1, 1)


def write_purchases(folder: Path, *, days: int = 1200, has_amounts: bool = True) -> Path:
    """Write a log of 40 customers: number k buys every 20 + 3k days, and stops for good after 300 + 25k of them."""
    path = folder / "evil<img src=x onerror=alert(5)>.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([EVIL_COLUMN, "order_id", "date", *(["amount"] if has_amounts else [])])
        number = 0
        for day in range(days):
            for k in range(40):
                if (day + 7 * k) % (20 + 3 * k) == 0 and k * 11 <= day < 300 + 25 * k:
                    number += 1
                    row = [name_customer(k), f"A{number}", (FIRST + timedelta(days=day)).isoformat()]
                    writer.writerow([*row, f"{10 + k}.50"] if has_amounts else row)
    return path


def name_customer(k: int) -> str:
    """Name the k-th customer."""
    return EVIL_IDS[k] if k < len(EVIL_IDS) else f"customer {k}"


def make_data(folder: Path, *, kind: str | int = "month", days: int = 1200, has_amounts: bool = True) -> ReportData:
    """Measure that shop; nobody is scored."""
    options = IntakeOptions(columns={"customer_id": EVIL_COLUMN})
    source = write_purchases(folder, days=days, has_amounts=has_amounts)
    return make_report(source, kind=kind, models_dir=folder / "models", options=options).data


def make_entry(part: ListPart, place: int, customer: str, **facts: Any) -> Entry:
    """Make a row of the list of a customer with three purchases, the last of a hostile product."""
    bought = Purchased(18_900, 19_000, 3, 41.0, 31.5, (EVIL, "mug"), 94.5, 31.5, 63.0)
    known: dict[str, Any] = {
        "segment": "at_risk",
        "bought": bought,
        "reasons": ("no order for 100 days (typical here: 41)",),
        "action": Action("discount", "segment at_risk"),
        "churn_probability": 1 - place / 100,
        "risk": "high",
        "value_at_risk": 30.0,
        "value_at_risk_most": 60.0,
        "expected_profit": 1.5,
        "return_probability": None,
        "return_value": None,
        "next_order_on": None,
        "observation": None,
        "due_product": None,
        "next_products": ("mug",),
        "change": "new" if place % 2 else "again",
    }
    return Entry(part=part, place=place, customer_id=customer, **(known | facts))


def make_list(customers: Sequence[str], **facts: Any) -> WeekList:
    """Make a list of customers to contact."""
    entries = tuple(make_entry("contact", place, one) for place, one in enumerate(customers, start=1))
    known: dict[str, Any] = {"as_of": 19_097, "horizon": 90, "by": "profit", "contact": entries}
    return WeekList(**(known | facts))


def with_scores(data: ReportData) -> ReportData:
    """Add the list of this week, and a hostile currency."""
    risk = AtRisk(
        model="20220415T000000.000Z-00000000",
        trained_as_of="2022-04-15",
        as_of="2022-04-15",
        horizon_days=90,
        lookback_days=365,
        lead_days=0,
        scored=20,
        lapsed=20,
        bands={"high": {"customers": 8, "churn_rate": 0.7}, "low": {"customers": 12, "churn_rate": None}},
    )
    model = ModelSheet(version=risk.model, card=make_card())
    listed = make_list(EVIL_IDS)
    return replace(
        data, at_risk=risk, week_list=listed, model=model, no_list="", table=replace(data.table, currency=EVIL)
    )
