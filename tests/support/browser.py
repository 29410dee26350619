"""Debian's Chromium, without a window and without a network."""

from __future__ import annotations

import json
import shutil
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


class Browser:
    """A browser that shows one page at a time, and remembers what the page asked for and complained of."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver
        self.driver.get("about:blank")
        self.requests()

    def show(self, page: Path, *, width: int = 1440, height: int = 900, theme: str = "light") -> None:
        """Open a file in a window of this size, in CSS pixels, for somebody who prefers this theme."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get(page.as_uri())

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
