"""``/readyz`` tells the truth, what came late is looked at again, and nobody without a key learns what this runs on."""

from __future__ import annotations

import itertools
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from churnrisk.errors import StateError
from churnrisk.service import Bounds
from churnrisk.service.health import NO_STATE
from churnrisk.shop import Shop, find_current, prepare_shop
from churnrisk.state import State
from support.served import InThread
from support.service import TrainedShop
from support.shop import PURCHASES, read_rows

SECRETS = ("secret-host", "secret-user", "/secret/path")
CUSTOMER = next(iter(read_rows(PURCHASES)))["customer_id"]


@pytest.fixture
def server(tmp_path: Path, trained_shop: TrainedShop, monkeypatch: pytest.MonkeyPatch) -> Iterator[InThread]:
    """A service with a history and, for now, no model."""
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(trained_shop.configuration))
    running = InThread(tmp_path, Bounds(), purchases=str(PURCHASES), shop_dir=tmp_path / "shop")
    yield running
    running.close()


def wait_until(is_so: Callable[[], bool], seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def readiness(client: httpx.Client) -> tuple[int, str]:
    assert client.get("/healthz").json() == {"status": "ok"}, "alive it is, whatever it lacks"
    answer = client.get("/readyz")
    assert (answer.status_code == 503) is ("retry-after" in answer.headers)
    return answer.status_code, answer.json().get("detail", "")


def test_what_is_missing_is_said_and_what_comes_late_is_taken_up(
    server: InThread, trained_shop: TrainedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = server.config.models_dir
    with server.client("reader") as client:
        assert readiness(client) == (
            503,
            "The purchase history is still being read; ask again in a moment. There is no model that can be used.",
        )
        prepare_shop(server.config.shop_plan)
        wait_until(lambda: readiness(client) == (503, "There is no model that can be used."))

        [version] = [path.name for path in trained_shop.models.glob("2*")]
        models.mkdir(exist_ok=True)
        (models / "current").write_text(f"{version}\n")  # before its folder
        time.sleep(0.6)
        assert readiness(client)[0] == 503
        assert client.get(f"/v1/customers/{CUSTOMER}").json()["model"] is None
        (models / version).mkdir()
        for file in sorted((trained_shop.models / version).iterdir()):
            assert readiness(client)[0] == 503, "it comes file by file"
            shutil.copy(file, models / version / file.name)
        wait_until(lambda: readiness(client) == (200, ""))
        found = client.get(f"/v1/customers/{CUSTOMER}").json()
        assert (found["model"], found["score"]["status"]) == (version, "scored"), "nor was the answer kept for ever"
        (models / "current").unlink()
        wait_until(lambda: readiness(client) == (503, "There is no model that can be used."))


def test_a_generation_without_a_usable_model_is_made_again_when_there_is_one(
    server: InThread, trained_shop: TrainedShop
) -> None:
    from churnrisk.shop import choose_reasons
    from churnrisk.state import open_state

    plan = server.config.shop_plan
    [version] = [path.name for path in trained_shop.models.glob("2*")]
    plan.models_dir.mkdir(exist_ok=True)
    (plan.models_dir / "current").write_text(f"{version}\n")
    made = prepare_shop(plan)
    assert made.made_of["model"] is None
    with open_state(plan.state) as state:

        def due(age: float = 1.0) -> str | None:
            return choose_reasons(plan, find_current(plan.folder), state, age=age)

        assert due() is None, "the history is not read over and over for a model that cannot be used"
        assert due(age=1_000.0) == "listed"
        shutil.copytree(trained_shop.models / version, plan.models_dir / version)
        assert due() == "listed"
        assert prepare_shop(plan).made_of["model"] == version
        assert due() != "listed"


def test_a_state_that_cannot_be_reached_is_no_readiness(server: InThread, trained_shop: TrainedShop) -> None:
    shutil.copytree(trained_shop.models, server.config.models_dir, dirs_exist_ok=True)
    prepare_shop(server.config.shop_plan)
    state = Path(server.config.state)
    away = state.with_name("away.db")
    with server.client() as client:
        wait_until(lambda: readiness(client) == (200, ""))
        state.rename(away)
        wait_until(lambda: readiness(client) == (503, NO_STATE))
        shutil.copy(away, state)  # what is written goes into the other file all the same
        time.sleep(0.6)
        assert readiness(client) == (503, NO_STATE)
        away.rename(state)
        wait_until(lambda: readiness(client) == (200, ""))


def test_a_look_that_hangs_is_no_readiness_and_holds_up_nothing(
    server: InThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(State, "check", lambda _: time.sleep(6))
    with server.client() as client:
        began = time.monotonic()
        answers = [readiness(client) for _ in range(2)]
        assert answers == [(503, NO_STATE)] * 2
        assert time.monotonic() - began < 5.5
        assert client.get("/login").status_code == 200


def test_before_a_key_is_verified_no_answer_says_what_this_runs_on(
    server: InThread, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "churnrisk.service")

    def fail(*_: object) -> None:
        raise StateError("postgresql://secret-user@secret-host/db: PostgreSQL says: /secret/path is full.")

    with server.client() as known, httpx.Client(base_url=str(known.base_url)) as client:
        page = client.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
        for name in ("rows", "run", "check", "version"):
            monkeypatch.setattr(State, name, fail)
        known.headers["Authorization"] += "x"  # nobody has asked for this one yet
        time.sleep(0.6)
        answers = [client.post("/login", data={"key": "crk_" + "a" * 43, "csrf_token": page})]
        paths = ("/", "/v1/customers/1", "/v1/audit", "/metrics", "/readyz", "/login", "/nothing", "/model")
        for accept, path in itertools.product(("application/json", "text/html"), paths):
            answers += [client.get(path, headers={"Accept": accept}), known.get(path, headers={"Accept": accept})]
            cookie = {"Accept": accept, "Cookie": "churnrisk_session=some.thing"}
            answers += [client.get(path, headers=cookie)]
        for answer in answers:
            told = answer.text + str(answer.headers)
            assert not [secret for secret in SECRETS if secret in told], answer.url
        refused = [one for one in answers if one.status_code == 503 and one.url.path != "/readyz"]
        assert len(refused) > 20
        assert all("Try again later." in one.text and one.headers["retry-after"] == "5" for one in refused)
    events = [record.__dict__.get("facts", {}) for record in caplog.records]
    assert "defect" not in caplog.messages
    assert [facts for facts in events if all(secret in facts.get("detail", "") for secret in SECRETS)], "the log has it"


def test_a_model_that_needs_amounts_is_none_for_a_history_without(
    tmp_path: Path, trained_shop: TrainedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from churnrisk.shop import ShopPlan
    from churnrisk.state import open_state

    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", str(trained_shop.configuration))
    log = tmp_path / "log.csv"
    lines = [f"{row['customer_id']},{row['order_id']},{row['ordered_at']}" for row in read_rows(PURCHASES)]
    log.write_text("\n".join(["customer_id,order_id,ordered_at", *lines]))
    plan = ShopPlan(tmp_path / "shop", trained_shop.models, tmp_path / "state.db", purchases=str(log))
    prepare_shop(plan)
    with open_state(plan.state) as state:
        shop = Shop.open(plan, state)
        assert shop.missing() == ["There is no model that can be used."]
        assert shop.customer(CUSTOMER).model is None
        shop.close()
