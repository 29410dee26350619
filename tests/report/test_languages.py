"""The page in the other languages: nothing is left in English, and it is still the same page."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from churnrisk.messages import speaking
from churnrisk.orders import read_list
from churnrisk.report import ReportData, render_report
from churnrisk.tables import Table, write_table
from support.reports import EVIL_IDS

LATIN = re.compile(r"[A-Za-z]{3,}")
OURS = {
    *("churnrisk", "JavaScript", "Apache", "ECharts", "AUC", "RFM", "NBD", "lead", "cohorts", "wide", "score", "train"),
    *("customers", "customer", "spring", "RFM", "unvalued", "windows", "starts", "ends", "rate", "text", "commas"),
}


class Words(HTMLParser):
    """Collects the text of a page that is ours: not the data's, not scripts, and not names of columns."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self._skipped: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "bdi", "code"):
            self._skipped.append(tag)
        self.text += [value or "" for name, value in attrs if name == "aria-label"]

    def handle_endtag(self, tag: str) -> None:
        if self._skipped and self._skipped[-1] == tag:
            self._skipped.pop()

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.text.append(data)


@pytest.fixture(scope="module")
def plain(data: ReportData) -> ReportData:
    """The shop without what is written by stages below: notices, reasons, and the names of its columns."""
    assert data.at_risk is not None
    customers = tuple({**one, "reason": None} for one in data.at_risk.customers)
    intake = {**data.intake, "columns": {}, "notices": [], "source": "", "reasons": {}}
    return replace(
        data,
        at_risk=replace(data.at_risk, customers=customers),
        intake=intake,
        table=replace(data.table, currency="BGN", notices=()),
    )


@pytest.mark.parametrize("language", ["bg", "be"])
def test_nothing_is_left_in_english(plain: ReportData, language: str) -> None:
    with speaking(language):
        page = render_report(plain)
    assert f'<html lang="{language}">' in page
    said = " ".join(Words(page).text)
    left = {word for word in LATIN.findall(said) if word not in OURS and word not in ("BGN", "GBP")}
    assert {word for word in left if "_" not in word and not re.search(rf"\w_{word}|{word}_\w", said)} == set()
    for name in EVIL_IDS[1:3]:
        assert name not in page  # still escaped


def test_figures_and_charts_speak_the_language(plain: ReportData) -> None:
    with speaking("pl"):
        page = render_report(plain)
    assert "78,0 %" not in page
    assert "Przedział 95 %: 0,76 – 0,80" in page
    assert '"name":"ten model"' in page
    assert render_report(plain).count("this model") > 1


@pytest.mark.parametrize("language", ["bg", "pl", "be"])
def test_headings_of_a_sheet_are_said_and_the_sheet_is_read_back(language: str, tmp_path: Path) -> None:
    table = Table(
        {"customer_id": ["007", "=a"], "value_at_risk": [1.5, 2.25], "as_of": ["2026-01-01"] * 2, "own": "xy"}
    )
    sheet = tmp_path / "list.xlsx"
    with speaking(language):
        write_table(table, sheet, is_for_people=True)
        write_table(table, tmp_path / "plain.xlsx")
        write_table(table, tmp_path / "list.csv", is_for_people=True)
    listed = read_list(sheet)
    assert listed.customer_ids == ["007", "=a"]
    assert list(listed.columns) == ["value_at_risk", "as_of", "own"]
    assert listed.numbers("value_at_risk").tolist() == [1.5, 2.25]
    assert (tmp_path / "list.csv").read_text(encoding="utf-8").startswith("customer_id,value_at_risk")
    assert sheet.read_bytes() != (tmp_path / "plain.xlsx").read_bytes()
