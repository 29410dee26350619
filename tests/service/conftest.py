"""One service for all tests of it: a real one, in a process of its own. They share it, so one worker runs them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.service import Service, TrainedShop, customers_in, running_service
from support.shop import PURCHASES
from support.trained import shared_folder, train_once

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("service"))


@pytest.fixture(scope="session")
def trained_shop(tmp_path_factory: pytest.TempPathFactory) -> TrainedShop:
    """Models trained on the sample; shared, so nobody may change them."""
    trained = train_once(tmp_path_factory, PURCHASES, 90)
    return TrainedShop(trained / "models", shared_folder(tmp_path_factory) / "configuration")


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory, trained_shop: TrainedShop) -> Iterator[Service]:
    """The service with a model and the history of the sample, one worker."""
    with running_service(tmp_path_factory.mktemp("service"), trained_shop) as running:
        yield running
        running.close()
        assert customers_in(running.events()) == set(), "no customer may be in the log of all these tests"
