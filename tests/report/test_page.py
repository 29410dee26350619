"""The page as text: whole, safe with hostile data, and the same each time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from churnrisk.report import ReportData, describe_report, render_report
from churnrisk.report.page import digest, show_foreign, to_script_json
from support.reports import EVIL, EVIL_COLUMN, EVIL_IDS, make_data

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "churnrisk" / "report" / "static"
NUMBER = r"[0-9][0-9,.-]*[0-9]|[0-9]"
MOST_BYTES = 1_500_000


class Reader(HTMLParser):
    """Collects the elements of a page, their text, and what scripts and styles hold."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []
        self.raw: dict[str, list[str]] = {"script": [], "style": [], "json": []}
        self.ids: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = {name: value or "" for name, value in attrs}
        self.attributes += given.items()
        self.ids += [given["id"]] if "id" in given else []
        if tag in ("script", "style"):
            self.raw["json" if given.get("type") == "application/json" else tag].append("")
            self._open = ["json" if given.get("type") == "application/json" else tag]

    def handle_endtag(self, tag: str) -> None:
        self._open = []

    def handle_data(self, data: str) -> None:
        if self._open:
            self.raw[self._open[0]][-1] += data
        else:
            self.text.append(data)


@pytest.fixture(scope="module")
def reader(page: str) -> Reader:
    return Reader(page)


def test_hostile_names_are_text_and_nothing_else(reader: Reader) -> None:
    text = "".join(reader.text)
    for name in (*EVIL_IDS, EVIL_COLUMN):
        assert show_foreign(name) in text
    assert not {"img", "svg", "iframe", "object", "b", "form"} & set(reader.tags)
    assert reader.tags.count("script") == 2 + len(reader.raw["json"])  # the library, ours, and data
    assert not [name for name, _ in reader.attributes if name.startswith("on")]


def test_scripts_and_style_are_our_files_and_the_policy_names_them(page: str, reader: Reader) -> None:
    for kind, names in (("script", ["echarts.min.js", "report.js"]), ("style", ["report.css"])):
        assert reader.raw[kind] == [(STATIC / name).read_text(encoding="utf-8") for name in names]
    policy = re.search(r'Policy" content="([^"]*)"', page)
    assert policy is not None
    allowed = policy[1].replace("&#39;", "'")
    assert allowed.startswith("default-src 'none'; ")
    assert "script-src 'unsafe" not in allowed
    for text in (*reader.raw["script"], *reader.raw["style"]):
        assert f"'{digest(text)}'" in allowed


def test_data_in_scripts_is_json_that_cannot_end_the_element(reader: Reader) -> None:
    assert len(reader.raw["json"]) >= 6  # themes, and the charts
    for text in reader.raw["json"]:
        json.loads(text)
        assert not set("<>&\u2028\u2029") & set(text)


@pytest.mark.parametrize("value", [EVIL, "<!--", "\u2028\u2029", "&amp;", {"a<b": ["</SCRIPT>"]}])
def test_script_json_keeps_the_value(value: object) -> None:
    text = to_script_json(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)
    with pytest.raises(ValueError, match="Out of range"):
        to_script_json(float("nan"))


def test_vendored_files_hold_nothing_that_ends_a_script(reader: Reader) -> None:
    assert list(STATIC.glob("*.js"))
    for path in STATIC.glob("*.js"):
        text = path.read_text(encoding="utf-8").lower()
        assert [bad for bad in ("</script", "<!--", "\r") if bad in text] == []


def test_echarts_is_the_file_that_the_notice_names() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert hashlib.sha256((STATIC / "echarts.min.js").read_bytes()).hexdigest() in notice
    assert "Apache ECharts 6.1.0" in notice


def test_the_page_asks_for_nothing(page: str, reader: Reader) -> None:
    wanted = [(name, value) for name, value in reader.attributes if name in ("src", "href", "action", "srcset")]
    assert [(name, value) for name, value in wanted if not value.startswith(("#", "data:,"))] == []
    assert "url(" not in (STATIC / "report.css").read_text(encoding="utf-8")
    assert len(page.encode()) < MOST_BYTES


def test_every_link_has_its_target_and_no_id_stands_twice(reader: Reader) -> None:
    targets = {value[1:] for name, value in reader.attributes if name == "href" and value.startswith("#")}
    assert targets <= set(reader.ids)
    assert len(reader.ids) == len(set(reader.ids))
    for name in ("aria-labelledby", "data-option"):
        assert {value for key, value in reader.attributes if key == name} <= set(reader.ids)


def test_every_chart_has_its_numbers_in_a_table(reader: Reader) -> None:
    charts = [value for name, value in reader.attributes if name == "data-option"]
    assert charts == [f"{name}-option" for name in ("active", "movement", "retention", "revenue")] + [
        "cohort-map-option",
        "segment-shares-option",
        *(f"{name}-option" for name in ("calibration", "lift", "profit", "backtest", "drivers")),
    ]
    assert reader.tags.count("details") == len(charts)


def test_the_same_data_gives_the_same_bytes(page: str, data: ReportData, tmp_path: Path) -> None:
    assert render_report(data) == page
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    first, second = (render_report(make_data(tmp_path / name)) for name in ("one", "two"))
    assert first == second


def test_a_page_with_very_many_periods_stays_light(tmp_path: Path) -> None:
    data = make_data(tmp_path, kind=3)
    assert len(data.table.rows) >= 390
    assert len(render_report(data).encode()) < MOST_BYTES


def test_the_description_is_json(data: ReportData) -> None:
    described = json.loads(json.dumps(describe_report(data), allow_nan=False))
    assert described["week_list"]["contact"][0]["customer_id"] == EVIL
    assert list(described) == [
        "churnrisk",
        "retention",
        "changes",
        "cohorts",
        "segments",
        "at_risk",
        "week_list",
        "model",
        "no_list",
        "products",
        "campaigns",
        "intake",
        "sections",
    ]


def test_json_has_every_number_of_the_page(data: ReportData, reader: Reader) -> None:
    described = set(re.findall(NUMBER, "\n".join(texts_of(describe_report(data)))))
    shown = set(re.findall(NUMBER, "\n".join(reader.text)))
    assert len(shown) > 300
    assert shown - described == set()


def texts_of(value: object) -> Iterator[str]:
    """Yield every text in plain values."""
    if isinstance(value, dict):
        for one in value.values():
            yield from texts_of(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from texts_of(one)
    else:
        yield str(value)
