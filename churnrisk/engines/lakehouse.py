"""Tables that keep a log beside their files: which of the files count, only the log says."""

from __future__ import annotations

from churnrisk.errors import SourceError

MARKS = (("Delta Lake", "_delta_log"), ("Iceberg", "metadata/*.metadata.json"), ("Hudi", ".hoodie"))
"""The kinds of such tables, and what lies in the folder of each."""

LEVELS = 6
"""Folders above a file that are looked at: partitions, such as year=2024/month=01, and the folder of the data."""


def refusal_of(folder: object, kind: str) -> SourceError:
    """Return the error that says why files of a table are not read as they lie there, and what to do."""
    return SourceError(
        f"{folder} is a table of {kind}: its folder keeps files that were removed from it, which would count again. "
        "Write the rows of the table to Parquet files in a folder of their own with the program that made it."
    )
