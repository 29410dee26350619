"""The page in the other languages: nothing is left in English, and it is still the same page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from churnrisk.messages import speaking
from churnrisk.orders import read_list
from churnrisk.report import MeasuredCampaign, ReportData, render_report
from churnrisk.report.names import SAID
from churnrisk.schema import OUTCOMES, RISKS
from churnrisk.tables import Table, write_table
from support.reports import EVIL_IDS
from support.words import left_in_english

VERDICTS = (
    "There was no control group, so nobody can tell what the campaign did: 61.5% of the contacted bought, and how many "
    "would have bought anyway is not known.",
    "Too few to tell: the difference was +1.2 points [-4.0, 6.4]; 5,300 customers are needed to see 3 points with this "
    "split.",
)
NOTICES = (
    "orders.xlsx has 3 sheets; 'Orders (old)' was read.",
    "These columns hold personal data and are not used: Phone, Email of customer.",
)


@pytest.fixture(scope="module")
def told(data: ReportData) -> ReportData:
    """The shop with all that stages below write: reasons, verdicts, notices and reasons of rejection."""
    campaigns = tuple(
        MeasuredCampaign(
            name=f"spring {k}",
            starts_on="2022-03-01",
            contacted=90,
            kept_back=10,
            outcome="retained",
            effect=0.012,
            low=-0.04,
            high=0.064,
            profit=None,
            verdict=verdict,
        )
        for k, verdict in enumerate(VERDICTS)
    )
    reasons = {"no customer id": 3, "not a date of the column's format, dd.mm.yyyy": 2}
    intake = {**data.intake, "notices": [*data.intake["notices"], *NOTICES], "source": "", "reasons": reasons}
    return replace(data, campaigns=campaigns, intake=intake, table=replace(data.table, currency=None))


@pytest.mark.parametrize("language", ["bg", "be"])
def test_nothing_is_left_in_english(told: ReportData, language: str) -> None:
    with speaking(language):
        page = render_report(told)
    assert f'<html lang="{language}">' in page
    names = {"orders", "xlsx", "Orders", "old", "Phone", "Email", "customer", "spring", "yyyy"}
    names |= {"mug", "img", "src", "onerror", "alert", "script"}  # of the product that was bought last
    assert left_in_english(page, language) <= names
    for name in EVIL_IDS[1:3]:
        assert name not in page  # still escaped


def test_figures_and_charts_speak_the_language(told: ReportData) -> None:
    with speaking("pl"):
        page = render_report(told)
    assert "78,0 %" not in page
    assert "Przedział 95 %: 0,76 – 0,80" in page
    assert '"name":"ten model"' in page
    assert render_report(told).count("this model") > 1
    assert "brak zamówienia od 97 dni, od 8 sty 2022; zwykle co 41" in page


@pytest.mark.parametrize("language", ["bg", "pl", "be"])
def test_headings_of_a_sheet_are_said_and_the_sheet_is_read_back(language: str, tmp_path: Path) -> None:
    table = Table(
        {"customer_id": ["007", "=a"], "value_at_risk": [1.5, 2.25], "as_of": ["2026-01-01"] * 2, "own": "xy"}
    )
    sheet = tmp_path / "list.xlsx"
    with speaking(language):
        write_table(table, sheet, holds=None, is_for_people=True)
        write_table(table, tmp_path / "plain.xlsx", holds=None)
        write_table(table, tmp_path / "list.csv", holds=None, is_for_people=True)
    listed = read_list(sheet)
    assert listed.customer_ids == ["007", "=a"]
    assert list(listed.columns) == ["value_at_risk", "as_of", "own"]
    assert listed.numbers("value_at_risk").tolist() == [1.5, 2.25]
    assert (tmp_path / "list.csv").read_text(encoding="utf-8").startswith("customer_id,value_at_risk")
    assert sheet.read_bytes() != (tmp_path / "plain.xlsx").read_bytes()


def test_pages_can_say_every_level_of_risk_and_every_outcome() -> None:
    assert set(SAID) == {*RISKS, *OUTCOMES}
