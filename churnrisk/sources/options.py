"""What a user can set about intake; every option has a default."""

from __future__ import annotations

import hashlib
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from churnrisk.dated import DatedSource
from churnrisk.errors import SettingsError

REJECT_LIMIT = 0.05
NO_CUSTOMER_LIMIT = 0.5
REVERSAL_DAYS = 30
OWN_CLASSES = ("sale", "no_sale", "pending", "returned")
"""What a user may say of a status."""

REVERSALS = ("undo", "keep")
AMOUNTS, DISCOUNTS = ("order", "line"), ("share", "percent", "unit", "line", "none")
ENGINES = ("duckdb", "polars", "spark")


@dataclass(frozen=True, kw_only=True)
class KeepIn:
    """Where copies of what was read are kept, so that the same source is read faster the next time.

    Parameters
    ----------
    folder : Path
        Holds the copies, and nothing else; made where it is missing.
    days : int
        A copy goes that was not used for so long.
    size : int
        Bytes of all copies; those go first that were used longest ago.
    least : int
        Bytes of a source from which on a copy is worth it.
    """

    folder: Path
    days: int = 30
    size: int = 10 * 1000**3
    least: int = 16 * 1000**2


@dataclass(frozen=True)
class LeftOut:
    """Customers whose rows are not read, known by a keyed hash alone, such as those that have objected to being scored.

    Parameters
    ----------
    digest : callable
        Gives the hash of a customer id.
    digests : frozenset of str
        Those of the customers who are left out.
    """

    digest: Callable[[str], str]
    digests: frozenset[str]

    def among(self, customer_ids: Iterable[str]) -> set[str]:
        """Return those of some customers who are left out."""
        return {one for one in customer_ids if self.digest(one) in self.digests}

    @property
    def stamp(self) -> str:
        """What differs where others are left out."""
        return hashlib.blake2b("".join(sorted(self.digests)).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, kw_only=True)
class IntakeOptions:
    """How to read a source of purchases.

    Parameters
    ----------
    engine : str, optional
        Where orders are made and kept: ``"duckdb"`` (the default), ``"polars"`` (read by DuckDB, kept in Polars),
        ``"spark"`` (Spark on this machine) or ``"spark://HOST:PORT"`` (a cluster).
    columns : mapping of str to str
        The user's header for a role, such as ``{"customer_id": "Klient"}``; roles not named are found by header.
    reject_limit : float
        Share of the rows (those without a customer id apart) above which reading stops, from 0 to 1.
    rejects : Path, optional
        CSV file to write the rows to that were set aside: line, column, value, reason.
    threads : int, optional
        Threads of the engine; by default as many as there are processors.
    memory : str, optional
        Memory limit of the engine, such as ``"2GB"``.
    decimal : str, optional
        The decimal sign of amounts and quantities, ``"."`` or ``","``; found in the data when not given.
    date_format : str, optional
        How dates are written: the order of their parts, such as ``"mdy"`` or ``"dd-mon-yy"``, or one of ``"iso"``,
        ``"excel"``, ``"epoch"``, ``"epoch_ms"``, ``"epoch_us"``, ``"epoch_ns"`` and ``"yyyymmddhh"``; found in the data
        when not given.
    encoding : str, optional
        Encoding of a text file, such as ``"cp1251"``; found in the file when not given.
    delimiter : str, optional
        The character between the fields of a text file; found in the file when not given.
    timezone : str, optional
        The shop's zone, such as ``"Europe/Sofia"``, to which times with an offset are brought; without it, a row counts
        on the day that it is written with.
    rates : mapping of str to str
        What a unit of a currency is worth in the log's own, such as ``{"PLN": "0.235"}``, as decimal text.
    rate_before : mapping of str to str
        What amounts before a date are multiplied by, such as ``{"2026-01-01": "0.511292"}``.
    fold_case : bool
        Whether customer ids that differ only by upper and lower case are one.
    fold_ids : bool
        Whether customer ids that differ only in writing are one: by case, invisible characters, Unicode form, letters
        that look alike in another alphabet, leading zeros, or ``.0`` behind a whole number.
    drop_duplicates : bool
        Whether exact copies of rows are dropped where an order may have several rows, too.
    status : mapping of str to str
        What a word of a column of statuses or row types says, such as ``{"S7": "sale"}``: one of ``OWN_CLASSES``. It
        comes before the words that are known.
    count_pending : bool
        Whether orders that wait for their payment are sales.
    reversals : str
        ``"undo"``: a purchase that returns have taken back whole is none from the day of the return on; ``"keep"``: it
        stays one.
    reversal_days : int
        How long after a purchase a return of the same customer and amount, with another order id, takes it back.
    no_customer_limit : float
        Share of the rows without a customer id above which reading stops, from 0 to 1.
    no_amounts : bool
        Whether a log is read without amounts on purpose, though it has columns of numbers that may be amounts.
    amounts : str, optional
        Whether an amount is that of its ``"line"``, or of its ``"order"`` and repeated on each line; found in the data
        when not given.
    discount : str, optional
        What a discount beside price and quantity is: ``"share"`` or ``"percent"`` of the price, an amount off each
        ``"unit"`` or off the ``"line"``, or ``"none"`` to leave it out; found in the data when not given.
    pseudonym_key : bytes, optional
        Customer ids are replaced by keyed hashes, 32 bytes long key; see :mod:`churnrisk.sources.pseudonyms`. Values of
        rejected rows are then withheld.
    group_column : str, optional
        Header of a column to keep beside the orders as ``customer_group``, for figures by group.
    products : bool
        Whether each line keeps its order id and the product's description, for what is asked of products.
    query, table : str, optional
        What to read from a database.
    tables : mapping of str to DatedSource
        Tables beside the purchases, and attributes of customers, by their names.
    is_list : bool
        Of a workbook the first visible sheet is read that names a column we know, and not the one that names most.
    left_out : LeftOut, optional
        Customers whose rows are left out before anything else is done, as if they were not in the source.
    keep : KeepIn, optional
        Where a copy of what was read is kept for the next time; nothing is kept by default.
    on_read : callable, optional
        Called with the seconds that reading the source itself took, and with whether a copy of it is kept now.
    parquet : bool
        Whether Parquet is read at all.
    max_field_size : int
        Characters of one line or quoted field.
    max_size : int
        Bytes of a source once it is decompressed.
    max_ratio : int
        How many times larger a compressed source may become.
    max_columns : int
        Columns of a source.
    max_cells : int
        Cells that a sheet of a workbook may span, empty ones included.
    max_depth : int
        How deep JSON may be nested.
    max_memory : int
        Bytes of memory of the process that reads a format other than plain text.
    max_seconds : int
        Seconds that this process may take.
    """

    engine: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    reject_limit: float = REJECT_LIMIT
    rejects: Path | None = None
    threads: int | None = None
    memory: str | None = None
    decimal: str | None = None
    date_format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    timezone: str | None = None
    rates: Mapping[str, str] = field(default_factory=dict)
    rate_before: Mapping[str, str] = field(default_factory=dict)
    fold_case: bool = False
    fold_ids: bool = False
    drop_duplicates: bool = False
    status: Mapping[str, str] = field(default_factory=dict)
    count_pending: bool = False
    reversals: str = "undo"
    reversal_days: int = REVERSAL_DAYS
    no_customer_limit: float = NO_CUSTOMER_LIMIT
    no_amounts: bool = False
    amounts: str | None = None
    discount: str | None = None
    pseudonym_key: bytes | None = field(default=None, repr=False)
    group_column: str | None = None
    products: bool = False
    query: str | None = None
    table: str | None = None
    tables: Mapping[str, DatedSource] = field(default_factory=dict)
    is_list: bool = False
    left_out: LeftOut | None = field(default=None, repr=False)
    keep: KeepIn | None = field(default=None, repr=False)
    on_read: Callable[[float, bool], object] | None = field(default=None, repr=False)
    parquet: bool = True
    max_field_size: int = 16 * 1024**2
    max_size: int = 50 * 1024**3
    max_ratio: int = 200
    max_columns: int = 4096
    max_cells: int = 20_000_000
    max_depth: int = 100
    max_memory: int = 1024**3
    max_seconds: int = 3600

    def __post_init__(self) -> None:
        if not 0 <= self.reject_limit <= 1:
            raise SettingsError(f"--reject-limit {self.reject_limit}: give a share from 0 to 1, for example 0.05.")
        if self.timezone is not None and not _is_zone(self.timezone):
            raise SettingsError(f"--timezone {self.timezone}: no such zone; give a name such as Europe/Sofia or UTC.")
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n\0'):
            raise SettingsError(f"--delimiter {self.delimiter!r}: give one character, such as ';' or a tab.")
        if self.engine not in (None, *ENGINES) and not str(self.engine).startswith("spark://"):
            raise SettingsError(f"--engine {self.engine}: give duckdb, polars, spark, or spark://HOST:PORT.")
        if self.decimal not in (None, ".", ","):
            raise SettingsError(f"--decimal {self.decimal!r}: give '.' or ','.")
        self._check_meaning()

    def _check_meaning(self) -> None:
        """Check what says which rows are sales, and whose."""
        for word, said in self.status.items():
            if said not in OWN_CLASSES:
                raise SettingsError(f"--status {word}={said}: give {word!r} one of {', '.join(OWN_CLASSES)}.")
            if not word.strip():
                raise SettingsError(f"--status {word}={said}: give a word of the column before the sign =.")
        if self.reversals not in REVERSALS:
            raise SettingsError(f"--reversals {self.reversals}: give undo or keep.")
        if self.amounts not in (None, *AMOUNTS):
            raise SettingsError(f"--amounts {self.amounts}: give order or line.")
        if self.discount not in (None, *DISCOUNTS):
            raise SettingsError(f"--discount {self.discount}: give one of {', '.join(DISCOUNTS)}.")
        if not 0 <= self.reversal_days <= 3650:
            raise SettingsError(f"--reversal-days {self.reversal_days}: give whole days from 0 to 3650.")
        if not 0 <= self.no_customer_limit <= 1:
            raise SettingsError(
                f"--no-customer-limit {self.no_customer_limit}: give a share from 0 to 1, for example 0.5."
            )

    def own_id(self, customer_id: str) -> str:
        """Return a customer id that a user names as purchases read with these options have it."""
        from churnrisk.sources.folding import fold_id
        from churnrisk.sources.pseudonyms import pseudonym_of

        folded = customer_id.lower() if self.fold_case else customer_id
        folded = fold_id(customer_id) if self.fold_ids else folded
        return folded if self.pseudonym_key is None else pseudonym_of(self.pseudonym_key, folded)

    @classmethod
    def of(
        cls, columns: Mapping[str, str] | None, options: IntakeOptions | None, *, engine: str | None = None
    ) -> IntakeOptions:
        """Return how purchases are read where ``columns`` and ``engine``, or ``options`` in their place, say it.

        Raises
        ------
        SettingsError
            Where both say it, so that one would be passed over; or where either is of another kind.
        """
        if options is None:
            if not isinstance(columns, Mapping | None) or not all(
                isinstance(one, str) for one in (columns or {}).values()
            ):
                raise SettingsError(
                    f"columns: {columns!r}: write what columns stand for as {{'customer_id': 'Klient'}}."
                )
            return cls(engine=engine, columns=dict(columns or {}))
        if not isinstance(options, cls):
            raise SettingsError(
                f"options: a {type(options).__name__} was given; make one of churnrisk.IntakeOptions(...)."
            )
        for name, given in (("columns", columns), ("engine", engine)):
            if given:
                raise SettingsError(
                    f"{name} and options were both given; say it in one: IntakeOptions({name}={given!r})."
                )
        return options


def _is_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
