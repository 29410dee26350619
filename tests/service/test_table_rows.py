"""``POST /v1/tables/NAME``: rows are kept once, shown at once, refused with their place, and forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx
import pytest

from churnrisk.dated import DatedSource
from churnrisk.orders import IntakeOptions
from churnrisk.service import Bounds
from churnrisk.shop import prepare_shop
from churnrisk.state import open_state
from support.served import InThread

HOSTILE = "<script>alert(1)</script>"
PAGE = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InThread]:
    """A service without a model, with a table of tickets and one of attributes."""
    folder = tmp_path_factory.mktemp("rows")
    (folder / "log.csv").write_text("customer_id,order_id,date,amount\nada,1,2026-01-01,5\nbob,2,2026-02-01,5\n")
    (folder / "tickets.csv").write_text(
        f"customer_id,happened_at,topic\nada,2026-01-03,late\nbob,2026-01-04,{HOSTILE}\n"
    )
    (folder / "tiers.csv").write_text("customer_id,since,tier\nada,2026-01-03,gold\n")
    tables = {
        "tickets": DatedSource(source=str(folder / "tickets.csv"), columns={"kind": "topic"}),
        "tiers": DatedSource(source=str(folder / "tiers.csv"), family="attributes"),
    }
    how = {"purchases": str(folder / "log.csv"), "shop_dir": folder / "shop", "options": IntakeOptions(tables=tables)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHURNRISK_CONFIG_DIR", str(folder / "configuration"))
        served = InThread(folder, Bounds(rows=3), **how)
        prepare_shop(served.config.shop_plan)
        yield served
        served.close()


@pytest.fixture
def client(running: InThread) -> Iterator[httpx.Client]:
    with running.client() as opened:
        yield opened


def send(client: httpx.Client, *rows: Mapping[str, object], table: str = "tickets") -> httpx.Response:
    return client.post(f"/v1/tables/{table}", json={"rows": list(rows)})


def test_what_was_kept_is_told_at_once_and_is_on_the_disk(running: InThread, client: httpx.Client) -> None:
    row = {"customer_id": "ada", "happened_at": "2026-02-03T10:00", "kind": "late", "value": 2.5}
    assert send(client, row, row).json() == {"accepted": 1, "duplicates": 1}
    assert send(client, row, {**row, "value": "3"}).json() == {"accepted": 1, "duplicates": 1}
    told = client.get("/v1/customers/ada").json()
    assert [(one["happened_on"], one["value"]) for one in told["rows"]] == [
        ("2026-02-03", 2.5),
        ("2026-02-03", 3.0),
        ("2026-01-03", None),
    ]
    assert (told["row_total"], told["is_fresh"]) == (3, True)
    with open_state(running.config.state) as another:
        assert another.rows("SELECT count(*) FROM received_rows WHERE customer_id = 'ada'") == [(2,)]


def test_hostile_text_is_shown_as_text(client: httpx.Client) -> None:
    assert client.get("/v1/customers/bob").json()["rows"][0]["kind"] == HOSTILE
    page = client.get("/customer?id=bob", headers=PAGE).text
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("table", "row", "status", "said"),
    [
        ("tickets", {"happened_at": "2026-02-30"}, 422, "row 1, happened_at '2026-02-30'"),
        ("tickets", {"happened_at": "soon"}, 422, "row 1, happened_at 'soon': is no date or time; write 2026-01-31"),
        ("tickets", {"ended_at": "2020-01-01"}, 422, "row 1, ended_at '2020-01-01'"),
        ("tickets", {"value": "many"}, 422, "row 1, value 'many'"),
        ("tickets", {"customer_id": ""}, 422, "rows/0/customer_id"),
        ("tickets", {"topic": "late"}, 422, "rows/0/topic: Is not known here"),
        ("visits", {}, 404, "Known: tickets"),
        ("tiers", {}, 404, "a table of attributes"),
    ],
)
def test_what_is_not_right_is_refused_with_its_place(
    client: httpx.Client, table: str, row: dict[str, object], status: int, said: str
) -> None:
    answer = send(client, {"customer_id": "ada", "happened_at": "2026-02-09", **row}, table=table)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]


def test_who_may_send_how_much_in_which_form(running: InThread, client: httpx.Client) -> None:
    row = {"customer_id": "ada", "happened_at": "2026-02-09"}
    with running.client("reader") as reader:
        assert send(reader, row).status_code == 403
    assert send(client, *[row] * 4).status_code == 413
    assert client.post("/v1/tables/tickets", content="a,b", headers={"Content-Type": "text/csv"}).status_code == 415
    twice = '{"rows": [{"customer_id": "ada", "kind": "a", "kind": "b", "happened_at": "2026-02-09"}]}'
    answer = client.post("/v1/tables/tickets", content=twice, headers={"Content-Type": "application/json"})
    assert "body/rows/0/kind: Stands there twice" in answer.json()["detail"]


def test_rows_are_held_and_forgotten(running: InThread, client: httpx.Client) -> None:
    send(client, {"customer_id": "bob", "happened_at": "2026-02-09", "kind": "lost"})
    with running.client("admin") as admin:
        held = admin.get("/v1/held/bob").json()["tables"]["received_rows"]
        assert [one["content"]["kind"] for one in held] == ["lost"]
        assert admin.delete("/v1/customers/bob").json()["received_rows"] == 1
        assert client.get("/v1/customers/bob").status_code == 404
        assert "received_rows" not in admin.get("/v1/held/bob").json()["tables"]
