"""The encoding of a text file, found in its bytes; other encodings than UTF-8 are written anew as UTF-8."""

from __future__ import annotations

import codecs
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import chardet

from churnrisk.errors import SettingsError, SourceError

KNOWN = ("utf-8", "utf-16", "cp1250", "cp1251", "cp1252", "iso-8859-2", "iso-8859-5")
"""What is looked for; any other encoding that Python knows can be named with --encoding."""

UNDECODED = "\uffff"
"""Stands where bytes did not decode; a row that holds it is rejected. No text may hold this noncharacter."""

_SINGLE_BYTE = KNOWN[2:]
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 22
_SAMPLE = 200_000
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH_LINE = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
_HIGH = re.compile(rb"[\x80-\xff]+")


@dataclass(frozen=True)
class Encoding:
    """An encoding, and whether the file holds bytes that are not of it."""

    name: str
    is_plain_utf8: bool = False
    is_chosen: bool = False


def mark_undecoded(error: UnicodeError) -> tuple[str, int]:
    """Put :data:`UNDECODED` in the place of bytes that do not decode."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODED, error.end


codecs.register_error("churnrisk-mark", mark_undecoded)


def check_encoding(name: str) -> str:
    """Return the name of an encoding that the user has chosen, if there is such a one for text."""
    try:
        info = codecs.lookup(name)
        "a".encode(info.name)
    except (LookupError, TypeError, ValueError):
        raise SettingsError(f"--encoding {name}: no such encoding; usual ones are {', '.join(KNOWN)}.") from None
    return info.name


def find_encoding(path: Path, *, is_utf8: bool, count_roles: Callable[[str], int]) -> Encoding:
    """Find the encoding of a file.

    Parameters
    ----------
    path : Path
        The file.
    is_utf8 : bool
        Whether all of its bytes are UTF-8.
    count_roles : callable
        How many columns that we know a head of decoded text names; of the encodings that are possible, those under
        which the header makes sense win.
    """
    with path.open("rb") as file:
        head = file.read(1 << 16)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return Encoding(name, is_plain_utf8=False)
    wide = _find_wide(head)
    if wide:
        return Encoding(wide)
    if is_utf8:
        return Encoding("utf-8", is_plain_utf8=True)
    sample, wholes, parts = _sample_high_bytes(path)
    if wholes > 10 * parts:  # UTF-8 with a few broken bytes: in other encodings such pairs are rare
        return Encoding("utf-8")
    return Encoding(_choose_single_byte(head, sample, count_roles))


def _find_wide(head: bytes) -> str:
    """Tell UTF-16 without a mark by zero bytes that all stand on one side."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) > 0.2 * len(head) / 2 and min(even, odd) * 20 < max(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    return ""


def _sample_high_bytes(path: Path) -> tuple[bytes, int, int]:
    """Return lines with bytes beyond ASCII from all over the file, and count whole UTF-8 characters and stray bytes."""
    sample: list[bytes] = []
    size = wholes = parts = 0
    share = max(4096, _SAMPLE * _CHUNK // max(path.stat().st_size, _CHUNK))
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            rest, found = _MULTIBYTE.subn(b"", chunk)
            wholes += found
            parts += sum(len(run) for run in _HIGH.findall(rest))
            taken = 0
            for match in _HIGH_LINE.finditer(chunk):
                if taken > share or size > _SAMPLE:
                    break
                sample.append(match.group()[:1000])
                taken += len(sample[-1])
            size += taken
    return b"\n".join(sample), wholes, parts


def _choose_single_byte(head: bytes, sample: bytes, count_roles: Callable[[str], int]) -> str:
    found = chardet.detect_all(sample or head, ignore_threshold=True, include_encodings=list(_SINGLE_BYTE))
    ranked = [_name(str(one["encoding"])) for one in found if one["encoding"]]
    ranked += [name for name in _SINGLE_BYTE if name not in ranked]
    clean = [name for name in ranked if _decodes(sample, name)] or ranked

    def score(name: str) -> tuple[int, int, int]:
        roles = count_roles(head.decode(name, errors="replace"))
        return roles, -count_oddities(sample.decode(name, errors="replace")), -clean.index(name)

    return max(clean, key=score)


def _name(label: str) -> str:
    return label.lower().replace("windows-", "cp")


_ODD_SCRIPT = re.compile(r"[A-Za-z\u00c0-\u024f][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z\u00c0-\u024f]")
_USUAL = frozenset("„“”‘’‚«»–—…€№§°£©®´·\u00a0")


def count_oddities(text: str) -> int:
    """Count what a wrong encoding leaves: symbols among letters, capitals inside words, two scripts in one word."""
    symbols = sum(1 for c in text if c > "\x7f" and not c.isalpha() and c not in _USUAL)
    capitals = sum(1 for a, b in itertools.pairwise(text) if b > "\x7f" and a.islower() and b.isupper())
    return symbols + capitals + len(_ODD_SCRIPT.findall(text))


def _decodes(data: bytes, name: str) -> bool:
    """Tell whether bytes decode, and to text: iso-8859 has control characters where the Windows pages have letters."""
    try:
        text = data.decode(name)
    except UnicodeDecodeError:
        return False
    return not any("\x80" <= c <= "\x9f" for c in text)


def transcode(path: Path, encoding: str, target: Path) -> bool:
    """Write a file anew as UTF-8; tell whether bytes did not decode, each marked by :data:`UNDECODED`."""
    decoder = codecs.getincrementaldecoder(encoding)("churnrisk-mark")
    is_marked = False
    try:
        with path.open("rb") as source, target.open("wb") as file:
            while chunk := source.read(_CHUNK):
                text = decoder.decode(chunk)
                is_marked = is_marked or UNDECODED in text
                file.write(text.encode("utf-8", errors="replace"))
            text = decoder.decode(b"", final=True)
            file.write(text.encode("utf-8", errors="replace"))
    except (UnicodeError, ValueError) as error:
        raise SourceError(
            f"{path.name} cannot be read as {encoding}: {error}. Name another --encoding.", code="source.encoding"
        ) from error
    return is_marked or UNDECODED in text
