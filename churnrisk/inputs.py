"""Where purchases come from when none are named, and the sample that the package brings."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from churnrisk.errors import NotEnoughData, OutputError, SourceError
from churnrisk.orders import IntakeOptions, IntakeReport, convert_files, convert_purchases
from churnrisk.sources import list_files
from churnrisk.types import Progress
from churnrisk.writing import put_in_place, replacing

SAMPLE_PURCHASES = Path("data/purchases.csv")
SampleName = Literal["purchases.csv", "customers.csv"]


def find_purchases(given: str | None, configured: str | None) -> str:
    """Choose the purchase history: the one given, else the one in the settings, else ``data/purchases.csv``.

    Raises
    ------
    SourceError
        Where there is none of the three; the message shows the ways to name one.
    """
    if given is not None:
        return given
    if configured is not None:
        return configured
    if SAMPLE_PURCHASES.is_file():
        return str(SAMPLE_PURCHASES)
    raise SourceError(
        "no purchase history was given. Name one: `churnrisk train purchases.csv`; or set it once and for all: "
        '`purchases = "purchases.csv"` in churnrisk.toml (`churnrisk init` writes one). '
        "To try churnrisk without data of your own: `churnrisk demo`."
    )


def sample_file(name: SampleName) -> Path:
    """Return the path of a file of the sample: the one in the installed package, or in a checkout ``data/``."""
    package = Path(__file__).resolve().parents[1]
    for path in (package / "sample" / name, package.parent / "data" / name):
        if path.is_file():
            return path
    raise SourceError(f"the sample {name} is missing from this installation; install churnrisk again.")


def rejects_beside(source: str | Path, folder: Path, *, output: str | Path | None = None) -> Path:
    """Name the file that lists the rows set aside: beside the output, or named for the source in a folder of its own.

    It is never beside the source, which may lie where nobody expects a file of ours.
    """
    if output is not None and "://" not in str(output):
        return Path(output).with_suffix(".rejects.csv")
    text = str(source)
    if "://" in text or text == "-" or any(sign in text for sign in "*?["):
        return folder / "purchases.rejects.csv"
    return folder / f"{Path(text).absolute().stem or 'purchases'}.rejects.csv"


def convert(
    source: Any, output: Path, *, options: IntakeOptions, progress: Progress | None = None
) -> list[IntakeReport]:
    """Write a purchase history as Parquet in the form that every engine reads, whole or not at all; give the accounts.

    Into one file; or, of a folder or pattern of files, into a new folder, each file by itself and several at a time.

    Raises
    ------
    OutputError
        For another ending than ``.parquet``, or a place that cannot be written.
    """
    if output.suffix.lower() == ".parquet":
        with replacing(output, holds="purchases") as temporary:
            return [convert_purchases(source, temporary, options)]
    files = list_files(source) if isinstance(source, str | Path) else []
    if output.suffix or not files:
        raise OutputError(
            f"{output}: the ending {output.suffix or '(none)'} is not known; write to a .parquet file, or a folder of "
            "files to a new folder."
        )
    if output.exists():
        raise OutputError(f"{output}: there is something already; name a folder that is not there yet.")
    temporary = output.with_name(f".{output.name}.{secrets.token_hex(6)}.part")
    try:
        temporary.mkdir(parents=True)
        tell = (lambda done: progress("converting", done, len(files))) if progress else (lambda _: None)
        reports = convert_files(files, temporary, options, tell=tell)
        put_in_place(temporary, output)
    except OSError as error:
        raise OutputError(f"cannot write to {output}: {error.strerror}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return reports


@contextmanager
def named_when_too_short(source: Any) -> Iterator[None]:
    """Name the file in a refusal for want of data, and the command that tells what it is enough for."""
    try:
        yield
    except NotEnoughData as error:
        if not isinstance(source, str | Path) or str(source) == "-":
            raise
        place = without_password(str(source))
        raise NotEnoughData(
            f"{place}: {error} `churnrisk check {place}` tells what it is enough for.", code=error.code
        ) from None


def without_password(place: str) -> str:
    """Write a database URL without a password that stands in it."""
    return re.sub(r"(://[^/@:]*):[^@/]*@", r"\1:...@", place)
