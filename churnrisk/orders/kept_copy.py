"""Copies of what was read: Parquet of ours and the account, opened again in a fraction of the time of reading.

A copy is found by the digest of all bytes of its source, of every option that matters, and of the rules of intake
themselves, so a copy never stands for anything but what reading would give now. It is only worth the time of one
reading: whatever is wrong with it, it goes, and the source is read.

The folder holds, each for its owner alone: a folder for each copy, named by its key; ``.open-...``, links to the files
of a copy that somebody works on, so that it may go meanwhile; and ``.part-...``, a copy that is being written.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from churnrisk import clock
from churnrisk.engines import Database, engine_error, is_spark
from churnrisk.errors import OutputError
from churnrisk.messages import wording
from churnrisk.orders.issues import FUTURE, ISSUES
from churnrisk.orders.log import Orders
from churnrisk.orders.rejects import copy_rejects
from churnrisk.orders.report import IntakeReport
from churnrisk.orders.rows import write_rejects
from churnrisk.sources import IntakeOptions, KeepIn, LeftOut, SourceContent, find_content, quote_text
from churnrisk.writing import note_file, put_in_place, replacing, sync

FORMAT = 1
"""Of what a copy is made of; another number makes copies of before useless, which is all that it takes."""

KEPT = wording("Read from the copy of this source that was kept on {day}; --no-cache reads the source itself.")
FACTS = ("first_day", "last_day", "has_amounts", "has_quantities", "has_products", "has_categories", "currency")
"""What orders know beside their tables and their account."""

NOT_KEYED = frozenset(("engine", "threads", "memory", "rejects", "keep", "on_read", "tables"))
"""Options that change nothing about what is kept; tables beside the purchases are read anew each time."""

DAY_SECONDS = 86_400
_ACCOUNT, _TABLES, _REJECTS = "account.json", ("orders", "order_lines"), "set_aside.csv"
_COPY = re.compile(r"[0-9a-f]{32}")
_OPEN = re.compile(r"\.open-([0-9]+)-[0-9a-f]+")
_PART = re.compile(r"\.part-[0-9a-f]+")
_TELLS_BY_TODAY = re.compile(r"epoch|yyyymmddhh")
# small whole numbers lie in deltas, and ids, most of them different, in no dictionary: half the time to write
_FORMATS = {"orders": "COMPRESSION snappy, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1"}


def read_through(source: Any, options: IntakeOptions, read: Callable[[], Orders]) -> Orders:
    """Return the orders of a source from its kept copy; where there is none, read it and keep one.

    Parameters
    ----------
    source : str, Path or frame
        As for :func:`churnrisk.read_orders`.
    options : IntakeOptions
        How to read it, and, as ``keep``, where copies are.
    read : callable
        Reads it into a database in this process, which then has the table ``set_aside`` as well.
    """
    copy = KeptCopy.find(source, options)
    found = None if copy is None else copy.open()
    if found is not None:
        return found
    with telling_time(options, is_kept=copy is not None):
        orders = read()
    if copy is not None:
        copy.keep(orders)
    return orders


@contextlib.contextmanager
def telling_time(options: IntakeOptions, *, is_kept: bool) -> Iterator[None]:
    """Tell whoever asked how long reading a source itself took, once it is done."""
    began = clock.steady()
    yield
    if options.on_read is not None:
        options.on_read(clock.steady() - began, is_kept)


def is_of_copy(notice: str) -> bool:
    """Tell whether a notice says that a kept copy was read, which is of this run and not of the purchases."""
    start, end = KEPT.split("{day}")
    return notice.startswith(start) and notice.endswith(end)


@dataclass(frozen=True)
class KeptCopy:
    """The place of the copy of a source, whether there is one or not.

    Parameters
    ----------
    key : str
        Digest of content, options and rules.
    content : SourceContent
        The files as they stood when the key was made.
    options : IntakeOptions
        How the source is read.
    keep_in : KeepIn
        Where copies are.
    """

    key: str
    content: SourceContent
    options: IntakeOptions
    keep_in: KeepIn

    @classmethod
    def find(cls, source: Any, options: IntakeOptions) -> KeptCopy | None:
        """Find the place for a source; None where nothing is kept of it."""
        keep_in = options.keep
        if keep_in is None or is_spark(options.engine):
            return None
        drop_copies(keep_in.folder, days=keep_in.days, size=keep_in.size)
        content = find_content(source)
        if content is None or content.size < keep_in.least:
            return None
        try:
            keep_in.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            keep_in.folder.chmod(0o700)
            digests = content.digests(keep_in.folder, threads=options.threads)
        except OSError:
            return None
        if digests is None:
            return None
        named = [[path.name, digest] for path, digest in zip(content.files, digests, strict=True)]
        name = str(source) if content.is_many else ""  # it stands in the account
        told = [FORMAT, _digest_rules(), name, named, content.is_many, _describe(options)]
        key = hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()
        return cls(key, content, options, keep_in)

    @property
    def folder(self) -> Path:
        """The copy itself."""
        return self.keep_in.folder / self.key

    def open(self) -> Orders | None:
        """Open the copy; None where there is none that can be used, and one that is damaged goes."""
        links = self.keep_in.folder / f".open-{os.getpid()}-{secrets.token_hex(6)}"
        try:
            account = json.loads((self.folder / _ACCOUNT).read_text(encoding="utf-8"))
            if not _holds_today(account):
                return None
            links.mkdir(mode=0o700)
            for path in self.folder.iterdir():
                os.link(path, links / path.name)
            _check_rejects(links / _REJECTS, account)
            orders = _open_linked(links, account, self.options)
        except FileNotFoundError:
            shutil.rmtree(links, ignore_errors=True)
            return None  # not there, or gone meanwhile
        except (OSError, ValueError, TypeError, KeyError, AssertionError, engine_error()):
            shutil.rmtree(links, ignore_errors=True)
            shutil.rmtree(self.folder, ignore_errors=True)
            return None
        with contextlib.suppress(OSError):
            os.utime(self.folder / _ACCOUNT)
        self._list_rejects(orders, links / _REJECTS)
        return orders

    def _list_rejects(self, orders: Orders, listed: Path) -> None:
        """Write the rows that were set aside where they are asked for."""
        if self.options.rejects is None or not orders.report.reasons:
            return
        try:
            copy_rejects(listed, self.options.rejects)
        except BaseException:
            orders.close()
            raise

    def keep(self, orders: Orders) -> None:
        """Write the copy, whole or not at all, unless a file has changed since the key was made.

        Where it cannot be written nothing is said: the orders are there, and the next reading takes as long as this.
        """
        database = orders.database
        if database is None or not self.content.is_unchanged():
            return
        part = self.keep_in.folder / f".part-{secrets.token_hex(6)}"
        try:
            part.mkdir(mode=0o700)
            _write_copy(part, database, orders, has_files=self.content.is_many)
            os.link(part / _ACCOUNT, part / "link")  # where there are no links, a copy could not be opened
            (part / "link").unlink()
            shutil.rmtree(self.folder, ignore_errors=True)
            note_file(self.folder, "kept purchases", part)
            put_in_place(part, self.folder)
        except (OSError, OutputError, ValueError, engine_error()):
            pass
        finally:
            shutil.rmtree(part, ignore_errors=True)
        drop_copies(self.keep_in.folder, days=self.keep_in.days, size=self.keep_in.size)


def drop_copies(folder: Path, *, days: int | None = None, size: int | None = None, is_dry: bool = False) -> int:
    """Let go of copies that were not used for so many days, or that are too large together; give how many.

    What ended processes left behind goes, too. Without ``days`` and ``size`` all copies go.
    """
    copies = sorted(_find_copies(folder), key=lambda one: -one[1])
    is_all, room, gone = days is None and size is None, float("inf") if size is None else size, []
    oldest = 0.0 if days is None else clock.wall() - days * DAY_SECONDS
    for path, used_at, taken in copies:
        room -= taken
        if is_all or used_at < oldest or room < 0:
            gone.append(path)
    if not is_dry:
        for path in (*gone, *_find_leftovers(folder, is_all=is_all)):
            shutil.rmtree(path, ignore_errors=True)
    return len(gone)


class _OpenCopy(Database):
    """A database whose orders lie in a copy; its links go with it."""

    links: Path | None = None

    def close(self) -> None:
        """Close the connection and remove folder and links; safe to call twice."""
        super().close()
        if self.links is not None and os.getpid() == self._owner:
            shutil.rmtree(self.links, ignore_errors=True)


def _open_linked(links: Path, account: Mapping[str, Any], options: IntakeOptions) -> Orders:
    database = _OpenCopy(threads=options.threads, memory=options.memory)
    try:
        database.links = links
        for table in _TABLES:
            path = links / f"{table}.parquet"
            if path.exists():
                database.connection.execute(f"CREATE VIEW {table} AS FROM read_parquet({quote_text(str(path))})")
        report = IntakeReport.from_dict(account["report"])
        [(rows,)] = database.rows_of("SELECT count(*) FROM orders")
        if rows != report.orders:
            raise ValueError("orders are missing")
        said = replace(report, notices=(*report.notices, KEPT.format(day=account["made_on"])))
        return Orders(database, said, **{name: account["facts"][name] for name in FACTS})
    except BaseException:
        database.close()
        raise


def _check_rejects(listed: Path, account: Mapping[str, Any]) -> None:
    """Refuse a list of rows set aside that is not whole."""
    if (listed.stat().st_size if listed.exists() else 0) != account["rejects_size"]:
        raise ValueError("rows that were set aside are missing")


def _write_copy(part: Path, database: Database, orders: Orders, *, has_files: bool) -> None:
    for table in _TABLES:
        if table == "order_lines" and orders.lines() is None:
            continue
        path = part / f"{table}.parquet"
        form = _FORMATS.get(table, "COMPRESSION snappy")
        database.connection.execute(f"COPY (FROM {table}) TO {quote_text(str(path))} (FORMAT parquet, {form})")
        path.chmod(0o600)
        sync(path)
    listed = part / _REJECTS
    if orders.report.reasons:
        write_rejects(database, listed, has_files=has_files, holds=None)
        listed.chmod(0o600)
    account = {
        "format": FORMAT,
        "made_on": clock.today().isoformat(),
        "facts": {name: getattr(orders, name) for name in FACTS},
        "report": orders.report.to_dict(),
        "rejects_size": listed.stat().st_size if listed.exists() else 0,
    }
    with replacing(part / _ACCOUNT, holds=None, mode=0o600) as temporary:
        temporary.write_text(json.dumps(account), encoding="utf-8")


def _holds_today(account: Mapping[str, Any]) -> bool:
    """Tell whether reading would give the same today as on the day of the copy.

    It would not where a row was in the future then, or where digits were told for days by what lies in the past.
    """
    made_on, today, report = account["made_on"], clock.today().isoformat(), account["report"]
    is_lasting = ISSUES[FUTURE][1] not in report["reasons"] and not _TELLS_BY_TODAY.match(report["date_format"])
    return bool(made_on == today or (made_on < today and is_lasting))


def _describe(options: IntakeOptions) -> dict[str, Any]:
    """Return every option that matters as plain values; of a key its digest only."""
    found: dict[str, Any] = {}
    for one in fields(options):
        value = getattr(options, one.name)
        if one.name in NOT_KEYED:
            continue
        if isinstance(value, bytes):
            value = hashlib.blake2b(value, digest_size=16).hexdigest()
        elif isinstance(value, LeftOut):
            value = value.stamp
        found[one.name] = dict(value) if isinstance(value, Mapping) else value
    return found


@functools.cache
def _digest_rules() -> str:
    """Digest the code of intake, so that a copy never outlives the rules that it was made by."""
    digest = hashlib.blake2b(digest_size=16)
    package = Path(__file__).parents[1]
    inside = (path for name in ("orders", "sources", "engines") for path in (package / name).rglob("*"))
    for path in sorted((*package.glob("*.py"), *inside)):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _find_copies(folder: Path) -> Iterator[tuple[Path, float, int]]:
    """Yield each copy, when it was used last, and its bytes; one without an account was never whole."""
    for path in _list(folder):
        if _COPY.fullmatch(path.name):
            account = path / _ACCOUNT
            with contextlib.suppress(OSError):
                used_at = account.stat().st_mtime if account.exists() else 0.0
                yield path, used_at, sum(one.stat().st_size for one in path.iterdir())


def _find_leftovers(folder: Path, *, is_all: bool) -> Iterator[Path]:
    """Yield what processes left behind that ended before they could tidy up."""
    for path in _list(folder):
        opened = _OPEN.fullmatch(path.name)
        if not opened and not _PART.fullmatch(path.name):
            continue
        with contextlib.suppress(OSError):
            is_old = path.stat().st_mtime < clock.wall() - DAY_SECONDS
            is_alive = opened is not None and _is_alive(int(opened[1]))
            if (is_all or is_old) and not is_alive:
                yield path


def _is_alive(process: int) -> bool:
    if os.name != "posix":
        return True  # to ask would end it
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _list(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return sorted(folder.iterdir())
    return []
