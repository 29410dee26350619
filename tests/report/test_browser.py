"""The page in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.browser import Browser

CHARTS = 11
DRAWN = """
return [...document.querySelectorAll(".chart")].map((chart) => ({
  marks: chart.querySelectorAll("svg path, svg rect").length,
  words: chart.querySelectorAll("svg text").length,
  width: chart.querySelector("svg").getBoundingClientRect().width,
  room: chart.clientWidth,
}));
"""


@pytest.fixture(scope="module")
def browser(require: Callable[..., None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    require("chromium", "chromedriver", "selenium")
    from support.browser import open_browser

    with open_browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_charts_are_drawn_and_nothing_overflows(browser: Browser, page_file: Path, width: int, theme: str) -> None:
    browser.show(page_file, width=width, theme=theme)
    charts = browser.run(DRAWN)
    assert len(charts) == CHARTS
    for chart in charts:
        assert chart["marks"] > 3
        assert chart["words"] > 3
        assert chart["width"] == chart["room"] > 200
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.run("return document.documentElement.clientWidth") <= width
    assert browser.complaints() == []
    assert set(browser.requests()) <= {page_file.as_uri(), "data:,"}


def test_no_name_of_the_data_became_an_element(browser: Browser, page_file: Path) -> None:
    browser.show(page_file)
    assert browser.run("return document.querySelectorAll('img, main script:not([type]), iframe').length") == 0
    assert browser.run("return document.querySelectorAll('[onerror], [onload], [onmouseover]').length") == 0
    first = browser.run("return document.querySelector('#week-list tbody .foreign').textContent")
    assert first == "</script><img src=x onerror=alert(1)>"


def test_the_policy_stops_a_script_that_is_not_ours(browser: Browser, page_file: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed.html"
    text = page_file.read_text(encoding="utf-8")
    changed.write_text(text.replace("</main>", "<script>document.title = 'owned'</script></main>"), encoding="utf-8")
    browser.show(changed)
    assert browser.run("return document.title").startswith("Retention report")
    assert any("Content Security Policy" in complaint for complaint in browser.complaints())


def test_the_keyboard_reaches_links_numbers_and_tables(browser: Browser, page_file: Path) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.show(page_file)
    ActionChains(browser.driver).send_keys(Keys.TAB).perform()
    assert browser.run("return document.activeElement.className") == "skip"
    browser.run("document.querySelector('#active summary').focus()")
    ActionChains(browser.driver).send_keys(Keys.ENTER).perform()
    assert browser.run("return document.querySelector('#active details').open") is True
    ActionChains(browser.driver).send_keys(Keys.TAB).perform()
    assert browser.run("return document.activeElement.getAttribute('role')") == "region"


def test_print_is_light_and_fits_the_paper(browser: Browser, page_file: Path) -> None:
    browser.show(page_file, theme="dark")
    browser.run("window.dispatchEvent(new Event('beforeprint'))")
    assert {chart["width"] for chart in browser.run(DRAWN)} == {680}
    assert "#0b62a8" in browser.run("return document.querySelector('#active svg').outerHTML").lower()
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert "#6cb6ff" in browser.run("return document.querySelector('#active svg').outerHTML").lower()
    for chart in browser.run(DRAWN):
        assert chart["width"] == chart["room"]
