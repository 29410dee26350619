"""Nothing answers without a key but the two probes and the login; and each route takes the roles that it declares."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from churnrisk.schema import KEY_ROLES
from churnrisk.service import ServiceConfig, create_app
from churnrisk.service.access import Door, Need
from churnrisk.state import create_key, list_keys, open_state, revoke_key
from support.service import Service
from support.shop import churnrisk

OPEN = {"/healthz", "/readyz", "/login", "/static/login.css"}


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> list[Door]:
    folder = tmp_path_factory.mktemp("doors")
    found: list[Door] = create_app(ServiceConfig(folder / "models", folder / "state.db")).state.doors.all
    return found


def requests_of(doors: list[Door]) -> list[tuple[str, str, Door]]:
    """Method and path of each door, with something in place of its parameters."""
    filled = []
    for door in doors:
        path = door.template
        for name in getattr(door.route, "param_convertors", {}):
            path = path.replace(f"{{{name}}}", "0").replace(f"{{{name}:path}}", "0")
        filled += [(method, path, door) for method in door.methods]
    return filled


def test_every_route_declares_who_may_use_it(doors: list[Door]) -> None:
    assert [door.template for door in doors if door.need is None] == [], "declare Needs(role) or OPEN"
    assert all(isinstance(door.route, APIRoute) for door in doors), "mounts cannot declare; see files.py"
    assert {door.template for door in doors if door.need and door.need.role is None} == OPEN


WORDS = {
    "/v1/score": "score",
    "/v1/purchases": "send purchases",
    "/v1/tables/{name}": "send rows",
    "/v1/jobs/score": "score",
    "/campaigns": "make",
    "/campaigns/measure": "measure campaigns",
    "/v1/models/{version}/promote": "promote models",
    "/v1/jobs/train": "train",
    "/jobs/score": "start jobs",
    "/jobs/monitor": "start jobs",
    "/jobs/train": "train",
    "/customers/filters": "save filters",
    "/customer/note": "write notes",
    "/v1/audit": "read the audit log",
    "/v1/held/{customer_id:path}": "see all that is held",
    "/v1/customers/{customer_id:path}": "forget customers",
    "/v1/objections/{customer_id:path}": "keep objections",
}
"""What the help of a command calls a route that takes more than looking."""

PASSED_OVER = {
    *("/v1/jobs/{job_id}", "/v1/jobs/{job_id}/result", "/campaigns/contacts.csv", "/logout", "/customers.csv"),
    "/campaigns/contacts.xlsx",
    *("/jobs/cancel", "/customers/filters/delete"),
}
"""What goes with one of them."""


def test_the_help_of_keys_says_of_each_role_what_its_routes_ask_for(doors: list[Door]) -> None:
    help_of = churnrisk("keys", "create", "--help")
    told = " ".join(re.sub(r"[│|]", " ", help_of.out).split())
    parts = dict(re.findall(rf"({'|'.join(KEY_ROLES)}): (.*?)(?=\.)", told))
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "service.md").read_text(encoding="utf-8")
    rows = dict(re.findall(rf"^\| `({'|'.join(KEY_ROLES)})` \| (.*) \|$", page, re.MULTILINE))
    for door in doors:
        role = door.need.role if door.need else None
        if role not in ("scorer", "admin") or door.template in PASSED_OVER:
            continue
        word = WORDS[door.template]
        assert [one for one in KEY_ROLES if word in parts[one]] == [role], door.template
        assert all(part in rows[role] for part in word.split()), door.template


def test_without_a_key_only_probes_and_login_answer(service: Service, doors: list[Door]) -> None:
    client = service.client()
    for method, path, door in requests_of(doors):
        answer = client.request(method, path)
        if door.template in OPEN:
            assert answer.status_code in (200, 403, 422, 503), path  # 403: the login form without its token
        elif path == "/" and method == "GET":
            assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        else:
            assert_problem(answer, 401)
            assert answer.headers["www-authenticate"].startswith("Bearer")
    for path in ("/nothing/here", "/v1", "/docs", "/openapi.json", "/static/../app.py", "/static/echarts.min.js"):
        assert_problem(client.get(path), 401)


@pytest.mark.parametrize("role", KEY_ROLES)
def test_a_role_opens_its_doors_and_no_others(service: Service, doors: list[Door], role: str) -> None:
    client = service.client(role)
    for method, path, door in requests_of(doors):
        if door.need is None or door.need.role is None or KEY_ROLES.index(door.need.role) <= KEY_ROLES.index(role):
            continue
        answer = client.request(method, path)
        assert_problem(answer, 403)
        assert answer.json()["needs"] == door.need.role
    assert_problem(client.get("/nothing/here"), 404)
    assert_problem(client.delete("/openapi.json"), 405)
    assert client.get("/openapi.json").status_code == 200
    assert "churnrisk" in client.get("/docs").text


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def answers_of(client: httpx.Client, doors: list[Door], headers: dict[str, str]) -> Iterator[tuple[str, str, int]]:
    """Method, path and status of every method on every path, but for logging out, which would end it all."""
    for path in dict.fromkeys(path for _, path, _ in requests_of(doors) if path != "/logout"):
        for method in METHODS:
            yield method, path, client.request(method, path, headers=headers).status_code


def find_need(doors: list[Door], method: str, path: str) -> Need | None:
    """What the first route declares that takes a method at a path; None where there is no such."""
    found = (one for one in doors if method in one.methods and one.route.path_regex.match(path))
    return next((door.need for door in found), None)


def test_no_method_on_any_path_answers_without_a_key(service: Service, doors: list[Door]) -> None:
    for method, path, status in answers_of(service.client(), doors, {}):
        if path in OPEN:
            expected = (200, 403, 503) if find_need(doors, method, path) else (405,)  # 403: the form without its token
        else:
            expected = (303,) if (method, path) == ("GET", "/") else (401,)
        assert status in expected, (method, path)


@pytest.mark.parametrize("role", KEY_ROLES)
@pytest.mark.parametrize("by", ["key", "session"])
def test_each_role_has_the_methods_of_its_routes_and_no_others(
    service: Service, doors: list[Door], role: str, by: str
) -> None:
    client, token = (service.client(role), "") if by == "key" else service.browser(role)
    counts = Counter[str]()
    for method, path, status in answers_of(client, doors, {"X-CSRF-Token": token}):
        need = find_need(doors, method, path)
        if need is None:
            expected, kind = status in (403, 405), "unknown"
        elif need.role is None or KEY_ROLES.index(need.role) <= KEY_ROLES.index(role):
            expected, kind = status not in (401, 403, 405, 500, 501) or (path, status) == ("/login", 403), "allowed"
        else:
            expected, kind = status == 403, "forbidden"
        counts[kind] += 1
        assert expected, (method, path, status, kind)
    assert counts["allowed"] + counts["forbidden"] >= len(requests_of(doors)) - 1
    assert counts["unknown"] > 100
    assert (counts["forbidden"] == 0) is (role == "admin")


def test_a_revoked_key_is_refused_within_a_second(service: Service) -> None:
    with open_state(service.state) as state:
        record, secret = create_key(state, name="to be revoked", role="admin")
    client = service.client()
    shown = {"Authorization": f"Bearer {secret}"}
    assert client.get("/openapi.json", headers=shown).status_code == 200
    with open_state(service.state) as state:
        assert next(key for key in list_keys(state) if key.key_id == record.key_id)
        revoke_key(state, record.key_id)
    import time

    time.sleep(1.1)
    assert_problem(client.get("/openapi.json", headers=shown), 401)


@pytest.mark.parametrize(
    "shown",
    [
        "",
        "Bearer",
        "Bearer crk_",
        "Bearer crk_" + "A" * 43,
        "Basic Y3JrOg==",
        "Bearer " + "x" * 4000,
        "bearer é",
    ],
)
def test_what_is_no_key_opens_nothing(service: Service, shown: str) -> None:
    headers = {b"authorization": shown.encode("latin-1")}
    assert_problem(service.client().get("/openapi.json", headers=headers), 401)


def test_the_host_must_be_known_but_for_probes(service: Service) -> None:
    client = service.client("reader")
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example:8000", "", "[::2]"):
        answer = client.get("/openapi.json", headers={"Host": host})
        assert_problem(answer, 400)
        assert client.get("/healthz", headers={"Host": host}).status_code == 200
    for host in ("localhost", "LOCALHOST:1234", "[::1]:80"):
        assert client.get("/openapi.json", headers={"Host": host}).status_code == 200


def test_no_other_site_may_read_an_answer(service: Service) -> None:
    client = service.client("reader")
    answer = client.get("/openapi.json", headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert_problem(client.options("/openapi.json", headers={"Origin": "https://evil.example"}), 405)
    policy = answer.headers["content-security-policy"]
    assert "'unsafe-inline'" not in policy
    assert policy.startswith("default-src 'none'")


def test_a_session_needs_the_token_of_its_forms(service: Service) -> None:
    browser, token = service.browser("admin")
    assert browser.get("/openapi.json").status_code == 200
    assert_problem(browser.post("/logout"), 403)
    assert_problem(browser.post("/logout", data={"csrf_token": token[:-1]}), 403)
    assert_problem(browser.post("/logout", headers={"X-CSRF-Token": token, "Sec-Fetch-Site": "cross-site"}), 403)
    stolen = browser.cookies["churnrisk_session"]
    assert browser.post("/logout", data={"csrf_token": token}).headers["location"] == "/login"
    with httpx.Client(base_url=service.url, cookies={"churnrisk_session": stolen}) as thief:
        assert_problem(thief.get("/openapi.json"), 401)


def test_every_change_by_a_session_needs_the_token(service: Service, doors: list[Door]) -> None:
    browser, token = service.browser("admin")
    changes = [(method, path) for method, path, door in requests_of(doors) if is_change(method, door)]
    assert len(changes) >= 5
    for method, path in changes:
        for headers in ({}, {"X-CSRF-Token": token[::-1]}, {"X-CSRF-Token": ""}):
            answer = browser.request(method, path, headers=headers)
            assert answer.status_code == 403, (method, path)
            assert "Form token missing" in answer.text


def is_change(method: str, door: Door) -> bool:
    """Whether this is more than looking, by somebody who is known."""
    return method not in ("GET", "HEAD", "OPTIONS") and door.need is not None and door.need.role is not None


def test_cookies_are_for_this_service_alone(service: Service) -> None:
    client = service.client()
    page = client.get("/login")
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')[0]
    opened = client.post("/login", data={"key": service.keys["reader"], "csrf_token": token})
    assert opened.status_code == 303
    of_the_form, of_the_session = (one.headers.get_list("set-cookie") for one in (page, opened))
    assert [len(of_the_form), len(of_the_session)] == [1, 2], "the session's, and that of the form taken away"
    session = next(one for one in of_the_session if "Max-Age=0" not in one)
    assert "samesite=strict" in session.lower()
    for cookie in [*of_the_form, *of_the_session]:
        assert "HttpOnly" in cookie
        assert "Secure" not in cookie  # on this machine itself


def test_a_login_form_of_another_site_opens_no_session(service: Service) -> None:
    client = service.client()
    answer = client.post("/login", data={"key": service.keys["reader"], "csrf_token": "made up"})
    assert answer.status_code == 403
    assert "churnrisk_session" not in answer.cookies


def assert_problem(answer: httpx.Response, status: int) -> None:
    """Every error has one shape."""
    assert answer.status_code == status, (answer.request.method, answer.request.url, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert {"type", "title", "status", "detail", "request_id"} <= document.keys()
    assert document["status"] == status
    assert document["request_id"] == answer.headers["x-request-id"]


def test_a_form_of_too_many_fields_is_refused_and_is_no_defect(service: Service, doors: list[Door]) -> None:
    browser, token = service.browser("admin")
    forms = [(method, path) for method, path, _ in requests_of(doors) if method == "POST" and path[:3] != "/v1"]
    pages = [path for method, path, door in requests_of(doors) if method == "GET" and not door.route.include_in_schema]
    assert len(forms) >= 5
    browser.get("/login")  # which gives its own form a token
    known = len(service.events())
    for fields in (1001, 5000):
        rest = "&".join(f"f{number}=" for number in range(fields - 1))
        plain = {"Content-Type": "application/x-www-form-urlencoded"}
        for method, path in forms:
            shown = {} if path == "/logout" else {"X-CSRF-Token": token}  # to log out takes no field but the token
            for more in ({}, shown):
                answer = browser.request(method, path, content=f"csrf_token={token}&{rest}", headers=plain | more)
                assert_problem(answer, 413)
        for path in pages:
            answer = browser.get(path, params=rest)
            assert answer.status_code < 500 or "history" in answer.text, (path, answer.text)
    assert [event for event in service.events()[known:] if event["event"] == "defect"] == []
    for count, status in ((1000, 403), (1001, 413)):
        body = "&".join(["csrf_token=wrong", *(f"f{number}=" for number in range(count - 1))])
        answer = browser.post("/language", content=body, headers=plain)
        assert_problem(answer, status)


def test_a_new_login_ends_the_older_session_of_that_browser(service: Service) -> None:
    browser, token = service.browser("reader")
    other, _ = service.browser("reader")
    older = browser.cookies["churnrisk_session"]
    page = browser.get("/login").text.partition('name="csrf_token" value="')[2]
    form = {"csrf_token": page.partition('"')[0]}
    assert browser.post("/login", data={**form, "key": "crk_unknown"}).status_code == 401
    assert browser.get("/openapi.json").status_code == 200, "a login that fails ends nothing"
    page = browser.get("/login").text.partition('name="csrf_token" value="')[2]
    form = {"csrf_token": page.partition('"')[0], "key": service.keys["admin"]}
    assert browser.post("/login", data=form).status_code == 303
    assert browser.cookies["churnrisk_session"] != older
    assert browser.get("/v1/audit").status_code == 200
    with httpx.Client(base_url=service.url, cookies={"churnrisk_session": older}) as thief:
        assert_problem(thief.get("/openapi.json"), 401)
        assert_problem(thief.post("/logout", headers={"X-CSRF-Token": token}), 401)
    assert other.get("/openapi.json").status_code == 200, "another browser is another session"
