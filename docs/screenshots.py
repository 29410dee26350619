"""Make the pictures of the dashboard and of the report in ``docs/images``, in a real browser on the sample.

    python docs/screenshots.py

It trains a model as of autumn 2011, scores four times, and measures a campaign, so that there is something to see. It
needs Debian's Chromium and the development tools.
"""

from __future__ import annotations

import base64
import io
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
IMAGES = ROOT / "docs" / "images"

SHOTS = (
    ("overview", "/", 1440, 900, "light"),
    ("customers", "/customers?risk=high", 1440, 900, "light"),
    ("customer", "/customer?id=15749", 1440, 1360, "light"),
    ("cohorts", "/cohorts", 1440, 960, "dark"),
    ("model", "/model", 1440, 1720, "light"),
    ("campaigns", "/campaigns", 1440, 1000, "light"),
    ("phone", "/customers?risk=high", 360, 780, "dark"),
)
"""Name, page, width and height in CSS pixels, and theme."""

REPORT_SHOTS = (
    ("report", "", 1440, 1720, "light"),
    ("report-phone", "#at-risk", 360, 800, "dark"),
)
"""The same of the report, with the section that is shown."""

DAYS = ("2011-09-10", "2011-10-10", "2011-11-10", "2011-12-10")


def main() -> None:
    """Make all pictures, or those that are named."""
    from support.browser import open_browser
    from support.dashboard import running_dashboard
    from support.shop import PURCHASES

    wanted = sys.argv[1:] or [name for name, *_ in (*SHOTS, *REPORT_SHOTS)]
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        os.environ["CHURNRISK_CONFIG_DIR"] = str(folder / "configuration")
        make_history(folder)
        with (
            running_dashboard(folder, folder / "models", PURCHASES) as dashboard,
            open_browser(folder / "profile") as browser,
        ):
            browser.visit(dashboard.url)
            browser.type("#key", dashboard.keys["admin"])
            browser.click("button")
            for name, page, width, height, theme in SHOTS:
                if name in wanted:
                    browser.visit(dashboard.url + page, width=width, height=height, theme=theme)
                    (IMAGES / f"dashboard-{name}.png").write_bytes(shrink(take(browser)))
                    print(name, (IMAGES / f"dashboard-{name}.png").stat().st_size)
            for name, section, width, height, theme in REPORT_SHOTS:
                if name in wanted:
                    page = f"{(folder / 'report.html').as_uri()}{section}"
                    browser.visit(page, width=width, height=height, theme=theme)
                    (IMAGES / f"{name}.png").write_bytes(shrink(take(browser)))
                    print(name, (IMAGES / f"{name}.png").stat().st_size)


def make_history(folder: Path) -> None:
    """Train, score on several days, see a campaign through, and write a report."""
    from support.shop import PURCHASES, churnrisk

    models, state, names = folder / "models", folder / "state.db", folder / "list.csv"
    common = ("--models-dir", models, "--state", state)
    kept_back = ("--holdout", "20%", "--window", 90, "--output", folder / "contacts.csv")
    steps: list[tuple[object, ...]] = [
        ("train", PURCHASES, "--horizon", 90, "--as-of", DAYS[0], "--models-dir", models, "--backtest"),
        *(("score", PURCHASES, *common, "--as-of", day) for day in DAYS),
        ("score", PURCHASES, *common, "--as-of", DAYS[0], "--no-remember", "--output", names),
        ("campaign", "create", "autumn", "--from", names, "--state", state, *kept_back),
        ("campaign", "measure", "autumn", PURCHASES, "--state", state),
        ("report", PURCHASES, *common, "--output", folder / "report.html"),
    ]
    for step in steps:
        answer = churnrisk(*step)
        assert answer.code == 0, (step, answer.err)


def take(browser: Any) -> bytes:
    """Take a picture of the window once everything is drawn."""
    until = time.monotonic() + 60
    while browser.run("return !!document.querySelector('.loading')") and time.monotonic() < until:
        time.sleep(0.1)
    time.sleep(0.3)
    shot = browser.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return base64.b64decode(shot["data"])


def shrink(png: bytes) -> bytes:
    """Write a picture with a palette of 64 colours, which such pages hardly exceed, where Pillow is installed."""
    try:
        from PIL import Image
    except ImportError:
        return png
    buffer = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
