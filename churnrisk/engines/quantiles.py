"""Query text in which the quantiles of one column are taken together.

Narwhals writes each quantile as an aggregate of its own, and for each of them DuckDB keeps and sorts all values of a
group. Asked for several at once it sorts once, and equal aggregates are computed once.
"""

from __future__ import annotations

import re

_CALL = re.compile(r"\b(?:quantile_cont|median)\(")
_SHARE = re.compile(r", (\d(?:\.\d+)?)::DOUBLE$")


def share_quantiles(text: str) -> str:
    """Rewrite ``median(x)`` and ``quantile_cont(x, 0.25::DOUBLE)`` as members of one list of quantiles of ``x``.

    >>> share_quantiles("SELECT median(a), quantile_cont(a, 0.25::DOUBLE) FROM t")
    'SELECT (quantile_cont(a, [0.25, 0.5]))[2], (quantile_cont(a, [0.25, 0.5]))[1] FROM t'
    """
    calls = [(match.start(), *_read_call(text, match)) for match in _CALL.finditer(text)]
    shares: dict[str, list[str]] = {}
    for _, _, column, share in calls:
        shares[column] = sorted({*shares.get(column, []), share}, key=float)
    for start, end, column, share in reversed(calls):
        if len(together := shares[column]) > 1:
            member = f"(quantile_cont({column}, [{', '.join(together)}]))[{together.index(share) + 1}]"
            text = text[:start] + member + text[end:]
    return text


def _read_call(text: str, match: re.Match[str]) -> tuple[int, str, str]:
    """Return where a call ends, its column, and its share; a call that is not understood stands alone."""
    depth, end = 1, match.end()
    while depth and end < len(text):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    inside = text[match.end() : end - 1]
    if match.group().startswith("median"):
        return end, inside, "0.5"
    share = _SHARE.search(inside)
    return (end, inside[: share.start()], share.group(1)) if share else (end, text[match.start() : end], "0")
