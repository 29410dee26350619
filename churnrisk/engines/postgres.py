"""A connection to a PostgreSQL server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from churnrisk.errors import MissingExtra


@contextlib.contextmanager
def connect_postgres(url: str, *, error: type[Exception]) -> Iterator[Any]:
    """Open one transaction on a PostgreSQL server; it is committed at the end, or nothing of it is.

    Parameters
    ----------
    url : str
        ``postgresql://user@host/database``; the password comes from the environment or ``~/.pgpass``.
    error : type
        Raised, without any password, where the server refuses.
    """
    try:
        import psycopg
    except ImportError:
        raise MissingExtra("PostgreSQL needs an extra part: pip install 'churnrisk[postgres]'.") from None
    try:
        with psycopg.connect(url, connect_timeout=30) as connection:
            yield connection
    except psycopg.Error as failure:
        said = str(failure).strip().splitlines() or [type(failure).__name__]
        secret = urlsplit(url).password
        raise error(f"PostgreSQL says: {said[0].replace(secret, '***') if secret else said[0]}.") from None
