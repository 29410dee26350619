"""One service for all tests of it: a real one, in a process of its own. They share it, so one worker runs them all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from churnrisk.state import State, open_state
from support.clocks import Clocks, take_clocks
from support.looks import remember_looks
from support.service import (
    ADDRESS,
    OPTED_OUT,
    Service,
    TrainedShop,
    customers_in,
    running_service,
    watching,
    write_contacts,
)
from support.shop import PURCHASES
from support.trained import shared_folder, train_once

if TYPE_CHECKING:
    from support.browser import Browser
    from support.dashboard import Dashboard


@pytest.fixture(scope="session")
def trained_shop(tmp_path_factory: pytest.TempPathFactory) -> TrainedShop:
    """Models trained on the sample; shared, so nobody may change them."""
    trained = train_once(tmp_path_factory, PURCHASES, 90)
    return TrainedShop(trained / "models", shared_folder(tmp_path_factory) / "configuration")


@pytest.fixture(scope="session")
def own_shop(tmp_path_factory: pytest.TempPathFactory, trained_shop: TrainedShop) -> TrainedShop:
    """The same for the service of these tests alone, which trains and forgets."""
    folder = tmp_path_factory.mktemp("own")
    copies = (shutil.copytree(one, folder / one.name) for one in (trained_shop.models, trained_shop.configuration))
    return TrainedShop(*copies)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, own_shop: TrainedShop) -> Iterator[Service]:
    """The service with a model and the history of the sample, one worker; who opens the private key is written down."""
    folder = tmp_path_factory.mktemp("service")
    (folder / "opted_out.csv").write_text(f"customer_id\n{OPTED_OUT}\n")
    write_contacts(folder / "contacts.csv")
    environment = {
        "CHURNRISK_CONTACTS": str(folder / "contacts.csv"),
        "CHURNRISK_SUPPRESS": str(folder / "opted_out.csv"),
        "CHURNRISK_TRAIN_CUSTOMERS": "300",
        **watching(own_shop.configuration / "signing_key.pem", folder / "opened.txt"),
    }
    with running_service(folder, own_shop, environment=environment) as running:
        yield running
        running.close()
        assert customers_in(running.events()) == set(), "no customer may be in the log of all these tests"
        kept = [path for path in folder.rglob("*") if path.is_file() and path.name != "contacts.csv"]
        assert [path for path in kept if ADDRESS.encode() in path.read_bytes()] == [], "an address is kept nowhere"


@pytest.fixture(scope="session")
def api(service: Service) -> httpx.Client:
    """A client with the rights of an admin, once the service has read its history."""
    client = service.client("admin")
    until = time.monotonic() + 120
    while client.get("/readyz").status_code != 200:
        assert time.monotonic() < until, client.get("/readyz").text
        time.sleep(0.1)
    return client


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    """Both clocks of the program in the hands of a test."""
    return take_clocks(monkeypatch)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """A state with nothing in it."""
    with open_state(tmp_path / "state.db") as opened:
        yield opened


@pytest.fixture(scope="module")
def dashboard(
    require: Callable[..., None], tmp_path_factory: pytest.TempPathFactory, trained_shop: TrainedShop
) -> Iterator[Dashboard]:
    from support.dashboard import running_dashboard, write_hostile_shop

    folder = tmp_path_factory.mktemp("dashboard")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHURNRISK_CONFIG_DIR", str(trained_shop.configuration))
        with running_dashboard(folder, trained_shop.models, write_hostile_shop(folder / "log.csv")) as running:
            remember_looks(running.app.state.state)
            yield running


@pytest.fixture(scope="module")
def browser(
    require: Callable[..., None], dashboard: Dashboard, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    """A browser that has logged in through the form."""
    require("chromium", "chromedriver", "selenium")
    from support.browser import open_browser

    with open_browser(tmp_path_factory.mktemp("profile")) as opened:
        opened.visit(dashboard.url)
        assert opened.driver.current_url == f"{dashboard.url}/login"
        opened.type("#key", dashboard.keys["scorer"])
        opened.follow("button")
        assert opened.driver.current_url == f"{dashboard.url}/"
        yield opened
