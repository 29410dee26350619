"""Options that say which rows are sales: what they come to, and what an impossible one is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnrisk.cli.reading import Reading
from churnrisk.errors import SettingsError
from churnrisk.orders import IntakeOptions
from churnrisk.settings import read_settings
from support.shop import churnrisk

LOG = "customer,date,total\na,2024-01-05,5\n"


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text(LOG, encoding="utf-8")


def test_an_option_beats_the_settings_word_by_word() -> None:
    Path("churnrisk.toml").write_text(
        "reversals = 'keep'\nreversal_days = 7\nno_customer_limit = 0.9\n[status]\nS7 = 'sale'\nS3 = 'pending'\n",
        encoding="utf-8",
    )
    settings = read_settings()
    kept = Reading({}).options(settings)
    assert (kept.reversals, kept.reversal_days, kept.no_customer_limit) == ("keep", 7, 0.9)
    assert (kept.status, kept.count_pending, kept.no_amounts) == ({"S7": "sale", "S3": "pending"}, False, False)
    given = {"status": ["S3=no_sale", "S9=returned"], "count_pending": True, "reversals": "undo", "no_amounts": True}
    options = Reading({**given, "reversal_days": 60, "no_customer_limit": 0.1}).options(settings)
    assert options.status == {"S7": "sale", "S3": "no_sale", "S9": "returned"}
    assert (options.count_pending, options.no_amounts, options.reversals) == (True, True, "undo")
    assert (options.reversal_days, options.no_customer_limit) == (60, 0.1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--status", "S7"), "--status S7: write it as WORD=CLASS, for example --status Zrealizowane=sale."),
        (("--status", "S7=sold"), "--status S7=sold: give 'S7' one of sale, no_sale, pending, returned."),
        (("--status", "S7=sale", "--status", "S7=pending"), "S7 was given before, as 'sale'"),
        (("--reversals", "drop"), "--reversals drop: give undo or keep."),
        (("--reversal-days", "4000"), "--reversal-days 4000: give whole days from 0 to 3650."),
        (("--no-customer-limit", "2"), "--no-customer-limit 2.0: give a share from 0 to 1, for example 0.5."),
        (("--net-cancellations",), "--net-cancellations is no longer known: "),
    ],
)
def test_an_impossible_option_says_what_to_give(options: tuple[str, ...], said: str) -> None:
    answer = churnrisk("check", "log.csv", *options)
    assert answer.code == 2
    assert said in " ".join(answer.err.split())


def test_the_successor_of_an_option_is_named() -> None:
    for command in (("train", "log.csv"), ("check", "log.csv"), ("score", "log.csv")):
        answer = churnrisk(*command, "--net-cancellations")
        assert answer.code == 2
        assert "--reversals keep" in answer.err


def test_from_python_a_word_of_blanks_is_refused() -> None:
    with pytest.raises(SettingsError, match="before the sign ="):
        IntakeOptions(status={" ": "sale"})


def test_check_shows_which_column_was_taken_for_what_and_names_each_other_once() -> None:
    header = "order_id,Buyer,date,Total (EUR),status,Full Name,Tax,colour,email"
    rows = ("1,guest,2024-01-05,5,paid,,1,red,a@example.com", "2,7,2024-01-06,5,cancelled,,1,red,")
    Path("log.csv").write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    answer = churnrisk("check", "log.csv")
    text = " ".join(answer.out.split())
    assert "Columns: customer_id = Buyer, ordered_at = date, amount = Total (EUR), order_id," in text
    assert "Not used: colour." in text
    for once in ("Full Name", "Tax", "cancelled 1", "'guest' 1"):
        assert text.count(once) == 1, once
    assert "1 rows without an id of their own count for 1 customers by 'email'" in text
    assert max(map(len, answer.out.splitlines())) <= 80


def test_ids_that_differ_in_writing_are_joined_by_option_and_setting() -> None:
    Path("log.csv").write_text("customer,date,total\n007,2024-01-05,5\n7.0,2024-01-06,5\n", encoding="utf-8")
    assert "of 2 customers" in churnrisk("check", "log.csv").out
    assert "of 1 customer," in churnrisk("check", "log.csv", "--fold-ids").out
    Path("churnrisk.toml").write_text("fold_ids = true\n", encoding="utf-8")
    assert "of 1 customer," in churnrisk("check", "log.csv").out
