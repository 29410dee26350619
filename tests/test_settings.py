"""Settings: what beats what, and what an error says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from churnrisk.errors import SettingsError
from churnrisk.settings import Settings, commented_file, read_settings


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "churnrisk.toml") -> Path:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")
    return Path(name)


def test_the_environment_beats_the_file_which_beats_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (read_settings().lookback, read_settings().lead) == (365, 0)
    write("lookback = 200\nlead = 3\n")
    monkeypatch.setenv("CHURNRISK_LOOKBACK", "100")
    assert (read_settings().lookback, read_settings().lead) == (100, 3)


def test_an_unknown_key_is_an_error_with_its_line_and_the_nearest_name() -> None:
    write("lead = 3\nhorizn = 30\n")
    with pytest.raises(SettingsError, match=r"churnrisk\.toml, line 2: unknown key 'horizn'; did you mean horizon\?"):
        read_settings()
    write('[columns]\ncustomer = "Klient"\n')
    with pytest.raises(SettingsError, match=r"line 2: unknown column 'customer' .*did you mean customer_id\?"):
        read_settings()


def test_an_unknown_variable_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNRISK_LOKBACK", "100")
    with pytest.raises(SettingsError, match="CHURNRISK_LOKBACK; did you mean CHURNRISK_LOOKBACK"):
        read_settings()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("horizon = 0\n", r"line 1: horizon = 0: input should be greater than or equal to 1"),
        ('lookback = "long"\n', r"line 1: lookback = 'long'"),
        ("seed = [\n", "not valid TOML"),
        (
            '[status]\nPaid = "sale"\nS7 = "sold"\n',
            r"line 3: \[status\] S7 = 'sold': input should be 'sale', 'no_sale'",
        ),
        ('reversals = "drop"\n', "line 1: reversals = 'drop'"),
        ("reversal_days = 4000\n", "line 1: reversal_days = 4000"),
        ("no_customer_limit = 1.5\n", r"line 1: no_customer_limit = 1\.5"),
        ("lead = 1\nnet_cancellations = true\n", 'line 2: net_cancellations is no longer known: .*reversals = "keep"'),
    ],
)
def test_an_impossible_value_names_file_line_key_and_value(text: str, message: str) -> None:
    write(text)
    with pytest.raises(SettingsError, match=message):
        read_settings()


def test_a_variable_of_an_earlier_version_names_what_came_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURNRISK_NET_CANCELLATIONS", "1")
    with pytest.raises(SettingsError, match=r"CHURNRISK_NET_CANCELLATIONS .*CHURNRISK_REVERSALS=keep"):
        read_settings()


def test_a_named_file_must_exist_and_its_paths_start_at_its_folder() -> None:
    with pytest.raises(SettingsError, match="no such settings file"):
        read_settings(Path("elsewhere/churnrisk.toml"))
    path = write('purchases = "log.csv"\nmodels_dir = "m"\n', "elsewhere/churnrisk.toml")
    settings = read_settings(path)
    assert (settings.purchases, settings.models_dir) == ("elsewhere/log.csv", Path("elsewhere/m"))
    write('purchases = "postgresql://host/db?table=orders"\n', "elsewhere/churnrisk.toml")
    assert read_settings(path).purchases == "postgresql://host/db?table=orders"


def test_the_file_that_init_writes_has_every_key_and_is_valid_once_uncommented() -> None:
    text = commented_file()
    assert tomllib.loads(text) == {}
    uncommented = "\n".join(line[2:] for line in text.splitlines() if " = " in line or line.startswith("# ["))
    assert set(tomllib.loads(uncommented)) == set(Settings.model_fields)
    write(uncommented)
    assert read_settings().columns == {"customer_id": "Klient", "ordered_at": "Data"}
