"""Models that are made again from a card alone, by hand and when a rule asks for it."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from churnrisk.cards import compare_cards, read_recipe
from churnrisk.cards.recipe import KEPT, describe_recipe, read_as_trained
from churnrisk.orders import IntakeOptions
from churnrisk.simulate import simulate_purchases
from churnrisk.store import list_models, read_card, save_model
from churnrisk.timeline import date_of
from support.shop import churnrisk

WINDOWS = {"as_of": "2012-01-01", "lookback_days": 300, "horizon_days": 40, "lead_days": 2}
OPTIONS = {
    "columns": {"customer_id": "Klient", "ordered_at": "Kiedy", "amount": "Ile"},
    "decimal": ",",
    "date_format": "dmy",
    "delimiter": ";",
}


def write_purchases(path: Path) -> Path:
    """A Polish export: semicolons, commas, days first, and headers that say nothing to a program."""
    log = simulate_purchases(150, first_day=15_000, days=160, seed=4, mean_lifetime_days=100).orders
    rows = zip(log["customer_id"], log["order_day"], log["amount"], strict=True)
    lines = [f"{who};{date_of(day):%d.%m.%Y};{amount / 10_000:.2f}".replace(".", ",", 0) for who, day, amount in rows]
    body = [";".join([*line.split(";")[:2], line.split(";")[2].replace(".", ",")]) for line in lines]
    path.write_text("\n".join(["Klient;Kiedy;Ile", *body]) + "\n", encoding="utf-8")
    return path


def card_of(purchases: str | None, **more: Any) -> dict[str, Any]:
    kept = {"format": 1, "purchases": purchases, "has_query": False, "options": OPTIONS, "backtest": False}
    return {
        "snapshot": WINDOWS,
        "seed": 5,
        "features": [{"name": "a feature of old"}],
        "feature_fingerprint": "old",
        "test": {"measures": {"churnrisk": {"auc": {"value": 0.61}}}},
        "grade": {"letter": "D"},
        "recipe": kept,
        **more,
    }


def store_old_model(card: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> str:
    """Store what no program of today can load: other libraries, other features, no model at all."""
    with monkeypatch.context() as patch:
        patch.setattr("churnrisk.store.saving.collect_versions", lambda: {"python": "3.9.1", "scikit-learn": "0.9.0"})
        return save_model({"not": "a model"}, card, models_dir=Path("models"))


def test_from_a_card_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    purchases = write_purchases(Path("zakupy.csv"))
    old = store_old_model(card_of("zakupy.csv"), monkeypatch)
    assert churnrisk("score", purchases, "--models-dir", "models").code == 2  # it cannot be loaded

    answer = churnrisk("train", "--like", old, "--json")
    assert (answer.code, answer.err) == (0, "")
    made = answer.json
    assert made["like"] == old
    assert {name: made["snapshot"][name] for name in WINDOWS if name != "as_of"} == {
        name: days for name, days in WINDOWS.items() if name != "as_of"
    }
    assert made["seed"] == 5
    assert made["recipe"]["options"] == OPTIONS
    assert made["intake"]["columns"] == OPTIONS["columns"]
    rows = {one["what"]: (one["then"], one["now"]) for one in made["difference"]["rows"]}
    assert rows["scikit-learn"][0] == "0.9.0"
    assert rows["scikit-learn"][1] != "0.9.0"
    assert rows["AUC"] == (0.61, made["test"]["measures"]["churnrisk"]["auc"]["value"])
    assert rows["features"] == (1, len(made["features"]))
    assert made["monitoring"]["format"] == 1
    text = json.dumps(made)
    assert "customer-0000" not in text

    again = read_recipe(read_card(Path("models")))
    assert again == read_recipe(made)
    settings = "purchases = 'zakupy.csv'\ndelimiter = ';'\ndecimal = ','\n[columns]\ncustomer_id = 'Klient'\n"
    Path("churnrisk.toml").write_text(settings + "ordered_at = 'Kiedy'\namount = 'Ile'\n", encoding="utf-8")
    watched = churnrisk("monitor", "--retrain-if", "days_since_last_purchase > 3", "--json")
    assert (watched.code, watched.err) == (0, "")  # to train again is no alarm
    retrained = watched.json["retrained"]
    assert (retrained["like"], retrained["promoted"]) == (made["version"], False)
    [newest, current, _] = list_models(Path("models"))
    assert (newest.version, newest.is_current) == (retrained["version"], False)
    assert (current.version, current.is_current) == (made["version"], True)
    same = read_card(Path("models"), version=newest.version)
    assert same["test"] == made["test"]  # the same purchases, the same recipe: the same model


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (card_of("moved.csv"), "the card names 'moved.csv', which is not here"),
        (card_of(None), "the card does not say what it was trained on"),
    ],
)
def test_without_purchases(card: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    old = store_old_model(card, monkeypatch)
    answer = churnrisk("train", "--like", old)
    assert answer.code == 2
    assert said in answer.err


@pytest.mark.parametrize(("then", "now", "is_no_worse"), [("B", "A", True), ("B", "B", True), ("B", "C", False)])
def test_what_may_be_promoted_by_itself(then: str, now: str, is_no_worse: bool) -> None:
    cards = [card_of(None, grade={"letter": letter}) for letter in (then, now)]
    assert compare_cards(*cards).is_no_worse is is_no_worse
    assert compare_cards(card_of(None, grade={}), cards[1]).is_no_worse  # a card without a grade: nothing is worse


def test_a_card_keeps_no_secret_and_no_query() -> None:
    """Each option that is not kept is named here, so that a new one is thought about."""
    not_kept = {"rejects", "threads", "memory", "group_column", "query", "pseudonym_key", "engine", "keep", "parquet"}
    not_kept |= {"left_out", "products", "on_read", "is_list"}
    assert {one.name for one in fields(IntakeOptions)} == {*KEPT, *not_kept}
    secret = IntakeOptions(query="SELECT * FROM sales WHERE who <> 'Ann'", pseudonym_key=b"k" * 32, decimal=",")
    kept = describe_recipe("postgresql://me:hidden@host/shop", secret, backtest=False)
    assert kept["options"] == {"decimal": ","}
    assert kept["purchases"] == "postgresql://me@host/shop"
    assert (kept["has_query"], kept["has_pseudonyms"]) == (True, True)
    assert len(read_recipe(card_of(None, recipe=kept)).notes) == 2
    assert not [word for word in ("Ann", "kkk", "hidden") if word in json.dumps(kept)]


def test_a_model_reads_every_log_by_its_own_rules_of_what_a_sale_is() -> None:
    trained = IntakeOptions(
        status={"S7": "sale", "S3": "no_sale"}, count_pending=True, reversals="keep", reversal_days=9
    )
    card = json.loads(json.dumps({"recipe": describe_recipe("log.csv", trained, backtest=False)}))
    assert read_as_trained(IntakeOptions(), card) == trained
    asked = IntakeOptions(status={"S7": "returned"}, reversal_days=60, delimiter=";")
    found = read_as_trained(asked, card)
    assert found.status == {"S7": "returned", "S3": "no_sale"}
    assert (found.count_pending, found.reversal_days, found.delimiter) == (True, 60, ";")
    assert read_as_trained(asked, {}) == asked


def test_a_card_of_an_earlier_program_tells_less() -> None:
    card = card_of(None, intake={"columns": {"customer_id": "Klient"}}, recipe=None, backtest={"cutoffs": []})
    found = read_recipe(card)
    assert (found.horizon, found.lookback, found.lead, found.seed, found.backtest) == (40, 300, 2, 5, True)
    assert found.options == {"columns": {"customer_id": "Klient"}}
    assert found.notes[0].startswith("The card does not say with which intake options")
