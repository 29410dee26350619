"""What the sections say, checked against the figures that they were made from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from churnrisk.report import MeasuredCampaign, ReportData, render_report
from churnrisk.report.at_risk import build_at_risk
from churnrisk.report.blocks import Cards, Chart, DataTable, Section, Words
from churnrisk.report.campaigns import build_campaigns
from churnrisk.report.catalogue import SECTIONS, build_sections
from churnrisk.report.formats import amount, growth, percent, points, whole
from churnrisk.report.overview import build_overview, make_cards
from churnrisk.report.trends import build_trends
from support.reports import make_data

CAMPAIGN = MeasuredCampaign(
    name="spring",
    starts_on="2011-10-01",
    contacted=900,
    kept_back=100,
    outcome="retained",
    effect=0.031,
    low=0.012,
    high=0.05,
    profit=120.5,
    verdict="It kept 3.1 points more [1.2, 5.0].",
)


def charts_of(section: Section) -> dict[str, Chart]:
    return {block.name: block for block in section.blocks if isinstance(block, Chart)}


def words_of(section: Section) -> str:
    return " ".join(block.text for block in section.blocks if isinstance(block, Words))


def test_sections_stand_in_their_order(data: ReportData) -> None:
    names = [section.name for section in build_sections(replace(data, campaigns=(CAMPAIGN,)))]
    assert names == [
        *("overview", "week-list", "trends", "cohorts", "segments", "at-risk", "products", "model"),
        *("campaigns", "definitions", "account"),
    ]
    assert len(names) == len(SECTIONS)


def test_campaigns_stand_there_once_one_is_measured(data: ReportData) -> None:
    assert build_campaigns(data) is None
    alone = replace(CAMPAIGN, name="no control", kept_back=0, effect=None, low=None, high=None, profit=None)
    section = build_campaigns(replace(data, campaigns=(CAMPAIGN, alone)))
    assert section is not None
    [table] = [block for block in section.blocks if isinstance(block, DataTable)]
    assert list(charts_of(section)) == ["effects"]  # of the one that has an interval
    assert charts_of(section)["effects"].option["yAxis"]["data"] == ["spring"]
    assert table.rows[0][4:] == ("+3.1 points", "+1.2 points to +5.0 points", "120.50")
    assert table.rows[1][3:] == ("0", "–", "–", "–")
    assert "kept 3.1 points more" in words_of(section)


def test_the_name_of_a_campaign_is_text_on_the_page(data: ReportData) -> None:
    page = render_report(replace(data, campaigns=(replace(CAMPAIGN, name="<img src=x onerror=alert(1)>"),)))
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_the_overview_compares_the_last_complete_period_with_the_year_before(data: ReportData) -> None:
    rows = {row.period.name: row for row in data.table.rows}
    last = [row for row in data.table.rows if row.complete][-1]
    before = rows[f"{int(last.period.name[:4]) - 1}{last.period.name[4:]}"]
    [cards] = [block for block in build_overview(data).blocks if isinstance(block, Cards)]
    shown = {card.title: card for card in cards.cards}
    now, then = last.figures, before.figures
    assert shown["Active customers"].value == whole(now["customers_at_end"])
    assert now["customers_at_end"] is not None
    assert then["customers_at_end"]
    change = growth(now["customers_at_end"], then["customers_at_end"])
    assert shown["Active customers"].change == f"{change} on {before.period.name}"
    assert shown["Retained"].value == percent(now["retention_rate"])
    assert now["retention_rate"] is not None
    assert then["retention_rate"] is not None
    difference = points(now["retention_rate"] - then["retention_rate"])
    assert shown["Retained"].change == f"{difference} on {before.period.name}, may be noise"
    assert last.period.name in words_of(build_overview(data))


def test_without_a_year_before_the_month_before_is_named_and_the_season_is_not_hidden(tmp_path: Path) -> None:
    data = make_data(tmp_path, days=600)
    [cards] = [block for block in build_overview(data).blocks if isinstance(block, Cards)]
    assert cards.cards == make_cards(data)  # those of the dashboard are the same
    changes = {card.title: card.change for card in cards.cards}
    assert " on 2019-" in changes["Revenue"]
    last, latest = [row for row in data.table.rows if row.complete][-2:]
    past, now = (row.figures["customers_at_end"] for row in (last, latest))
    assert past is not None
    assert now is not None
    season = "the season is in it: the log has no year before"
    assert changes["Active customers"] == f"{growth(now, past)} on {last.period.name}, {season}"
    assert changes["Retained"].endswith(season)
    assert "noise" not in changes["Retained"]


def test_trends_leave_out_what_is_not_known(data: ReportData) -> None:
    charts = charts_of(build_trends(data))
    complete = [row for row in data.table.rows if row.complete]
    active = charts["active"].option
    assert active["xAxis"]["data"] == [row.period.name for row in complete]
    assert active["series"][0]["data"] == [row.figures["customers_at_end"] for row in complete]
    assert len(charts["revenue"].option["xAxis"]["data"]) > len(complete)
    assert [row[0] for row in charts["active"].table.rows] == active["xAxis"]["data"]


def test_a_short_log_still_gives_a_report(tmp_path: Path) -> None:
    data = make_data(tmp_path, days=100)
    sections = {section.name: section for section in build_sections(data)}
    assert "Not complete" in words_of(sections["overview"])
    assert list(charts_of(sections["trends"])) == ["revenue"]
    assert data.changes == ()


def test_a_log_of_one_day_still_gives_a_report(tmp_path: Path) -> None:
    sections = {section.name: section for section in build_sections(make_data(tmp_path, days=1))}
    assert charts_of(sections["trends"]) == {}
    assert "nothing to follow" in words_of(sections["cohorts"])


def test_without_amounts_there_is_no_money_on_the_page(tmp_path: Path) -> None:
    sections = {section.name: section for section in build_sections(make_data(tmp_path, has_amounts=False))}
    [cards] = [block for block in sections["overview"].blocks if isinstance(block, Cards)]
    assert [card.title for card in cards.cards] == ["Active customers", "Retained", "Lost", "No purchase"]
    assert list(charts_of(sections["trends"])) == ["active", "movement", "retention"]
    [chart] = charts_of(sections["segments"]).values()
    assert [series["name"] for series in chart.option["series"]] == ["of customers"]
    assert [column.title for column in chart.table.columns] == ["Segment", "customers", "of customers"]


def test_without_a_model_one_sentence_says_how_to_get_the_list(data: ReportData, tmp_path: Path) -> None:
    unscored = make_data(tmp_path)
    [section] = [one for one in build_sections(unscored) if one.name == "at-risk"]
    [words] = section.blocks
    assert isinstance(words, Words)
    assert "churnrisk train" in words.text
    assert not [one for one in build_sections(unscored) if one.name == "week-list"]
    [scored] = [one for one in build_sections(data) if one.name == "at-risk"]
    assert [block.title for block in scored.blocks if isinstance(block, DataTable)] == ["By level of risk"]
    [listed] = [one for one in build_sections(data) if one.name == "week-list"]
    [table] = [block for block in listed.blocks if isinstance(block, DataTable)]
    assert len(table.rows) == 8
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_the_account_adds_up(data: ReportData) -> None:
    [section] = [one for one in build_sections(data) if one.name == "account"]
    rows = section.blocks[0]
    assert isinstance(rows, DataTable)
    counts = [int(row[1].replace(",", "")) for row in rows.rows]
    assert counts[0] == sum(counts[1:5]) == data.intake["rows_in"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (percent(-0.0001), "0.0 %"),
        (whole(-0.4), "0"),
        (amount(-1234.5), "−1,234.50"),
        (points(0.0), "0.0 points"),
        (growth(120, 100), "+20.0 %"),
        (percent(None), "–"),
    ],
)
def test_numbers_are_written_as_a_reader_expects(written: str, expected: str) -> None:
    assert written == expected


def test_what_is_to_be_known_of_the_grade_stands_above_the_list(data: ReportData) -> None:
    assert data.at_risk is not None
    weak = replace(data, at_risk=replace(data.at_risk, warnings=("The model has grade E.",)))
    section = build_at_risk(weak)
    assert "The model has grade E." in words_of(section)
    assert len([block for block in section.blocks if isinstance(block, DataTable)]) == 1  # the bands alone
