"""``--pseudonymise``: the same scores under other names, and no real id in anything that is written."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

from churnrisk.sources.pseudonyms import pseudonym_of
from churnrisk.store.erasure import read_secret
from support.shop import PURCHASES, churnrisk, read_rows, write_rows


def test_scores_are_the_same_under_pseudonyms_and_no_real_id_is_left(models: Path, tmp_path: Path) -> None:
    made = churnrisk("keys", "pseudonym-key", "shop.key", "--json")
    assert (made.code, made.json) == (0, {"file": "shop.key"})
    assert stat.S_IMODE(Path("shop.key").stat().st_mode) == 0o600
    key = read_secret(Path("shop.key"))
    assert key is not None
    given = ("--models-dir", models, "--state", "state.db")
    for name, extra in (("real", ()), ("other", ("--pseudonym-key", "shop.key"))):
        answer = churnrisk("score", PURCHASES, *given, *extra, "--output", f"{name}.csv", "--no-remember")
        assert answer.code == 0, answer.err
    real, other = (
        {row.pop("customer_id"): row for row in read_rows(Path(f"{name}.csv"))} for name in ("real", "other")
    )
    assert {pseudonym_of(key, one): row["churn_probability"] for one, row in real.items()} == {
        one: row["churn_probability"] for one, row in other.items()
    }

    who = sorted(real)[:3]
    listed = write_rows(tmp_path / "some.csv", [{"customer_id": one} for one in who], ["customer_id"])
    Path("churnrisk.toml").write_text('pseudonymise = true\npseudonym_key = "shop.key"\n')
    answer = churnrisk("score", listed, "--purchases", PURCHASES, *given, "--output", "listed.csv", "--json")
    assert answer.code == 0, answer.err
    with Path("listed.csv").open(newline="") as file:
        assert {row["customer_id"] for row in csv.DictReader(file)} == {pseudonym_of(key, one) for one in who}
    written = [*tmp_path.glob("state.db*"), *tmp_path.glob("*.rejects.csv"), tmp_path / "listed.csv"]
    assert not any(one.encode() in path.read_bytes() for one in who for path in written)

    told = churnrisk("forget", who[0], *given, "--yes", "--json")
    assert told.code == 0, told.err
    assert (told.json["customers"], told.json["known"]) == (1, 1)
    assert not any(pseudonym_of(key, who[0]).encode() in path.read_bytes() for path in tmp_path.glob("state.db*"))


def test_a_key_is_needed_and_never_replaced() -> None:
    asked = churnrisk("check", PURCHASES, "--pseudonymise", "--pseudonym-key", "absent.key")
    assert (asked.code, "keys pseudonym-key" in asked.err) == (2, True)
    assert churnrisk("keys", "pseudonym-key", "a.key").code == 0
    before = Path("a.key").read_bytes()
    again = churnrisk("keys", "pseudonym-key", "a.key")
    assert (again.code, Path("a.key").read_bytes() == before) == (2, True)
    Path("a.key").chmod(0o640)
    open_to_others = churnrisk("check", PURCHASES, "--pseudonym-key", "a.key")
    assert (open_to_others.code, "chmod 600" in open_to_others.err) == (2, True)
