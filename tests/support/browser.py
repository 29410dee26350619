"""Debian's Chromium, without a window and without a network."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


FOCUSED = """
const one = document.activeElement;
const mark = one.id ? `#${one.id}` : one.className === "skip" ? ".skip" : "";
const tag = one.tagName.toLowerCase();
if (mark) return tag + mark;
return `${tag}:${one.getAttribute("href") || one.textContent.trim()}`;
"""

LOOK = """
const one = document.activeElement, all = [...document.querySelectorAll("*")];
const style = getComputedStyle(one), box = one.getBoundingClientRect();
const isOutlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
const isInside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
const isMarked = isOutlined || style.boxShadow !== "none" || one.type === "date"; // its parts have their own
const isSeen = one === document.body || (isInside && isMarked);
return [`${all.indexOf(one)}: ${one.outerHTML.slice(0, 120)}`, one.matches(%s), isSeen];
"""
"""What has the focus: its place in the page, whether a selector finds it, and whether it can be seen."""

MOST_PARTS = 6
"""A field of a date has parts of its own, day, month, year and calendar, among which the tabulator goes first."""


class Browser:
    """A browser that shows one page at a time, and remembers what the page asked for and complained of."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self.driver.get("about:blank")
        self.requests()

    def show(self, page: Path, *, width: int = 1440, height: int = 900, theme: str = "light") -> None:
        """Open a file in a window of this size, in CSS pixels, for somebody who prefers this theme."""
        self.visit(page.as_uri(), width=width, height=height, theme=theme)

    def visit(self, address: str, *, width: int = 1440, height: int = 900, theme: str = "light") -> None:
        """Open an address, in the same way."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [
            {"name": "prefers-color-scheme", "value": theme},
            {"name": "prefers-reduced-motion", "value": "reduce"},  # a click does not wait for a smooth scroll
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get(address)

    def click(self, selector: str) -> None:
        """Click on the first element that a selector finds."""
        self.driver.find_element("css selector", selector).click()

    def follow(self, selector: str) -> None:
        """Click on what leads to another page, and wait until that has taken this one's place."""
        from selenium.common.exceptions import WebDriverException

        self.run("window.isLeft = true")
        self.click(selector)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with contextlib.suppress(WebDriverException):  # between two pages there is none to ask
                if self.run("return !window.isLeft && document.readyState === 'complete'"):
                    return
            time.sleep(0.02)
        raise AssertionError(f"{selector} has led nowhere in a minute")

    def type(self, selector: str, text: str) -> None:
        """Write into a field, in place of what stood there."""
        field = self.driver.find_element("css selector", selector)
        field.clear()
        field.send_keys(text)

    def choose(self, selector: str, value: str) -> None:
        """Choose an option of a list by its value."""
        from selenium.webdriver.support.select import Select

        Select(self.driver.find_element("css selector", selector)).select_by_value(value)

    def tab(self, times: int) -> list[str]:
        """Press the tabulator so often, and tell what has the focus each time."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        reached = []
        for _ in range(times):
            ActionChains(self.driver).send_keys(Keys.TAB).perform()
            reached.append(str(self.run(FOCUSED)))
        return reached

    def press(self, *keys: str) -> None:
        """Press keys, or write text, where the focus is."""
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, selector: str, *, most: int = 150) -> None:
        """Press the tabulator until an element has the focus, and see on the way that each can be seen and left."""
        from selenium.webdriver.common.keys import Keys

        reached: list[str] = []
        for _ in range(most):
            self.press(Keys.TAB)
            place, is_wanted, is_seen = self.run(LOOK % json.dumps(selector))
            reached = [*reached[1 - MOST_PARTS :], place]
            assert len(reached) < MOST_PARTS or len(set(reached)) > 1, f"the focus does not leave {place}"
            assert is_seen, f"the focus on {place} cannot be seen"
            if is_wanted:
                return
        raise AssertionError(f"{selector} is not reached by the tabulator")

    def run(self, script: str) -> Any:
        """Run JavaScript in the page and give what it returns."""
        return self.driver.execute_script(script)

    def complaints(self) -> list[str]:
        """Everything on the console since the last call."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]  # type: ignore[no-untyped-call]

    def requests(self) -> list[str]:
        """Every address asked for since the last call."""
        messages = [
            json.loads(entry["message"])["message"]
            for entry in self.driver.get_log("performance")  # type: ignore[no-untyped-call]
        ]
        sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
        return [str(one["request"]["url"]) for one in sent]


@contextmanager
def open_browser(profile: Path) -> Iterator[Browser]:
    """Start a browser with a new profile, and end it."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
