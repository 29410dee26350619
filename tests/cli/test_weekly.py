"""The weekly run from settings alone: files, memory, mail, and one line."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from aiosmtpd.controller import Controller

from support.shop import PURCHASES, churnrisk

LINE = re.compile(
    r"^churnrisk weekly: done as_of=\d{4}-\d\d-\d\d model=\S+ customers=\d+ scored=\d+ high=\d+( \S+=\d+)+$"
)


@pytest.fixture
def shop(models: Path) -> Path:
    """A folder with settings and purchases."""
    shutil.copy(PURCHASES, "purchases.csv")
    write_settings(models)
    return Path.cwd()


def write_settings(models: Path, more: str = "") -> None:
    lines = ['purchases = "purchases.csv"', f"models_dir = '{models}'", 'state = "state.db"', more]
    Path("churnrisk.toml").write_text("\n".join(lines), encoding="utf-8")


def read_everybody() -> pd.DataFrame:
    return pd.read_excel("weekly/list.xlsx", sheet_name="All customers", engine="calamine", dtype={"customer id": str})


def test_two_weeks(shop: Path, models: Path) -> None:
    first = churnrisk("weekly")
    assert (first.code, first.err) == (0, "")
    line, long_past = first.out.splitlines()
    assert LINE.match(line)
    assert long_past.startswith("The last order is of 2011-12-09")
    assert "new_on_list" not in first.out
    sheet = read_everybody()
    assert "change" not in sheet
    assert sheet["reason 1"].notna().any()
    assert Path("weekly/report.html").stat().st_size > 100_000

    buyer = sheet.loc[sheet["risk"] == "high", "customer id"].iloc[0]
    with Path("purchases.csv").open("a", encoding="utf-8") as file:
        file.write(f"new-1,{buyer},2011-12-16 10:00:00,25.00,3,United Kingdom\n")
    terms = "contact_cost = 0.5\nincentive_cost = 5.25\nacceptance_rate = 0.2\n"
    write_settings(models, f'{terms}rules = ["retention_rate < 0.95", "psi > 5"]')
    second = churnrisk("weekly")
    assert second.code == 0
    assert second.out.splitlines()[1:-1] == ["Rules that fired: retention_rate < 0.95 (it is 0.9274)."]
    assert second.out.splitlines()[-1].startswith("The last order is of 2011-12-16")
    assert "rules_fired=1" in second.out
    assert "bought_since=1 listed=50 days_since_training=7" in second.out
    sheet = read_everybody()
    assert sheet.loc[sheet["change"] == "bought since", "customer id"].tolist() == [buyer]
    assert sorted(path.name for path in Path("weekly").iterdir()) == ["list.xlsx", "report.html"]
    assert "an offer that costs 5.25 where" in Path("weekly/report.html").read_text(encoding="utf-8")


def test_a_run_that_failed_is_not_remembered(shop: Path) -> None:
    Path("weekly").write_text("a file where the folder should be")
    failed = churnrisk("weekly")
    assert failed.code == 2
    assert len(failed.err.splitlines()) == 1
    Path("weekly").unlink()
    Path("weekly/report.html").mkdir(parents=True)
    failed = churnrisk("weekly")
    assert failed.code == 2
    assert "report.html: cannot be written" in failed.err
    assert not Path("weekly/list.xlsx").exists(), "neither file is written where one of them cannot be"
    assert not Path("state.db").exists()


def test_mail_that_is_not_taken_leaves_the_files(shop: Path, models: Path) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    mail = 'mail_from = "a@shop.example"\nmail_to = ["b@shop.example"]'
    write_settings(models, f'smtp_host = "127.0.0.1"\nsmtp_port = {port}\nsmtp_security = "none"\n{mail}')
    failed = churnrisk("weekly")
    assert failed.code == 2
    assert "did not take the mail" in failed.err
    assert sorted(path.name for path in Path("weekly").iterdir()) == ["list.xlsx", "report.html"]
    assert Path("state.db").exists()


def test_mail_is_checked_before_any_work(shop: Path, models: Path) -> None:
    write_settings(models, 'smtp_host = "localhost"\nsmtp_security = "none"\nmail_from = "a@shop.example"')
    refused = churnrisk("weekly")
    assert refused.code == 2
    assert "mail_to is empty" in refused.err
    assert not Path("weekly").exists()


class Mailbox:
    """Keeps what the server took."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the server's name
        self.messages.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    kept = Mailbox()
    controller = Controller(kept, hostname="127.0.0.1", port=port, data_size_limit=None)
    controller.start()
    yield kept, port
    controller.stop()


def test_the_files_are_mailed(shop: Path, models: Path, mailbox: tuple[Mailbox, int]) -> None:
    kept, port = mailbox
    write_settings(
        models,
        f'smtp_host = "127.0.0.1"\nsmtp_port = {port}\nsmtp_security = "none"\n'
        'mail_from = "churnrisk@shop.example"\nmail_to = ["crm@shop.example"]',
    )
    answer = churnrisk("weekly", "--json")
    assert answer.code == 0
    assert answer.json["mailed_to"] == ["crm@shop.example"]
    [message] = kept.messages
    attached = {part.get_filename(): part.get_payload(decode=True) for part in message.iter_attachments()}
    assert attached == {name: Path("weekly", name).read_bytes() for name in ("list.xlsx", "report.html")}
    assert "customers=" in message.get_body(("plain",)).get_content()
