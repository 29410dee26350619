"""The definitions page and the glossary are those of the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnrisk.retention import DEFINITIONS, SEGMENTS, measure_retention
from churnrisk.retention.pages import definitions_page, glossary_page
from support.retention_logs import buy, small_log

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
REGENERATE = "run: python -m churnrisk.retention.pages docs/reference"


@pytest.mark.parametrize(("name", "page"), [("definitions.md", definitions_page), ("glossary.md", glossary_page)])
def test_the_pages_are_up_to_date(name: str, page: object) -> None:
    assert callable(page)
    assert (REFERENCE / name).read_text(encoding="utf-8") == page(), REGENERATE


def test_every_figure_is_defined_whole() -> None:
    row = measure_retention(small_log(*buy("a", 15_000)), "month").rows[0]
    assert set(row.figures) <= set(DEFINITIONS)
    for definition in DEFINITIONS.values():
        assert all((definition.title, definition.unit, definition.formula, definition.source)), definition.name
        assert f"### {definition.name}\n" in definitions_page()


def test_every_cell_is_on_the_page_once() -> None:
    table = definitions_page().split("| segment | meaning | cells RFM |")[1]
    table = table.split("\n## ")[0]
    cells = [word for word in table.replace("|", " ").split() if len(word) == 3 and word.isdigit()]
    assert len(cells) == len(set(cells)) == 125
    assert all(f"| {name} |" in table for name in SEGMENTS)


def test_titles_are_unique_so_that_a_column_means_one_thing() -> None:
    titles = [definition.title for definition in DEFINITIONS.values()]
    assert len(titles) == len(set(titles))
