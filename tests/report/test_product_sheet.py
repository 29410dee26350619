"""What is told of products stands there with its doubt; customers only where they are wanted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from churnrisk.messages import write_date
from churnrisk.orders import IntakeOptions
from churnrisk.report import Block, DataTable, ReportData, Words, describe_products, percent, render_report
from churnrisk.report.product_sheet import build_products
from churnrisk.week_list import ListPlan
from churnrisk.workflows import make_report
from support.products import regular_shop, table_of


def tables_of(blocks: list[Block]) -> dict[str, DataTable]:
    return {block.title: block for block in blocks if isinstance(block, DataTable)}


def test_each_list_has_its_rows_and_each_figure_its_doubt(data: ReportData) -> None:
    told = data.products
    assert told is not None
    blocks = list(describe_products(told))
    tables = tables_of(blocks)
    assert [len(table.rows) for table in tables.values()] == [
        *(len(told["due"][name]["rows"]) for name in ("soon", "late")),
        *(len(told[name]["rows"]) for name in ("stopping", "first")),
    ]
    first, row = told["due"]["soon"]["rows"][0], tables["Due within a week"].rows[0]
    assert row[:2] == (first["customer_id"], first["title"])
    assert row[4] == f"{write_date(first['from_on'])} to {write_date(first['to_on'])}"
    assert row[5] == percent(first["comes_again_probability"])
    back = told["due"]["look_back"]
    words = " ".join(block.text for block in blocks if isinstance(block, Words))
    for share in (back["expected"], back["came"], back["inside"]):
        assert percent(share) in words


def test_only_pages_lead_to_customers(data: ReportData) -> None:
    told = data.products
    assert told is not None
    for has_links in (False, True):
        tables = tables_of(list(describe_products(told, has_links=has_links)))
        pages = {title: {column.page for column in table.columns} for title, table in tables.items()}
        assert ("/customer" in pages["Due within a week"]) == has_links
        assert pages["Products whose regulars stop"] == {""}
    assert 'href="/customer' not in render_report(data)


def test_what_is_not_known_is_said(data: ReportData) -> None:
    told = data.products
    assert told is not None
    blocks = list(describe_products({**told, "due": None, "first": None, "stopping": None}))
    assert len(blocks) == 3
    assert all(isinstance(block, Words) for block in blocks)
    assert build_products(replace(data, products=None)) is None


def test_a_report_without_customers_names_none(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    table_of(regular_shop()).to_csv(log, index=False)
    options = IntakeOptions(amounts="line")
    for top in (0, 5):
        data = make_report(log, plan=ListPlan(size=top), models_dir=tmp_path, options=options).data
        assert data.products is not None
        assert len(data.products["due"]["soon"]["rows"]) == top
        page, shown = render_report(data), [row["customer_id"] for row in data.products["due"]["soon"]["rows"]]
        assert all(f">{one}<" in page for one in shown)
        assert (">c0" in page) == (top > 0)
