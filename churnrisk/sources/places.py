"""What a source's name says about its place, before anything is opened: schemes of URLs, and tables of a lakehouse."""

from __future__ import annotations

import glob
import re
from pathlib import Path

from churnrisk.engines import LEVELS, MARKS, refusal_of
from churnrisk.errors import SourceError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_KNOWN = "postgresql://user@host/shop?table=orders, sqlite:///shop.db?table=orders"


def refuse_scheme(source: str) -> None:
    """Refuse the URL of a place that cannot be read, as it was typed but for a password.

    Raises
    ------
    SourceError
        For any URL: those of databases are taken before.
    """
    found = _SCHEME.match(source)
    if found:
        shown = re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:***@", source)
        raise SourceError(
            f"{shown}: {found[1]}:// is no place that can be read. Known are the path of a file or folder, {_KNOWN}, "
            "and - for standard input. Copy the files to a folder first, and name that.",
            code="source.unknown_place",
        )


def refuse_table(place: Path) -> None:
    """Refuse the files of a table that keeps a log: which of them count, only the log says.

    Parameters
    ----------
    place : Path
        A folder, a file, or a pattern; the folders above it are looked at, too, and those right below a folder.

    Raises
    ------
    SourceError
        With the kind of the table.
    """
    below = [Path(one) for one in glob.glob(f"{glob.escape(str(place))}/*/")] if place.is_dir() else []  # noqa: PTH207
    for folder in (place, *list(place.absolute().parents)[:LEVELS], *below):
        for kind, sign in MARKS:
            if next(folder.glob(sign), None) is not None:
                raise refusal_of(folder, kind)
