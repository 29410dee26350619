"""Every page of the dashboard in a real browser, on the sample and on customers with hostile names."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx
import pytest
from markupsafe import escape

from churnrisk.messages import LANGUAGES, speaking
from churnrisk.orders import IntakeOptions
from churnrisk.report.page import show_foreign
from churnrisk.retelling import retell
from support.colours import contrast, css_colours
from support.reports import EVIL_IDS
from support.words import left_in_english, untranslated

if TYPE_CHECKING:
    from churnrisk.shop import Shop
    from support.browser import Browser
    from support.dashboard import Dashboard

STATIC = Path(__file__).parents[2] / "churnrisk"
MOST_BYTES = 1_500_000
PAGES = {
    "/": 4,
    "/customers": 0,
    "/products": 0,
    "/customer?id=12346": 1,  # all that was bought is undone, so there is no timeline of spend
    "/cohorts": 1,
    "/segments": 1,
    "/model": 4,
    "/campaigns": 0,
    "/monitor": 4,
    "/jobs": 0,
}
"""Each page, and how many charts it has."""

SHOWN = """
const all = (selector) => [...document.querySelectorAll(selector)];
const loaded = [...performance.getEntriesByType("resource"), ...performance.getEntriesByType("navigation")];
return {
  charts: document.querySelectorAll(".chart svg").length,
  narrow: all(".chart").filter((one) => one.querySelector("svg")?.clientWidth !== one.clientWidth).length,
  marks: Math.min(99, ...all(".chart").map((one) => one.querySelectorAll("svg path").length)),
  width: document.documentElement.scrollWidth,
  headings: document.querySelectorAll("h1").length,
  leaps: all("h1, h2, h3, h4").map((one) => Number(one.ariaLevel || one.tagName[1])).filter(
    (level, place, levels) => level > (levels[place - 1] || 0) + 1
  ).length,
  current: document.querySelectorAll("nav [aria-current=page]").length,
  bytes: loaded.reduce((sum, one) => sum + one.decodedBodySize, 0),
  unnamed: all("input:not([type=hidden]), select").filter((one) => !one.labels.length).length,
};
"""


def client_of(dashboard: Dashboard, role: str) -> httpx.Client:
    """A program that asks for pages."""
    headers = {"Authorization": f"Bearer {dashboard.keys[role]}", "Accept": "text/html"}
    return httpx.Client(base_url=dashboard.url, headers=headers, timeout=60)


def settle(browser: Browser) -> None:
    """Wait until nothing is being worked out any more, and charts are drawn."""
    until = time.monotonic() + 60
    while browser.run(
        "return document.readyState != 'complete' || !!document.querySelector('.loading') ||"
        " document.querySelectorAll('.chart').length != document.querySelectorAll('.chart svg').length"
    ):
        assert time.monotonic() < until, browser.complaints()
        time.sleep(0.02)


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1440, "light")])
def test_every_page_is_whole(browser: Browser, dashboard: Dashboard, width: int, theme: str) -> None:
    browser.complaints()
    for page, charts in PAGES.items():
        browser.requests()
        browser.visit(dashboard.url + page, width=width, theme=theme)
        settle(browser)
        shown = browser.run(SHOWN)
        assert browser.complaints() == [], page
        assert {address for address in browser.requests() if not address.startswith((dashboard.url, "data:"))} == set()
        assert shown["charts"] == charts, page
        assert not charts or shown["marks"] > 1, page
        assert shown["narrow"] == 0, page
        assert shown["width"] <= width, page
        assert shown["headings"] == 1
        assert shown["leaps"] == 0, page
        assert shown["current"] == ("customer?" not in page)
        assert 0 < shown["bytes"] < MOST_BYTES
        assert shown["unnamed"] == 0


def test_hostile_names_are_text_everywhere(browser: Browser, dashboard: Dashboard) -> None:
    found: set[str] = set()
    browser.visit(f"{dashboard.url}/customers?sort=value")
    for name in EVIL_IDS:
        browser.visit(f"{dashboard.url}/customers?id={quote(name, safe='')}")
        found |= set(browser.run(NAMES))
        browser.follow("#list tbody a")
        settle(browser)
        assert browser.run("return document.querySelector('h1 bdi').textContent") == visible(name)
        assert browser.run("return document.querySelectorAll('img, main svg [onload], [onerror], iframe').length") == 0
    assert {visible(name) for name in EVIL_IDS} <= found
    assert browser.complaints() == []


NAMES = "return [...document.querySelectorAll('#list tbody bdi')].map((one) => one.textContent)"


def visible(name: str) -> str:
    """What is seen of a name: intake trims it, and HTML has no way to show a tabulator."""
    return name.strip().replace("\t", "\N{REPLACEMENT CHARACTER}")


def test_the_filter_narrows_the_list_without_a_new_page(browser: Browser, dashboard: Dashboard) -> None:
    browser.visit(f"{dashboard.url}/customers")
    browser.run("window.untouched = true; document.querySelector('#risk').focus()")
    browser.choose("#risk", "low")
    wait_for(browser, "[...document.querySelectorAll('#list .risk')].every((one) => one.classList.contains('low'))")
    assert browser.run("return window.untouched") is True
    assert "risk=low" in browser.driver.current_url
    browser.choose("#sort", "id")
    wait_for(browser, "document.querySelectorAll('#list tbody th').length == 50 && location.search.includes('sort=id')")
    first = browser.run("return document.querySelector('#list tbody th').textContent")
    browser.follow("a[rel=next]")
    second = browser.run("return document.querySelector('#list tbody th').textContent")
    assert first < second
    assert "low" in browser.run("return document.querySelector('#list .risk').className")


def test_the_address_of_a_filter_has_what_is_asked_and_can_be_shared_saved_and_deleted(
    browser: Browser, dashboard: Dashboard
) -> None:
    browser.complaints()
    browser.visit(f"{dashboard.url}/customers", width=360, theme="dark")
    browser.run("document.querySelector('details.more').open = true")
    browser.click("#segment-lost")
    wait_for(browser, "location.search.includes('segment=lost')")
    browser.click("#segment-hibernating")
    wait_for(browser, "location.search.includes('hibernating')")
    shared = browser.driver.current_url.partition("?")[2]
    assert shared == "sort=value&segment=hibernating&segment=lost"
    shown = browser.run(NAMES)
    reason = "const row = document.querySelector('#list tr.narrow'); return row.offsetHeight > 10 && row.innerText"
    assert browser.run(reason) in dict(reasons_of(dashboard)).values()
    browser.type("#name", "long gone")
    browser.follow("form.save button")
    assert browser.run("return [...document.querySelectorAll('.saved li a')].map((one) => one.textContent)") == [
        "long gone"
    ]
    browser.visit(f"{dashboard.url}/customers", width=1440, theme="light")
    browser.follow(".saved li a")
    assert browser.driver.current_url.partition("?")[2] == "sort=value&segment=hibernating&segment=lost"
    assert browser.run(NAMES) == shown
    assert browser.run("return document.querySelector('details.more').open")
    browser.follow(".saved li button")
    assert browser.run("return document.querySelectorAll('.saved').length") == 0
    assert browser.complaints() == []


def reasons_of(dashboard: Dashboard) -> Iterator[tuple[str, str]]:
    """The main reason of everybody, of whom one is told."""
    with client_of(dashboard, "reader") as client:
        for row in csv.DictReader(io.StringIO(client.get("/customers.csv").text)):
            yield row["customer_id"], row["reason_1"]


@pytest.mark.parametrize("page", ["/segments", "/cohorts?kind=quarter"])
def test_charts_and_tables_lead_to_the_customers_they_count(browser: Browser, dashboard: Dashboard, page: str) -> None:
    browser.visit(dashboard.url + page, width=1440)
    settle(browser)
    links = browser.run("return [...document.querySelectorAll('figure tbody th a')].map((one) => one.href)")
    counts = browser.run(
        "return [...document.querySelectorAll('figure tbody td:nth-child(2)')].map((one) => one.textContent)"
    )
    assert len(links) == len(counts) > 3
    place = browser.run(FIRST_PART)
    browser.run("window.isLeft = true")
    browser.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mousePressed", **place})
    browser.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseReleased", **place})
    until = time.monotonic() + 30
    while browser.run("return !!window.isLeft || document.readyState != 'complete'"):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert browser.driver.current_url in links
    told = browser.run("return document.querySelector('#list [role=status]').textContent")
    count = int(counts[links.index(browser.driver.current_url)].replace(",", ""))
    found = int(re.search(r"([0-9,]+) customers", told)[1].replace(",", ""))  # type: ignore[index]
    assert abs(found - count) <= 0.03 * count
    assert browser.complaints() == []


FIRST_PART = """
const parts = [...document.querySelectorAll('figure .chart svg path')].map((one) => one.getBoundingClientRect());
const [part] = parts.filter((one) => one.width > 12 && one.height > 8 && one.height < 40 && one.width < 900);
window.scrollTo(0, part.top + window.scrollY - 300);
const now = [...document.querySelectorAll('figure .chart svg path')].map((one) => one.getBoundingClientRect());
const [seen] = now.filter((one) => one.width > 12 && one.height > 8 && one.height < 40 && one.width < 900);
return {x: seen.left + 4, y: seen.top + seen.height / 2, button: 'left', clickCount: 1};
"""


def test_what_goes_wrong_in_a_part_of_a_page_is_said_in_it(browser: Browser, dashboard: Dashboard) -> None:
    browser.visit(f"{dashboard.url}/customers")
    browser.type("#min_value", "much")
    browser.run("document.querySelector('#min_value').dispatchEvent(new Event('change', {bubbles: true}))")
    wait_for(browser, "document.querySelector('#list [role=alert]')")
    said = browser.run("return document.querySelector('#list [role=alert]').textContent")
    assert said == "Invalid request: much: this is no number."
    assert browser.run("return document.querySelectorAll('#list tbody th').length") == 50
    browser.type("#min_value", "10")
    browser.run("document.querySelector('#min_value').dispatchEvent(new Event('change', {bubbles: true}))")
    wait_for(browser, "!document.querySelector('#list [role=alert]')")
    assert [one for one in browser.complaints() if "422" not in one] == []


def wait_for(browser: Browser, condition: str) -> None:
    until = time.monotonic() + 30
    while not browser.run(f"return !!document.querySelector('#list') && ({condition})"):
        assert time.monotonic() < until, condition
        time.sleep(0.02)


def test_the_keyboard_reaches_the_main_actions(browser: Browser, dashboard: Dashboard) -> None:
    browser.visit(f"{dashboard.url}/customers")
    reached = browser.tab(30)
    assert reached[0] == "a.skip"
    names = " ".join(reached)
    for wanted in (
        "a:/campaigns",
        "select#language",
        "select#risk",
        "input#min_value",
        "button:Show",
        "a:/customers.csv",
    ):
        assert wanted in names, wanted
    assert names.index("select#risk") < names.index("button:Show") < names.index("a:/customer?id=")
    outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_every_language_is_spoken(browser: Browser, dashboard: Dashboard) -> None:
    said = {}
    for language in (*[one for one in LANGUAGES if one != "en"], "en"):
        browser.visit(f"{dashboard.url}/segments", width=360)
        browser.choose("#language", language)
        browser.follow(".account button")
        settle(browser)
        assert browser.driver.current_url == f"{dashboard.url}/segments"
        assert browser.run("return document.documentElement.lang") == language
        assert browser.run("return document.documentElement.scrollWidth") <= 360, language
        said[language] = browser.run("return document.querySelector('h1').textContent")
    assert said == {"bg": "Сегменти", "pl": "Segmenty", "be": "Сегменты", "en": "Segments"}


OTHER_PAGES = (
    *("/parts/trends", "/parts/cohorts", "/cohorts?kind=quarter", "/customers?status=lapsed", "/customers?id=zzz"),
    *("/nothing/here", "/customers?risk=enormous", "/customers?min_value=much", "/customer?id=nobody"),
)


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_no_page_leaves_anything_in_english(dashboard: Dashboard, language: str) -> None:
    names = {"test", "Do", "this", "enormous", "high", "medium", "low", "much", "nobody", "risk"}
    with client_of(dashboard, "scorer") as client:
        client.cookies.set("churnrisk_language", language)
        for address in (*PAGES, *OTHER_PAGES):
            page = client.get(address).text
            assert untranslated(page, language) == set(), address
            assert f'lang="{language}"' in page or "/parts/" in address
            if language != "pl":
                assert left_in_english(page, language) <= names, address
        dashboard.app.state.shop, shop = None, dashboard.app.state.shop
        try:
            assert untranslated(client.get("/").text, language) == set()
        finally:
            dashboard.app.state.shop = shop


def test_a_campaign_is_made_from_the_list(browser: Browser, dashboard: Dashboard) -> None:
    browser.visit(f"{dashboard.url}/campaigns")
    browser.type("#name", "<b>no name</b>")
    browser.follow("form.make button")
    assert "cannot be the name" in browser.run("return document.querySelector('[role=alert]').textContent")
    browser.type("#name", "spring")
    browser.type("#customers", "200")
    browser.choose("#risk", "high")
    browser.follow("form.make button")
    assert "spring" in browser.run("return document.querySelector('[role=status]').textContent")
    assert browser.run("return document.querySelector('tbody th').textContent") == "spring"
    with httpx.Client(
        base_url=dashboard.url, headers={"Authorization": f"Bearer {dashboard.keys['scorer']}"}
    ) as client:
        contacts = client.get("/campaigns/contacts.csv?name=spring").text.splitlines()
    assert contacts[0] == "customer_id,churn_probability,value_at_risk"
    assert 170 <= len(contacts) - 1 < 200  # a tenth was kept back


def test_logging_out_ends_the_session(dashboard: Dashboard) -> None:
    with httpx.Client(base_url=dashboard.url) as client:
        form = client.get("/login").text
        token = form.partition('name="csrf_token" value="')[2].partition('"')[0]
        client.post("/login", data={"key": dashboard.keys["reader"], "csrf_token": token})
        page = client.get("/campaigns", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "form.make" not in page.text
        assert client.post("/language", data={"language": "bg"}).status_code == 403  # without its token
        csrf = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        assert client.post("/campaigns", data={"csrf_token": csrf, "name": "x"}).status_code == 403  # not a reader's
        assert client.post("/logout", data={"csrf_token": csrf}).status_code == 303
        assert client.get("/", headers={"Accept": "text/html"}).status_code == 303


def test_states_in_which_there_is_nothing(dashboard: Dashboard, tmp_path: Path) -> None:
    from churnrisk.shop import Shop, ShopPlan, prepare_shop
    from support.reports import EVIL_COLUMN, write_purchases

    plan = ShopPlan(
        tmp_path / "shop",
        tmp_path / "models",
        dashboard.state,
        str(write_purchases(tmp_path, days=200)),
        IntakeOptions(columns={"customer_id": EVIL_COLUMN}),
    )
    with client_of(dashboard, "reader") as client:
        try:
            dashboard.app.state.shop = None
            waiting = client.get("/")
            assert waiting.status_code == 503
            assert "is being read" in waiting.text
            assert waiting.headers["Retry-After"]
            prepare_shop(plan)
            dashboard.app.state.shop = unscored = Shop.open(plan, dashboard.app.state.state)
            assert "Nobody is scored" in client.get("/").text
            assert "No model yet" in client.get("/model").text
            assert "no model that can be used" in client.get("/customers").text
            assert client.get("/parts/trends").status_code == 200
            unscored.close()
        finally:
            dashboard.app.state.shop = dashboard.shop
        assert "No such customer" in client.get("/customer?id=nobody").text
        assert client.get("/customers?risk=enormous").status_code == 422
        assert client.get("/customers?min_value=much").status_code == 422
        assert "Nobody is behind this filter" in client.get("/customers?id=zzz").text
        assert client.get("/nothing/here").status_code == 404


@pytest.fixture
def shop_with_products(dashboard: Dashboard, tmp_path: Path) -> Iterator[Shop]:
    """The same dashboard, for a while over a shop whose log names products, and nobody is scored."""
    from churnrisk.shop import Shop, ShopPlan, prepare_shop
    from support.products import repeat_rows, table_of, with_hostile_names

    table_of(with_hostile_names(repeat_rows(1, customers=300, items=5, days=900))).to_csv(tmp_path / "log.csv")
    source, options = str(tmp_path / "log.csv"), IntakeOptions(amounts="line")
    plan = ShopPlan(tmp_path / "shop", tmp_path / "models", dashboard.state, source, options)
    prepare_shop(plan)
    dashboard.app.state.shop = shop = Shop.open(plan, dashboard.app.state.state)
    yield shop
    dashboard.app.state.shop = dashboard.shop
    shop.close()


def test_products_are_told_with_their_doubt_and_lead_to_customers(
    browser: Browser, dashboard: Dashboard, shop_with_products: Shop
) -> None:
    told = shop_with_products.products()
    assert told is not None
    shown = [row["customer_id"] for name in ("soon", "late") for row in told["due"][name]["rows"]]
    browser.complaints()
    for width, theme in ((360, "dark"), (1440, "light")):
        browser.visit(f"{dashboard.url}/products", width=width, theme=theme)
        assert browser.run("return document.documentElement.scrollWidth") <= width
        assert browser.run("return document.querySelectorAll('img, main svg, [onerror], [onload], iframe').length") == 0
        links = browser.run(
            "return [...document.querySelectorAll('main td a, main th a')].map((one) => one.textContent)"
        )
        assert links == [visible(one) for one in shown]
    name = next(row["name"] for row in told["due"]["soon"]["rows"] if row["name"] in EVIL_IDS)
    cells = browser.run("return [...document.querySelectorAll('main td bdi')].map((one) => one.textContent)")
    assert visible(name) in cells
    browser.follow("main tbody a")
    assert browser.run("return document.querySelector('h1 bdi').textContent") == visible(shown[0])
    assert browser.complaints() == []


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_what_a_customer_misses_is_an_observation_in_every_language(
    dashboard: Dashboard, shop_with_products: Shop, language: str
) -> None:
    told = shop_with_products.products()
    assert told is not None
    one = next(row["customer_id"] for row in told["due"]["late"]["rows"])
    view = shop_with_products.customer(one)
    assert view.observation is not None
    with client_of(dashboard, "reader") as client:
        client.cookies.set("churnrisk_language", language)
        for address in ("/products", f"/customer?id={quote(one, safe='')}"):
            page = client.get(address).text
            assert untranslated(page, language) == set(), address
    assert "usually bought" not in page
    told_again = speak_of(view.observation, language)
    assert str(escape(told_again)) in page
    with client_of(dashboard, "reader") as client:
        answer = client.get(f"/v1/customers/{quote(one, safe='')}").json()
    assert [answer[name] for name in ("observation", "due_product", "next_products")] == [
        view.observation,
        view.due_product,
        view.next_products,
    ]


def speak_of(sentence: str, language: str) -> str:
    with speaking(language):
        return show_foreign(retell(sentence))


def test_profit_and_advice_are_those_of_the_shop(dashboard: Dashboard) -> None:
    from churnrisk.decide import ContactTerms

    state, config = dashboard.app.state, dashboard.app.state.config
    summary = dashboard.shop.summary()
    leavers = summary["mean_churn_probability"] * summary["status"]["scored"]
    with client_of(dashboard, "reader") as client:
        assert "numbers of the literature" in client.get("/model").text
        try:
            state.config = replace(config, terms=ContactTerms(0.5, 5.25, 0.2, redemption=0.75))
            page = client.get("/model").text
        finally:
            state.config = config
        segments = client.get("/segments").text
    said = f"one value of a kept customer, {summary['value_at_risk'] / leavers:,.2f}, an offer that costs 5.25 where"
    assert said in page
    assert "20.0 % of would-be leavers who stay because of it, and 75.0 % of all others" in page
    assert "literature" not in page
    assert "service call – a call: something may have gone wrong" in segments


def test_the_export_is_the_list(dashboard: Dashboard) -> None:
    with httpx.Client(
        base_url=dashboard.url, headers={"Authorization": f"Bearer {dashboard.keys['reader']}"}
    ) as client:
        answer = client.get("/customers.csv?risk=high&sort=risk", timeout=60)
        page = client.get("/customers?risk=high&sort=risk", headers={"Accept": "text/html"}).text
    lines = answer.text.splitlines()
    assert lines[0].startswith("customer_id,as_of,status,churn_probability,risk")
    assert len([line for line in lines if line.startswith("customer_id,")]) == 1
    total = re.search(r"([0-9,]+) customers, scored", page)
    assert total is not None
    assert len(lines) - 1 == int(total[1].replace(",", ""))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_can_be_told_from_what_is_behind_them(theme: str) -> None:
    base = css_colours((STATIC / "report/static/report.css").read_text(encoding="utf-8"), theme)
    own = css_colours((STATIC / "service/static/dashboard.css").read_text(encoding="utf-8"), theme)
    assert set(own) == {"high", "medium", "low", "on-accent"}
    for behind in ("page", "surface"):
        for name in ("high", "medium", "low"):
            assert contrast(own[name], base[behind]) >= 4.5, (name, behind)
    assert contrast(own["on-accent"], base["accent"]) >= 4.5
    assert contrast(base["muted"], base["surface"]) >= 3  # borders of fields


def test_vendored_scripts_are_those_of_the_notice() -> None:
    import hashlib

    notice = (STATIC.parent / "NOTICE").read_text(encoding="utf-8")
    script = (STATIC / "service" / "static" / "htmx.min.js").read_bytes()
    assert hashlib.sha256(script).hexdigest() in notice
    assert b'version:"2.0.11"' in script
