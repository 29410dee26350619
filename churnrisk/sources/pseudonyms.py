"""Customer ids replaced on the way in by keyed hashes, so that nothing behind intake ever knows a person.

A pseudonym is ``p_`` and half of HMAC-SHA256 of the id, 128 bits: the same id has the same pseudonym wherever it is
read with the same key, so purchases, lists and requests still meet. Who has only pseudonyms cannot try out ids without
the key; its holder can tell a customer's pseudonym, which is what makes it a pseudonym and nobody anonymous.

An id that is a pseudonym already stays as it is, so that a list which churnrisk wrote can be read back.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from churnrisk.engines import Database

PSEUDONYM = re.compile(r"p_[0-9a-f]{32}")
_BLOCK = 64
"""Bytes of a block of SHA-256, to which the key of an HMAC is filled up (RFC 2104)."""


def pseudonym_of(key: bytes, customer_id: str) -> str:
    """Return the pseudonym of a customer id."""
    if PSEUDONYM.fullmatch(customer_id):
        return customer_id
    return "p_" + hmac.new(key, customer_id.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def pseudonym_sql(identity: str, database: Database, key: bytes | None) -> str:
    """Return SQL for the pseudonym of an id; the id itself where there is no key.

    The key goes to the engine as values, never as text of a statement, which an error message could repeat.
    """
    if key is None:
        return identity
    filled = key.ljust(_BLOCK, b"\0")
    for name, byte in (("pseudonym_inner", 0x36), ("pseudonym_outer", 0x5C)):
        database.connection.execute(f"SET VARIABLE {name} = ?::BLOB", [bytes(one ^ byte for one in filled)])
    inner = f"unhex(sha256(getvariable('pseudonym_inner') || encode({identity})))"
    digest = f"left(sha256(getvariable('pseudonym_outer') || {inner}), 32)"
    return (
        f"CASE WHEN {identity} IS NULL OR regexp_full_match({identity}, '{PSEUDONYM.pattern}') THEN {identity} "
        f"ELSE 'p_' || {digest} END"
    )
