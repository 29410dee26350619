"""Names and addresses of a running service: shown to keys that may see them, and in no answer to any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from churnrisk.schema import KEY_ROLES
from churnrisk.service import ServiceConfig, create_app
from churnrisk.service.access import Door
from support.service import ADDRESS, WITHOUT_CONSENT, Service

BLIND = KEY_ROLES[: KEY_ROLES.index("contacts")]
PAGE = {"Accept": "text/html"}
WHO = "12357"


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> list[Door]:
    folder = tmp_path_factory.mktemp("doors")
    found: list[Door] = create_app(ServiceConfig(folder / "models", folder / "state.db")).state.doors.all
    return found


@pytest.fixture(scope="module")
def seeing(api: httpx.Client, service: Service) -> httpx.Client:
    """A client whose key may see contacts, once the service has read its history."""
    return service.client("contacts")


@pytest.fixture(scope="module")
def campaign(seeing: httpx.Client, service: Service) -> str:
    """A campaign with everybody who may be contacted."""
    browser, token = service.browser("contacts")
    form = {"customers": "400", "holdout": "10", "window": "1", "outcome": "retained", "starts_on": "2031-01-01"}
    made = browser.post("/campaigns", data={"csrf_token": token, "name": "reached", **form, "most": "yes"})
    assert made.status_code == 303, made.text
    return "reached"


@pytest.fixture
def contacts(service: Service) -> Iterator[Path]:
    """The file of contacts, to be changed; it is as before afterwards."""
    path = service.state.parent / "contacts.csv"
    before = path.read_text(encoding="utf-8")
    yield path
    path.write_text(before, encoding="utf-8")


def paths_of(doors: list[Door], campaign: str) -> list[str]:
    """Addresses that may be asked for, with a customer and a campaign wherever one can be named."""
    paths = []
    for door in doors:
        if "GET" in door.methods and "/jobs/" not in door.template:
            filled = door.template.replace("{customer_id:path}", WHO).replace("{customer_id}", WHO)
            paths += [filled, f"{filled}?id={WHO}&name={campaign}&limit=5", f"{filled}?explain=true"]
    return paths


def test_who_may_not_see_contacts_finds_no_address_in_any_answer(
    seeing: httpx.Client, service: Service, doors: list[Door], campaign: str
) -> None:
    paths = [path for path in paths_of(doors, campaign) if "{" not in path]
    assert len(paths) > 60
    for headers in ({}, PAGE):
        for path in paths:
            seeing.get(path, headers=headers)  # what is kept of this answer is given to nobody else
    for role in BLIND:
        for client, headers in ((service.client(role), {}), (service.browser(role)[0], PAGE)):
            found = [path for path in paths if ADDRESS in client.get(path, headers=headers).text]
            assert found == []


def test_a_key_of_the_role_sees_them_everywhere(seeing: httpx.Client, service: Service, campaign: str) -> None:
    one = seeing.get(f"/v1/customers/{WHO}").json()
    assert one["contact"] == {
        "name": f"Ann {WHO}{ADDRESS}",
        "email": f"person-{WHO}{ADDRESS}",
        "phone": "",
        "language": "",
        "has_consent": True,
    }
    seen = service.client("reader").get(f"/v1/customers/{WHO}").json()
    assert {**seen, "contact": one["contact"]} == one
    assert "contact" not in seen
    rows = seeing.get("/v1/customers", params={"limit": 3}).json()["customers"]
    assert [row["contact"]["email"] for row in rows] == [f"person-{row['customer_id']}{ADDRESS}" for row in rows]
    for path in (f"/customers?id={WHO}", f"/customer?id={WHO}", f"/customers.csv?id={WHO}"):
        assert f"person-{WHO}{ADDRESS}" in seeing.get(path, headers=PAGE).text, path
    listed = seeing.get(f"/campaigns/contacts.csv?name={campaign}").text
    assert listed.count(ADDRESS) == 2 * (len(listed.splitlines()) - 1) > 100
    assert "email" not in service.client("scorer").get(f"/campaigns/contacts.csv?name={campaign}").text


def test_without_consent_nobody_is_in_a_campaign(seeing: httpx.Client, campaign: str) -> None:
    assert not seeing.get(f"/v1/customers/{WITHOUT_CONSENT}").json()["contact"]["has_consent"]
    assert "Without consent" in seeing.get(f"/customer?id={WITHOUT_CONSENT}", headers=PAGE).text
    rows = seeing.get("/v1/customers", params={"limit": 400, "status": "scored"}).json()["customers"]
    assert WITHOUT_CONSENT in {row["customer_id"] for row in rows}
    assert WITHOUT_CONSENT not in seeing.get(f"/campaigns/contacts.csv?name={campaign}").text
    assert "given no consent: 2." in seeing.get(f"/campaigns?made={campaign}", headers=PAGE).text  # and one opted out


def test_the_file_is_read_again_when_it_changes_and_pages_do_without_it(
    seeing: httpx.Client, service: Service, contacts: Path, campaign: str
) -> None:
    text = contacts.read_text(encoding="utf-8")
    contacts.write_text(text.replace(f"person-{WHO}", "moved"), encoding="utf-8")
    assert seeing.get(f"/v1/customers/{WHO}").json()["contact"]["email"] == f"moved{ADDRESS}"
    contacts.write_text(f"customer_id,email,consent\n{WHO},moved{ADDRESS},moved{ADDRESS}\n", encoding="utf-8")
    page = seeing.get(f"/customers?id={WHO}", headers=PAGE)
    assert page.status_code == 200
    assert "contacts.csv, line 2, consent" in page.text
    assert ADDRESS not in page.text
    assert seeing.get(f"/v1/customers/{quote(WHO)}").status_code == 422
    assert service.client("reader").get(f"/v1/customers/{WHO}").status_code == 200
    assert seeing.get(f"/campaigns/contacts.csv?name={campaign}").status_code == 422
    browser, _ = service.browser("scorer")
    assert "consent is unknown" not in browser.get("/campaigns", headers=PAGE).text
    contacts.write_text(f"customer_id,email\n{WHO},moved{ADDRESS}\n", encoding="utf-8")
    assert "consent is unknown and treated as given" in browser.get("/campaigns", headers=PAGE).text


@pytest.mark.parametrize("text", [None, "", f"7,ann{ADDRESS}\n8,bob{ADDRESS}\n"])
def test_without_a_file_that_can_be_read_pages_do_without_the_list_and_show_nobody_what_stands_in_it(
    seeing: httpx.Client, service: Service, contacts: Path, text: str | None
) -> None:
    if text is None:
        contacts.unlink()
    else:
        contacts.write_text(text, encoding="utf-8")
    for client in (service.client("reader"), service.client("scorer"), seeing):
        for path in ("/", "/list"):
            page = client.get(path, headers=PAGE)
            assert page.status_code == 200, path
            assert "This week’s list cannot be made" in page.text
            assert client is seeing or (ADDRESS not in page.text and str(contacts) not in page.text)
        assert client.get("/list.xlsx", headers=PAGE).status_code == 303
    answer = service.client("reader").get("/v1/list")
    assert answer.status_code == 503
    assert ADDRESS not in answer.text
    browser, token = service.browser("scorer")
    form = {"csrf_token": token, "name": "blind", "customers": "20", "of": "list"}
    refused = browser.post("/campaigns", data=form, headers=PAGE)
    assert refused.status_code == 422
    assert ADDRESS not in refused.text
