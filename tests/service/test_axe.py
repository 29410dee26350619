"""Accessibility of every page by axe-core: WCAG 2.1, level AA, on a wide and on a narrow screen, light and dark."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.browser import Browser
    from support.dashboard import Dashboard

ROOT = Path(__file__).parents[2]
AXE = ROOT / "tests" / "support" / "vendor" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
PAGES = (
    *("/", "/list", "/customers", "/customers?status=lapsed", "/customer?id=12346", "/customer?id=15749", "/products"),
    *("/cohorts", "/segments", "/model", "/campaigns", "/campaigns?of=list", "/monitor", "/jobs"),
)
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: arguments[0], resultTypes: ["violations"]}).then(
  (found) => done(found.violations.map((one) => [one.id, one.nodes.map((node) => node.target.join(" "))])),
  (error) => done(String(error)));
"""


def violations(browser: Browser) -> Any:
    browser.driver.execute_script(AXE.read_text(encoding="utf-8"))
    return browser.driver.execute_async_script(RUN, RULES)


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (360, "dark")])
def test_no_page_breaks_a_rule(browser: Browser, dashboard: Dashboard, width: int, theme: str) -> None:
    broken = {}
    for page in PAGES:
        browser.visit(dashboard.url + page, width=width, height=1000, theme=theme)
        if found := violations(browser):
            broken[page] = found
    assert not broken, json.dumps(broken, indent=1)


def test_a_rule_that_is_broken_is_found(browser: Browser, dashboard: Dashboard) -> None:
    browser.visit(f"{dashboard.url}/customers")
    browser.run("document.querySelector('label[for=min_value]').remove()")
    assert [name for name, _ in violations(browser)] == ["label"]


def test_axe_is_that_of_the_notice() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() in notice
