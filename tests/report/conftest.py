"""One report on the hostile shop for all tests of the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from churnrisk.products import read_pair_days, sum_up_products
from churnrisk.report import ReportData, render_report
from support.products import END, open_rows, repeat_rows, with_hostile_names
from support.reports import make_data, with_scores


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    """Measured by month, with a list of those at risk, and what is told of products of another shop."""
    with open_rows(with_hostile_names(repeat_rows(1, customers=300, items=5, days=900))) as orders:
        products = sum_up_products(read_pair_days(orders, END))
    return replace(with_scores(make_data(tmp_path_factory.mktemp("shop"))), products=products)


@pytest.fixture(scope="session")
def page(data: ReportData) -> str:
    """The HTML."""
    return render_report(data)


@pytest.fixture(scope="session")
def page_file(page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The HTML as a file."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path
