"""Whatever step of writing fails: what stood there before stands there again, and nothing else is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from churnrisk.errors import OutputError
from churnrisk.store.files import replace_file, write_folder
from churnrisk.writing import put_in_place, replacing
from support.failing import Failing

STEPS = [("fsync", 1), ("replace", 1), ("fsync", 2)]
"""Calls of :mod:`os` in the order of writing: the content, the name, the folder."""


def write_result(path: Path) -> None:
    with replacing(path, holds=None) as temporary:
        temporary.write_text("new")


def write_private(path: Path) -> None:
    with replacing(path, holds=None, mode=0o600) as temporary:
        temporary.write_text("new")


def write_stored(path: Path) -> None:
    replace_file(path, b"new")


@pytest.mark.parametrize("write", [write_result, write_private, write_stored])
@pytest.mark.parametrize(("call", "number"), STEPS)
@pytest.mark.parametrize("before", [None, "old"])
def test_a_file_is_new_or_as_before(
    write: Callable[[Path], None],
    call: str,
    number: int,
    before: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "result.csv"
    if before is not None:
        path.write_text(before)
    Failing(monkeypatch, call, number)
    with pytest.raises((OutputError, OSError)) as caught:
        write(path)
    assert write is write_stored or str(caught.value).startswith(f"{path}: cannot be written: Input/output error.")
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == ({path.name: before} if before else {})
    write(path)
    assert {one.name: one.read_text() for one in tmp_path.iterdir()} == {path.name: "new"}


@pytest.mark.parametrize(("call", "number"), [("fsync", 1), ("fsync", 2), ("fsync", 3), ("fsync", 4), ("replace", 1)])
def test_a_folder_is_there_whole_or_not_at_all(
    call: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {"a": b"1", "b": b"2"}
    Failing(monkeypatch, call, number)
    with pytest.raises(OSError, match="Input/output error"):
        write_folder(tmp_path / "made", contents)
    assert list(tmp_path.iterdir()) == []
    write_folder(tmp_path / "made", contents)
    assert {one.name: one.read_bytes() for one in (tmp_path / "made").iterdir()} == contents


def test_without_hard_links_the_new_file_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, made = tmp_path / "result", tmp_path / "made"
    path.write_text("old")
    made.write_text("new")
    Failing(monkeypatch, "link")
    Failing(monkeypatch, "fsync", 2)
    with pytest.raises(OSError, match="Input/output error"):
        put_in_place(made, path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["new"]


def test_a_link_is_replaced_and_what_it_names_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aim, path = tmp_path / "aim", tmp_path / "link"
    aim.write_text("old")
    path.symlink_to(aim)
    Failing(monkeypatch, "fsync", 2)
    with pytest.raises(OutputError):
        write_result(path)
    assert path.is_symlink()
    write_result(path)
    assert (aim.read_text(), path.read_text(), path.is_symlink()) == ("old", "new", False)


def test_a_private_file_never_has_another_mode(tmp_path: Path) -> None:
    with replacing(tmp_path / "key", holds=None, mode=0o600) as temporary:
        assert temporary.stat().st_mode & 0o777 == 0o600
        temporary.write_text("secret")
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
