"""The Python interface: the same numbers as the command line, from paths and frames alike."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import churnrisk as package
from churnrisk.cards.recipe import KEY, read_as_trained
from churnrisk.errors import ChurnriskError, ModelNotFound, NotEnoughData
from churnrisk.orders import IntakeOptions
from support.shop import CUSTOMERS, churnrisk


@pytest.fixture(scope="module")
def model(small_trained: Path) -> package.ChurnModel:
    return package.load(models_dir=small_trained / "models")


def test_numbers_are_those_of_the_command_line(model: package.ChurnModel, tmp_path: Path) -> None:
    model.save(tmp_path / "models")
    rows = churnrisk("score", CUSTOMERS, "--models-dir", tmp_path / "models", "--json").json["customers"]
    frame = package.load(models_dir=tmp_path / "models").score(CUSTOMERS, reasons="listed", top=10)
    assert [*frame.columns, "p_alive"] == list(rows[0])  # which is in JSON only
    for ours, theirs in zip(frame.to_dict("records"), rows, strict=True):
        for name, value in theirs.items():
            if name == "p_alive":
                continue
            assert (value is None and pd.isna(ours[name])) or ours[name] == value, name


def test_frames_score_as_files_do(model: package.ChurnModel) -> None:
    from_file = model.score(CUSTOMERS)
    text = pd.read_csv(CUSTOMERS, dtype={"customer_id": str, "order_id": str})
    typed = text.assign(ordered_at=pd.to_datetime(text["ordered_at"]))
    for name, frame in {"pandas": text, "pandas with times": typed}.items():
        pd.testing.assert_frame_equal(model.score(frame), from_file, obj=name)


class Stream:
    """A frame of a library that only speaks Arrow."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def test_scores_come_out_as_the_kind_of_frame_that_came_in(model: package.ChurnModel) -> None:
    from_file = model.score(CUSTOMERS).astype(object)
    expected = from_file.where(from_file.notna(), None).to_dict("records")
    frame = pl.from_pandas(pd.read_csv(CUSTOMERS, dtype={"customer_id": str, "order_id": str}))
    table, con = frame.to_arrow(), duckdb.connect()
    for given in (frame, frame.lazy()):
        scores = model.score(given)
        assert isinstance(scores, pl.DataFrame)
        assert scores.to_dicts() == expected
    for stream in (table, table.to_reader(max_chunksize=100), Stream(table)):
        scores = model.score(stream)
        assert isinstance(scores, pa.Table)
        assert scores.to_pylist() == expected
    relation = con.from_arrow(table)
    pd.testing.assert_frame_equal(model.score(relation).astype(object), from_file)  # a relation has no kind to give
    con.close()


def test_what_is_no_frame_is_refused_with_what_can_be_read(model: package.ChurnModel) -> None:
    with pytest.raises(ChurnriskError, match="cannot read purchases from a object; give a path"):
        model.score(object())


def test_the_clock_of_a_model_is_the_clock_of_what_it_scores(model: package.ChurnModel) -> None:
    """A model that was made with --timezone reads by it what it scores, unless another one is given."""
    text = pd.read_csv(CUSTOMERS, dtype=str)
    local = pd.to_datetime(text["ordered_at"]).dt.normalize() + pd.Timedelta(minutes=30)
    utc = text.assign(ordered_at=local.dt.tz_localize("Europe/Sofia").dt.tz_convert("UTC"))
    zoned = package.ChurnModel(
        model.model, model.card | {KEY: {"options": {"timezone": "Europe/Sofia"}}}, model.version
    )
    pd.testing.assert_frame_equal(zoned.score(utc), model.score(text.assign(ordered_at=local)))
    assert not zoned.score(utc).equals(model.score(utc, as_of="2011-12-10"))
    assert read_as_trained(IntakeOptions(), zoned.card).timezone == "Europe/Sofia"
    assert read_as_trained(IntakeOptions(timezone="UTC"), zoned.card).timezone == "UTC"
    assert read_as_trained(IntakeOptions(), model.card).timezone is None


def test_days_may_be_dates_or_text(model: package.ChurnModel) -> None:
    text = model.score(CUSTOMERS, as_of="2011-12-20")
    pd.testing.assert_frame_equal(text, model.score(CUSTOMERS, as_of=dt.date(2011, 12, 20)))
    assert set(text["as_of"]) == {"2011-12-20"}


def test_columns_may_be_named(model: package.ChurnModel) -> None:
    renamed = pd.read_csv(CUSTOMERS, dtype=str).rename(columns={"customer_id": "who", "ordered_at": "when"})
    scores = model.score(renamed, columns={"customer_id": "who", "ordered_at": "when"})
    assert len(scores) == 300


def test_the_data_in_the_callers_hands_is_left_alone(model: package.ChurnModel) -> None:
    frame = pd.read_csv(CUSTOMERS)
    before = frame.copy()
    model.score(frame)
    pd.testing.assert_frame_equal(frame, before)


def test_a_model_says_what_it_is(model: package.ChurnModel) -> None:
    fresh = package.ChurnModel(model.model, model.card)
    assert repr(fresh) == "ChurnModel(as_of=2011-12-10, horizon=60, version=None)"
    assert model.card["snapshot"]["horizon_days"] == 60


def test_what_goes_wrong_is_an_error_of_the_package(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        package.load(models_dir=tmp_path / "none")
    with pytest.raises(NotEnoughData):
        package.train(CUSTOMERS, horizon=500)
    with pytest.raises(ChurnriskError):
        package.train(pd.DataFrame({"a": [1]}))


def test_no_customer_is_in_the_stored_model(tmp_path: Path) -> None:
    """Searched for byte by byte, in the model and in the card."""
    import pickle

    log = pd.read_csv(CUSTOMERS, dtype=str)
    log["customer_id"] = "person-" + log["customer_id"] + "@mail"
    log.loc[0, "amount"] = "person-17@mail"  # a rejected value, quoted nowhere in the model either
    model = package.train(log, horizon=60)
    content = pickle.dumps(model.model) + repr(model.card).encode()
    assert b"person-" not in content
    assert model.card["intake"]["rows_rejected"] == 1


def test_nothing_is_left_in_the_temporary_folder_or_on_standard_error(tmp_path: Path) -> None:
    program = (
        f"import churnrisk\nmodel = churnrisk.train({str(CUSTOMERS)!r}, horizon=60)\nmodel.score({str(CUSTOMERS)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr, list(tmp_path.iterdir())) == (0, "", [])
