"""``churnrisk forget``: gone from all that is remembered, also when a backup comes back; never in a model or log."""

from __future__ import annotations

import csv
import json
import shutil
import stat
from pathlib import Path

import pytest

from churnrisk.memory import results_folder
from churnrisk.memory.naming import names_any
from churnrisk.state import (
    ReceivedOrder,
    add_received,
    identify,
    list_tombstones,
    load_history,
    load_received,
    open_state,
)
from churnrisk.store import load_erased
from support.shop import PURCHASES, Answer, churnrisk, write_rows


def copy_keys(to: Path) -> str:
    """Copy the configuration that all tests share, without the customers that others have erased meanwhile."""
    from churnrisk.store.keys import find_config_folder

    shutil.copytree(find_config_folder(), to, ignore=shutil.ignore_patterns("eras*", "objections*"))
    return str(to)


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, models: Path) -> None:
    """The models' key, and a list of the erased that is of this test alone."""
    monkeypatch.setenv("CHURNRISK_CONFIG_DIR", copy_keys(tmp_path / "keys"))


@pytest.fixture(scope="module")
def remembered(models: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A state with a scoring run and received orders of two customers, and their ids."""
    folder = tmp_path_factory.mktemp("remembered")
    state, scores = folder / "state.db", folder / "scores.csv"
    with pytest.MonkeyPatch.context() as patch:  # a state takes over whom its installation has erased
        patch.setenv("CHURNRISK_CONFIG_DIR", copy_keys(folder / "keys"))
        answer = churnrisk("score", PURCHASES, "--models-dir", models, "--state", state, "--output", scores)
    assert answer.code == 0, answer.err
    with scores.open(newline="") as file:
        gone, stays = [row["customer_id"] for row in csv.DictReader(file)][:2]
    with open_state(state) as opened:
        lines = ({"ordered_at": "2025-01-01", "amount": "1"},)
        add_received(opened, [ReceivedOrder(gone, "n1", lines), ReceivedOrder(stays, "n1", lines)])
    return state, gone, stays


@pytest.fixture
def scored(remembered: tuple[Path, str, str], tmp_path: Path) -> tuple[str, str]:
    """Two customers of the state in this test's folder."""
    shutil.copy(remembered[0], tmp_path / "state.db")
    return remembered[1:]


def forget(models: Path, *arguments: object) -> Answer:
    return churnrisk("forget", *arguments, "--state", "state.db", "--models-dir", models)


def test_a_customer_is_gone_for_good_and_a_backup_does_not_bring_one_back(
    scored: tuple[str, str], models: Path, tmp_path: Path
) -> None:
    gone, stays = scored
    shutil.copy("state.db", "backup.db")
    with open_state(Path("state.db")) as state:
        results = results_folder(models, state)
    results.mkdir()
    write_rows(results / "00000001.csv", [{"customer_id": gone}], ["customer_id"])
    write_rows(results / "00000002.csv", [{"customer_id": stays}], ["customer_id"])
    looked = forget(models, gone, "--dry-run", "--json")
    assert looked.code == 0, looked.err
    assert gone.encode() in Path("state.db").read_bytes()
    done = forget(models, gone, "--yes", "--json")
    assert done.code == 0, done.err
    told = done.json
    assert told | {"is_dry": True} == looked.json | {"runs": told["runs"]}
    assert (told["known"], told["received_orders"], told["is_scrubbed"]) == (1, 1, True)
    assert (told["job_results"], [path.name for path in results.iterdir()]) == (["00000001.csv"], ["00000002.csv"])
    [run] = told["runs"]
    assert (run["customers_erased"], run["customers_scored"]) == (1, looked.json["runs"][0]["customers_scored"] - 1)
    assert [one["learned_from_them"] for one in told["models"]] == ["yes"]
    for path in [*tmp_path.glob("state.db*"), *(one for one in models.rglob("*") if one.is_file())]:
        assert gone.encode() not in path.read_bytes(), path
    for answer in (looked, done):
        assert gone not in answer.out + answer.err

    shutil.copy("backup.db", "state.db")
    again = forget(models, "--apply", "--json")
    assert again.code == 0, again.err
    assert (again.json["customers"], again.json["known"], again.json["received_orders"]) == (1, 1, 1)
    assert not any(gone.encode() in path.read_bytes() for path in tmp_path.glob("state.db*"))
    with open_state(Path("state.db")) as state:
        assert len(load_history(state, stays)) == len(load_received(state, stays)) == 1
        assert list(list_tombstones(state)) == [load_erased().digest(gone, state_id=identify(state))]


def test_the_next_run_erases_in_a_restored_file_by_itself(scored: tuple[str, str], models: Path) -> None:
    gone, stays = scored
    shutil.copy("state.db", "backup.db")
    assert forget(models, gone, "--yes").code == 0
    shutil.copy("backup.db", "state.db")
    one = write_rows(Path("one.csv"), [{"customer_id": stays}], ["customer_id"])
    score = ("score", one, "--purchases", PURCHASES, "--models-dir", models, "--state", "state.db", "--output", "s.csv")
    answer = churnrisk(*score)
    assert answer.code == 0, answer.err
    with open_state(Path("state.db")) as state:
        assert load_history(state, gone) == []
        assert load_received(state, gone) == []


def test_the_same_id_in_the_state_of_another_shop_is_somebody_else(scored: tuple[str, str], models: Path) -> None:
    gone, _ = scored
    with open_state(Path("other.db")) as state:
        add_received(state, [ReceivedOrder(gone, "n1", ())])
    assert forget(models, gone, "--yes").code == 0
    again = churnrisk("forget", "--apply", "--state", "other.db", "--json")
    assert (again.code, again.json["known"]) == (0, 0)
    with open_state(Path("other.db")) as state:
        assert len(load_received(state, gone)) == 1


def test_who_comes_back_is_a_new_customer(scored: tuple[str, str], models: Path) -> None:
    gone, _ = scored
    assert forget(models, gone, "--yes").code == 0
    with open_state(Path("state.db")) as state:
        add_received(state, [ReceivedOrder(gone, "n2", ({"ordered_at": "2026-01-01"},))])
    assert forget(models, "--apply").code == 0
    with open_state(Path("state.db")) as state:
        assert [one.order.order_id for one in load_received(state, gone)] == ["n2"]


def test_files_that_still_name_a_customer_are_listed(scored: tuple[str, str], models: Path) -> None:
    gone, stays = scored
    Path("weekly").mkdir()
    write_rows(Path("weekly") / "list.csv", [{"customer_id": gone}], ["customer_id"])
    write_rows(Path("weekly") / "other.csv", [{"customer_id": stays + gone}], ["customer_id"])
    listed = write_rows(Path("ids.csv"), [{"customer_id": gone}, {"customer_id": "never seen"}], ["customer_id"])
    told = forget(models, "--file", listed, "--dry-run", "--json").json
    assert (told["customers"], told["known"]) == (2, 1)
    assert {one["file"]: one["names_a_customer"] for one in told["files"] if "holds" not in one} == {
        "weekly/list.csv": True,
        "weekly/other.csv": False,
    }
    shown = forget(models, "--file", listed, "--dry-run")
    assert "weekly/list.csv names a customer" in shown.words
    assert "other.csv" not in shown.words


def test_a_campaign_says_how_many_of_its_members_were_erased(models: Path) -> None:
    rows = [{"customer_id": f"member-{k}", "churn_probability": 0.5} for k in range(100)]
    listed = write_rows(Path("list.csv"), rows, rows[0])
    create = ("campaign", "create", "spring", "--from", listed, "--holdout", "50%", "--window", 30)
    assert churnrisk(*create, "--state", "state.db").code == 0
    told = forget(models, "member-7", "member-8", "--yes", "--json").json
    assert [one["members_erased"] for one in told["campaigns"]] == [2]
    shown = churnrisk("campaign", "show", "spring", "--state", "state.db")
    assert "2 members were erased since the draw" in shown.words
    asked = churnrisk("campaign", "show", "spring", "--state", "state.db", "--json").json
    assert sum(asked["members_erased"].values()) == 2


def test_it_asks_first_and_says_what_is_missing(models: Path, tmp_path: Path) -> None:
    for arguments in (["a"], [], ["a", "--apply"]):
        assert forget(models, *arguments).code == 2
    assert not (tmp_path / "state.db").exists()
    assert forget(models, "a", "--yes").code == 0
    assert not (tmp_path / "state.db").exists()  # where nothing is remembered there is nothing to forget
    open_state(tmp_path / "state.db").close()
    assert forget(models, "a", "--yes").code == 0  # nobody remembered, and a tombstone all the same
    key = tmp_path / "keys" / "erasure_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    with open_state(tmp_path / "state.db") as state:
        digest = load_erased().digest("a", state_id=identify(state))
    assert list(json.loads((tmp_path / "keys" / "erased.json").read_text())) == [digest]
    key.chmod(0o644)
    refused = forget(models, "b", "--yes")
    assert (refused.code, "chmod 600" in refused.err) == (2, True)


def test_words_are_found_across_chunks_and_as_whole_words(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    for before in (2**20 - 3, 2**20 - 4, 2**20, 0, 2**20 - 5, 2**20 - 6):
        path.write_bytes(b"." * before + b"abcd")
        assert names_any(path, ["abcd", "a long one that is not there"])
        path.write_bytes(b"." * before + b"abcde")
        assert not names_any(path, ["abcd"])
    path.write_text("<td>a&amp;b</td>")
    assert names_any(path, ["a&b"])
    assert names_any(tmp_path / "absent", ["a"]) is None


def test_files_that_churnrisk_wrote_are_found_and_mended(scored: tuple[str, str], models: Path) -> None:
    gone, stays = scored
    ids = write_rows(Path("ids.csv"), [{"customer_id": one} for one in (gone, stays)], ["customer_id"])
    Path("out").mkdir()
    score = ("score", ids, "--purchases", PURCHASES, "--models-dir", models, "--state", "state.db")
    for name in ("a.csv", "b.parquet", "c.xlsx", "d.csv"):
        assert churnrisk(*score, "--output", f"out/{name}").code == 0
    assert churnrisk(*score, "--output", "out/unknown.csv", "--no-remember").code == 0
    Path("out/d.csv").unlink()
    shutil.move("out/a.csv", "out/e.csv")
    shutil.copy("out/e.csv", "out/a.csv")  # changed: another time
    before = Path("out/a.csv").read_bytes().splitlines(keepends=True)
    looked = forget(models, gone, "--dry-run", "--files")
    assert looked.code == 0, looked.err
    words = "".join(looked.out.split())  # a long path is broken wherever the line ends
    assert "a.csvnamesacustomerofthese.Itwaschangedafter" in words
    assert "d.csv,scoresof" in words
    assert "Filesthatwerewrittenwithoutastate" in words
    assert "unknown.csv" not in words
    told = forget(models, gone, "--yes", "--files", "--json")
    assert told.code == 0, told.err
    done = {Path(one["file"]).name: (one["status"], one["done"]) for one in told.json["files"] if "holds" in one}
    assert (
        done.items()
        >= {
            "a.csv": ("changed", "rewritten"),
            "b.parquet": ("as written", "rewritten"),
            "c.xlsx": ("as written", "removed"),
            "d.csv": ("missing", None),
        }.items()
    )
    assert Path("out/a.csv").read_bytes().splitlines(keepends=True) == [
        one for one in before if gone.encode() not in one
    ]
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.csv", "b.parquet", "e.csv", "unknown.csv"]
    again = forget(models, gone, "--yes", "--json").json["files"]
    assert [Path(one["file"]).name for one in again if one.get("names_a_customer") and "out" in one["file"]] == []
