"""What an analyst does on a Monday, in a real browser: the list, customers, a filter, an export, a campaign."""

from __future__ import annotations

import contextlib
import csv
import io
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pandas as pd
import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from churnrisk.campaigns import Member, list_campaigns, list_measured, load_members
from churnrisk.report.page import show_foreign
from churnrisk.shop import prepare_shop
from churnrisk.timeline import date_of

if TYPE_CHECKING:
    from support.browser import Browser
    from support.dashboard import Dashboard


def texts(browser: Browser, selector: str) -> list[str]:
    found: list[str] = browser.run(f"return [...document.querySelectorAll('{selector}')].map((one) => one.textContent)")
    return found


def download(browser: Browser, dashboard: Dashboard, path: str) -> httpx.Response:
    """Ask as the browser would, with its session."""
    cookies = {one["name"]: one["value"] for one in browser.driver.get_cookies()}
    return httpx.get(dashboard.url + path, cookies=cookies)


def test_from_the_list_to_a_campaign(browser: Browser, dashboard: Dashboard) -> None:
    browser.visit(f"{dashboard.url}/")
    assert texts(browser, "h2")[0] == "This week’s list"
    first = texts(browser, ".week-list tbody th bdi")
    assert len(first) == 10
    assert all(texts(browser, ".week-list tbody tr td:nth-child(3)"))
    for customer in first[:3]:
        browser.visit(f"{dashboard.url}/")
        browser.follow(f".week-list tbody tr:nth-child({first.index(customer) + 1}) th a")
        assert texts(browser, "h1 bdi") == [customer]
    browser.visit(f"{dashboard.url}/")
    browser.follow('.week-list a[href="/list"]')
    everybody = texts(browser, ".week-list .table-block:first-of-type tbody th bdi")
    assert everybody[:10] == first
    assert len(everybody) == 50
    book = download(browser, dashboard, "/list.xlsx")
    assert book.headers["content-type"].startswith("application/vnd.openxmlformats")
    sheet = pd.read_excel(io.BytesIO(book.content), engine="calamine", dtype=str)
    ids = [show_foreign(one).removeprefix("'") for one in sheet["customer id"]]
    assert ids == [one.removeprefix("'") for one in everybody]

    browser.visit(f"{dashboard.url}/list")
    browser.follow('a[href="/campaigns?of=list"]')
    assert browser.run("return document.querySelector('#of').value") == "list"
    browser.type("#name", "monday")
    browser.type("#window", "5")
    browser.type("#contact_cost", "0.5")
    browser.type("#holdout", "20")
    browser.follow("form.make button")
    assert "Made: monday" in texts(browser, "[role=status]")[0]
    [stored] = [one for one in list_campaigns(dashboard.shop.state) if one.campaign.name == "monday"]
    members = {show_foreign(one.customer_id) for one in members_of(dashboard)}
    assert members == set(everybody), "the campaign is of the customers of the list"
    assert stored.campaign.contact_cost == 0.5
    assert stored.control == 10
    browser.visit(f"{dashboard.url}/")
    assert not set(texts(browser, ".week-list tbody th bdi")) & members, "nobody is listed while the campaign runs"
    assert "50 in a campaign" in texts(browser, ".week-list p")[0]
    measure_next_week(browser, dashboard, sorted(one.customer_id for one in members_of(dashboard) if one.is_treated))
    assert browser.complaints() == []


def members_of(dashboard: Dashboard) -> list[Member]:
    [stored] = [one for one in list_campaigns(dashboard.shop.state) if one.campaign.name == "monday"]
    return load_members(dashboard.shop.state, stored.campaign_id)


def measure_next_week(browser: Browser, dashboard: Dashboard, contacted: list[str]) -> None:
    """Let half of the contacted buy, and measure the campaign on the page once its days are over."""
    plan = dashboard.shop.plan
    with Path(str(plan.purchases)).open("a", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for k, customer in enumerate(contacted[::2]):
            writer.writerow([f"later-{k}", customer, "2011-12-12T10:00:00", "40.00", 1, "Nowhere"])
        writer.writerow(["later", "somebody", "2011-12-19T10:00:00", "40.00", 1, "Nowhere"])
    prepare_shop(plan)
    browser.visit(f"{dashboard.url}/campaigns")
    browser.follow('form[action="/campaigns/measure"] button')
    assert "Measured: monday" in texts(browser, "[role=status]")[0]
    [result] = list_measured(dashboard.shop.state).values()
    effect = result.result["effects"]["retained"]["difference"]
    assert effect == pytest.approx(0.5, abs=0.05), "half of the contacted, none of the control; strata weigh a little"


def test_a_filter_is_narrowed_saved_and_exported(browser: Browser, dashboard: Dashboard) -> None:
    # by its address: fields that ask on each change would take the list away while a name is typed
    browser.visit(f"{dashboard.url}/customers?min_days_since_last_order=100&segment=loyal")
    assert browser.run("return document.querySelector('#segment-loyal').checked")
    shown = texts(browser, "#list tbody th bdi")
    assert 0 < len(shown) <= 50
    browser.type("form.save #name", "loyal and silent")
    browser.follow("form.save button")
    assert "loyal and silent" in texts(browser, "nav.saved a bdi")
    browser.visit(f"{dashboard.url}/customers")
    browser.follow("nav.saved li a")
    assert texts(browser, "#list tbody th bdi") == shown
    for form in ("csv", "xlsx"):
        link = browser.run(
            f"return document.querySelector('#list a[href^=\"/customers.{form}\"]').getAttribute('href')"
        )
        assert download(browser, dashboard, link).status_code == 200
    assert browser.complaints() == []


def test_the_whole_of_it_by_keyboard_alone(browser: Browser, dashboard: Dashboard) -> None:
    browser.visit(f"{dashboard.url}/")
    for place, customer in enumerate(texts(browser, "tbody th bdi")[:3], start=1):
        browser.visit(f"{dashboard.url}/")
        enter(browser, f"tbody tr:nth-child({place}) th a")
        assert texts(browser, "h1 bdi") == [customer]
    enter(browser, 'nav a[href="/customers"]')
    browser.tab_to("details.more summary")
    browser.press(Keys.ENTER)
    browser.tab_to("#min_days_since_last_order")
    browser.press("100")
    browser.tab_to("#segment-loyal")
    browser.press(Keys.SPACE)
    browser.tab_to("form.filter button[type=submit]")
    browser.press(Keys.ENTER)  # each change has asked already, so that the address is as it was
    asked = (
        "return location.search.includes('min_days_since_last_order=100&') && location.search.includes('segment=loyal')"
    )
    WebDriverWait(browser.driver, 60).until(lambda _: browser.run(asked))
    assert 0 < len(texts(browser, "#list tbody th bdi")) <= 50
    browser.tab_to('#list a[href^="/customers.xlsx"]')
    browser.tab_to("form.save #name")
    browser.press("by keyboard")
    enter(browser, "form.save button")
    assert "by keyboard" in texts(browser, "nav.saved a bdi")
    enter(browser, 'nav a[href="/campaigns"]')
    for field, text in (("#name", "by keyboard"), ("#contact_cost", "0.5"), ("#starts_on", "2040-01-01")):
        browser.tab_to(field)  # which selects what stands there
        browser.press(text)
    enter(browser, "form.make button[type=submit]")
    assert "Made: by keyboard" in texts(browser, "[role=status]")[0]
    [stored] = [one for one in list_campaigns(dashboard.shop.state) if one.campaign.name == "by keyboard"]
    assert (stored.campaign.contact_cost, date_of(stored.campaign.starts_on).year) == (0.5, 2040)
    assert stored.control > 0
    assert browser.complaints() == []


def enter(browser: Browser, selector: str) -> None:
    """Go to a link or button by the tabulator, press it, and wait for the page that it leads to."""
    browser.tab_to(selector)
    before = browser.run("window.isLeft = true; return location.href")
    browser.press(Keys.ENTER)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(WebDriverException):  # between two pages there is none to ask
            is_left = browser.run("return !window.isLeft && document.readyState === 'complete'")
            if is_left or browser.run("return location.href") != before:
                return
        time.sleep(0.02)
    raise AssertionError(f"{selector} has led nowhere in a minute")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (360, "dark")])
def test_the_list_fits_and_keeps_its_reasons(browser: Browser, dashboard: Dashboard, width: int, theme: str) -> None:
    for page in ("/", "/list"):
        browser.visit(dashboard.url + page, width=width, height=1200, theme=theme)
        assert browser.run("return document.documentElement.scrollWidth") <= width
        script = "return document.querySelector('.week-list tbody tr td:nth-child(3)').getBoundingClientRect().width"
        assert browser.run(script) >= 120
    assert browser.complaints() == []
