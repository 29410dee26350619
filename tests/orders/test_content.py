"""What the bytes of a file say in one look, and the digests by which a source is known again."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from churnrisk.sources import content, find_content
from churnrisk.sources import text as reading

LETTERS = [one.encode() for one in ("a", "\n", "\r", "\r\n", "\0", "ж", "€", "😀")]
PIECES = st.sampled_from([*LETTERS, b"\xff", b"\xd0"])


@given(st.lists(PIECES, max_size=40), st.integers(1, 9))
def test_a_scan_in_pieces_says_what_all_bytes_say(pieces: list[bytes], chunk: int) -> None:
    data = b"".join(pieces)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "scan"
        path.write_bytes(data)
        patch.setattr(reading, "_CHUNK", chunk)
        scan = reading.scan_text(path)
    try:
        data.decode()
        is_utf8 = True
    except UnicodeDecodeError:
        is_utf8 = False
    feeds, returns, pairs = (data.count(one) for one in (b"\n", b"\r", b"\r\n"))
    assert (scan.size, scan.is_utf8, scan.has_nul) == (len(data), is_utf8, b"\0" in data)
    assert scan.line_count == feeds + (not data.endswith(b"\n") and bool(data))
    assert scan.is_uniform == (returns == 0 or pairs == feeds == returns)


def digest(path: Path, folder: Path) -> str:
    found = find_content(path)
    assert found is not None
    digests = found.digests(folder)
    assert digests is not None
    return digests[0]


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 1000])
def test_a_digest_is_of_the_bytes_and_not_of_threads(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(size))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "_PIECE", 100)
        assert len({content.digest_file(path, threads=threads) for threads in (1, 2, 7, None)}) == 1
        seen = {content.digest_file(path)}
        for place in (0, size // 2, size - 1) if size else ():
            data = bytearray(path.read_bytes())
            data[place] ^= 1
            path.write_bytes(data)
            seen.add(content.digest_file(path))
    assert len(seen) == (4 if size > 2 else 1 + size)


def test_pieces_that_change_places_are_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "_PIECE", 2)
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"aabb")
    other.write_bytes(b"bbaa")
    assert content.digest_file(one) != content.digest_file(other)


def test_a_file_that_stands_still_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    read: list[Path] = []

    def note(path: Path, **_: object) -> str:
        read.append(path)
        return "digest"

    monkeypatch.setattr(content, "digest_file", note)
    clock = time.time()
    monkeypatch.setattr(content, "wall", lambda: clock + 0.001)
    digest(path, tmp_path)
    digest(path, tmp_path)
    assert len(read) == 2, "what changed just now might change again without a trace"
    monkeypatch.setattr(content, "wall", lambda: clock + 10)
    digest(path, tmp_path)
    digest(path, tmp_path)
    assert len(read) == 3
    path.write_bytes(b"abd")
    digest(path, tmp_path)
    assert len(read) == 4


@pytest.mark.parametrize("index", ["", "[]", '{"a": 1}', '{"a": [1]}', "\0"])
def test_a_damaged_list_is_only_a_list_of_nothing(tmp_path: Path, index: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    (tmp_path / "digests.json").write_text(index)
    assert digest(path, tmp_path) == content.digest_file(path)
