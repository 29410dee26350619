"""What was known of a table on the morning of a day. Everything that reads a table for a day passes through here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import narwhals as nw

_CUSTOMER = "customer_id"


def visible_at(rows: nw.LazyFrame[Any], day: int) -> nw.LazyFrame[Any]:
    """Return the rows of a dated table that were known before a day, without what was known later.

    An end on that day or later is taken off, so that the row is open; so is a value that was not known yet. Rows that
    were known before and happen on that day or later are announced; they stay, for a count of their own.

    Parameters
    ----------
    rows : LazyFrame
        As :class:`churnrisk.dated.DatedTable` has them.
    day : int
        The first day that is not known.
    """
    import narwhals as nw  # late: declaring a table loads no data library

    ended, value = nw.col("ended_day"), nw.col("value")
    return rows.filter(nw.col("known_day") < day).with_columns(
        ended_day=nw.when(ended < day).then(ended),
        value=nw.when(nw.col("value_day") < day).then(value),
    )


def attributes_at(rows: nw.LazyFrame[Any], day: int) -> nw.LazyFrame[Any]:
    """Return the attributes that held on the morning of a day: of each customer those of the latest day before it."""
    import narwhals as nw

    past = rows.filter(nw.col("valid_day") < day)
    latest = past.group_by(_CUSTOMER).agg(latest_day=nw.col("valid_day").max())
    return past.join(latest, on=_CUSTOMER, how="inner").filter(nw.col("valid_day") == nw.col("latest_day"))
