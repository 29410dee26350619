"""Rows of several files, or of several sheets of a workbook, under each other."""

from __future__ import annotations

from churnrisk.engines import Database
from churnrisk.errors import ColumnError
from churnrisk.sources.headers import plain_header
from churnrisk.sources.raw import RawRows
from churnrisk.sources.text import number_rows


def combine_rows(parts: list[RawRows], database: Database, *, name: str, form: str) -> RawRows:
    """Put the rows of files with the same columns under each other, in the order of the first file's columns."""
    first = parts[0]
    order = [plain_header(header) for header in first.headers]
    selects, odd = [], []
    for number, part in enumerate(parts):
        plain = [plain_header(header) for header in part.headers]
        if sorted(filter(None, plain)) != sorted(filter(None, order)):
            raise ColumnError(
                f"{part.name} has the columns {', '.join(part.headers)}, but {first.name} has "
                f"{', '.join(first.headers)}; files of one folder must have the same columns."
            )
        fields = ", ".join(
            f"c{plain.index(header)} AS c{k}" if header in plain else f"'' AS c{k}" for k, header in enumerate(order)
        )
        selects.append(f"SELECT {fields}, line, {number} AS file FROM {number_rows(part).sql}")
        places = tuple(order.index(header) if header in order else -1 for header in plain)
        odd += [(number, path, places) for _, path, _ in part.odd]
    table = f"raw_rows{len(list(database.folder.iterdir()))}"
    database.connection.execute(f"CREATE TABLE {table} AS {' UNION ALL '.join(selects)}")
    is_alike = len({part.headers for part in parts}) == 1
    return RawRows(
        name=name,
        format=form,
        headers=first.headers,
        sql=table,
        has_lines=True,
        typed=frozenset.intersection(*(part.typed for part in parts)) if is_alike else frozenset(),
        no_ids=frozenset.union(*(part.no_ids for part in parts)) if is_alike else frozenset(),
        is_escaped=any(part.is_escaped for part in parts),
        files=tuple(part.name for part in parts),
        texts=tuple(path for part in parts for path in part.texts),
        notices=tuple(dict.fromkeys(notice for part in parts for notice in part.notices)),
        many_rejects=tuple((number, part.rejects) for number, part in enumerate(parts) if part.rejects),
        odd=tuple(odd),
    )
