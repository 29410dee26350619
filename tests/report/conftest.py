"""One report on the hostile shop for all tests of the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnrisk.report import ReportData, render_report
from support.reports import make_data, with_scores


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> ReportData:
    """Measured by month, with a list of those at risk."""
    return with_scores(make_data(tmp_path_factory.mktemp("shop")))


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
