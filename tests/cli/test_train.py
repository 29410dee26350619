"""``churnrisk train``: what it says, what it stores, what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from churnrisk.learning.baselines import QUICK_BASELINES
from churnrisk.store import read_card
from support.shop import CUSTOMERS, PURCHASES, churnrisk, read_rows, write_rows

NAMES = ("order_id", "customer_id", "ordered_at", "amount")


def test_it_tells_where_the_numbers_come_from(trained: Path) -> None:
    said = (trained / "train.txt").read_text(encoding="utf-8")
    words = " ".join(said.split())
    for part in (
        "44,876 rows, 44,876 used; 44,876 orders of 5,942 customers, 2009-12-01 to 2011-12-09",
        "nothing in the 90 days",
        "nothing was bought within 90 days by",
        "churnrisk score",
        "Stored as",
    ):
        assert part in words, part
    assert said.startswith("Grade ")
    tables = churnrisk("models", "show", "--models-dir", trained / "models")
    for part in (
        "36,518 purchases, 7,901 returns",
        "2011-09-11",  # the test's cutoff: 90 days before the day after the last order
        "test, then fit",
        "average precision",
        "RFM logistic",
    ):
        assert part in tables.words, part
    assert all(len(line) <= 80 for line in (said + tables.out).splitlines())
    [version] = [path.name for path in (trained / "models").iterdir() if path.is_dir() and path.name[0] != "."]
    assert version in words


def test_the_horizon_is_chosen_and_explained() -> None:
    answer = churnrisk("train", CUSTOMERS)
    [verdict] = [one for one in churnrisk("check", CUSTOMERS, "--json").json["readiness"] if "horizon" in one["use"]]
    reason, _ = verdict["reason"].split(" `churnrisk train` takes that horizon")
    assert reason.startswith("Counting each customer once, ")
    assert reason in answer.words


def test_json_has_the_whole_card() -> None:
    card = churnrisk("train", CUSTOMERS, "--horizon", 60, "--seed", 3, "--lookback", 300, "--lead", 5, "--json").json
    assert card["snapshot"] == {"as_of": "2011-12-10", "lookback_days": 300, "horizon_days": 60, "lead_days": 5}
    assert (card["seed"], card["horizon_choice"]) == (3, None)
    intake = card["intake"]
    assert intake["rows_in"] == intake["rows_used"] == len(read_rows(CUSTOMERS))
    assert "rejected_rows" not in intake
    assert set(card["test"]["measures"]) == {"churnrisk", *QUICK_BASELINES}
    assert (card["grade"]["basis"], set(card["grade"]["letters"])) == (
        "later snapshot",
        {"ranking", "gain", "calibration"},
    )
    for measures in card["test"]["measures"].values():
        for name in ("auc", "average_precision", "log_loss", "brier", "top_decile_lift"):
            assert measures[name]["low"] <= measures[name]["value"] <= measures[name]["high"], name
    test_cutoff = card["test"]["as_of"]
    assert test_cutoff == max(one["cutoff"] for one in card["training"]) == "2011-10-06"
    assert {"name", "family", "unit", "meaning"} <= set(card["features"][0])


def test_the_source_may_stand_in_the_settings_or_be_the_sample(tmp_path: Path) -> None:
    answer = churnrisk("train")
    assert (answer.code, "no purchase history was given" in answer.err) == (2, True)
    (tmp_path / "churnrisk.toml").write_text(f'purchases = "{CUSTOMERS}"\nhorizon = 60\n')
    assert churnrisk("train", "--json").json["snapshot"]["horizon_days"] == 60


def test_columns_are_mapped_on_the_command_line_and_in_the_settings(tmp_path: Path, small_trained: Path) -> None:
    rows = read_rows(CUSTOMERS)
    names = {
        "customer_id": "Kto",
        "ordered_at": "Wann",
        "amount": "Wert",
        "order_id": "Nr",
        "item_count": "Zahl",
    }
    foreign = [{theirs: row[ours] for ours, theirs in names.items()} for row in rows]
    write_rows(tmp_path / "log.csv", foreign, names.values())
    answer = churnrisk("train", "log.csv", "--horizon", 60)
    assert answer.code == 2
    assert "--column customer_id=" in answer.err
    pairs = {"quantity" if ours == "item_count" else ours: theirs for ours, theirs in names.items()}
    options = [part for role, header in pairs.items() for part in ("--column", f"{role}={header}")]
    mapped = churnrisk("train", "log.csv", "--horizon", 60, "--json", *options)
    (tmp_path / "churnrisk.toml").write_text("[columns]\n" + "\n".join(f'{k} = "{v}"' for k, v in pairs.items()))
    set_down = churnrisk("train", "log.csv", "--horizon", 60, "--json")
    plain = read_card(small_trained / "models")  # of the same purchases under our own names
    assert mapped.json["data_fingerprint"] == set_down.json["data_fingerprint"] == plain["data_fingerprint"]
    assert mapped.json["test"] == plain["test"]


def log(path: Path, customers: int, orders: int, *, days_apart: int = 3) -> Path:
    """Write a log in which every customer buys every few days."""
    rows = [
        {"customer_id": f"c{who}", "ordered_at": f"2024-{1 + day // 28:02}-{1 + day % 28:02}", "amount": "10.00"}
        for who in range(customers)
        for day in range(who % 3, orders * days_apart, days_apart)
        if day < 336
    ]
    return write_rows(path, rows, NAMES[1:])


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (None, (), "there is no file"),
        ("", (), "empty"),
        ("customer_id,ordered_at,amount\n", (), "no rows|header"),
        ("custmer_id,ordered_at,amount\na,2024-01-01,1\n", (), "custmer_id"),
        ("customer_id,amount\na,1\n", (), "ordered_at"),
        ("customer_id,ordered_at,amount\na,2024-01-01,1\na,2024-02-01,1\n", ("--horizon", "7"), "are needed|needs"),
        ("customer_id,ordered_at,amount\na,someday,1\nb,2024-02-01,1\n", (), "someday"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_in_words(
    tmp_path: Path, content: str | None, arguments: tuple[str, ...], message: str
) -> None:
    path = tmp_path / "log.csv"
    if content is not None:
        path.write_text(content)
    refusal(churnrisk("train", path, *arguments), message)


def refusal(answer: object, message: str) -> None:
    """Check exit code 2, one message, no traceback, and that nothing was stored."""
    import re

    assert answer.code == 2, answer  # type: ignore[attr-defined]
    assert re.search(message, answer.err), answer.err  # type: ignore[attr-defined]
    assert "Traceback" not in answer.err  # type: ignore[attr-defined]
    assert answer.err.startswith("churnrisk: ")  # type: ignore[attr-defined]
    assert not Path("models").exists()


def test_too_few_customers_are_refused_with_numbers(tmp_path: Path) -> None:
    refusal(
        churnrisk("train", log(tmp_path / "few.csv", 12, 90), "--horizon", 30),
        "0 customers churned and 12 .* 30 of each",
    )


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--horizon", "400", "needs 800 days of history"),
        ("--horizon", "0", "--horizon 0"),
        ("--as-of", "2012-06-01", "the log ends on 2011-12-09"),
        ("--as-of", "2011-12-18", "the log ends on 2011-12-09"),
        ("--as-of", "2009-11-01", "the log begins on 2009-12-01"),
        ("--as-of", "2010-01-15", "days of history"),
        ("--as-of", "soon", "'soon' is not a date"),
        ("--column", "customer_id", "ROLE=HEADER"),
        ("--column", "custmer_id=x", "did you mean customer_id"),
        ("--column", "customer_id=nowhere", "nowhere"),
        ("--lookback", "0", "--lookback 0"),
    ],
)
def test_an_option_that_the_log_cannot_support_is_refused(option: str, value: str, message: str) -> None:
    horizon = () if option == "--horizon" else ("--horizon", "90")
    refusal(churnrisk("train", PURCHASES, option, value, *horizon), message)


def test_a_week_without_orders_before_as_of_is_allowed() -> None:
    card = churnrisk("train", CUSTOMERS, "--as-of", "2011-12-16", "--horizon", 60, "--json").json
    assert card["snapshot"]["as_of"] == "2011-12-16"


def test_a_model_cannot_see_past_as_of(tmp_path: Path) -> None:
    """Training with ``--as-of`` is the same as training on a log that ends there."""
    rows = read_rows(CUSTOMERS)
    cut = write_rows(tmp_path / "cut.csv", (r for r in rows if r["ordered_at"] < "2011-06-01"), rows[0].keys())
    told = churnrisk("train", CUSTOMERS, "--as-of", "2011-06-01", "--horizon", 30, "--json").json
    ended = churnrisk("train", cut, "--as-of", "2011-06-01", "--horizon", 30, "--json").json
    assert told["test"] == ended["test"]
    assert told["training"] == ended["training"]
    assert told["base_rate"] == ended["base_rate"]


def test_nothing_is_stored_where_the_folder_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    answer = churnrisk("train", CUSTOMERS, "--horizon", 60, "--models-dir", tmp_path / "file" / "models")
    assert (answer.code, "Traceback" in answer.err) == (2, False)
