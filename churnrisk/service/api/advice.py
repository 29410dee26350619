"""Messages of the command, for somebody who has sent purchases over HTTP and has no options to give."""

from __future__ import annotations

import re

from churnrisk.errors import ChurnriskError

_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]+)")
_NEXT_SENTENCE = re.compile(r"(?<=[.:]) (?=[A-Z])")
INSTEAD = {
    "column": "give customer_id, ordered_at, amount, quantity, order_id, product_id and category by these names",
    "date-format": "write dates as 2011-12-31",
    "decimal": "write numbers as 1234.50",
    "reject-limit": "mend the rows",
    "max-ratio": "send the file uncompressed",
    "max-size": "send it in parts",
    "purchases": "send the purchases of these customers",
}
NO_SETTINGS = ("purchases",)
"""Options that would be of no help to somebody who sends a file, were they set for the service."""


def for_sender(error: ChurnriskError) -> ChurnriskError:
    """Say what to do in what is sent, in place of the sentences that name an option."""
    named = list(dict.fromkeys(_OPTION.findall(str(error))))
    if not named:
        return error
    first, *others = _NEXT_SENTENCE.split(str(error))
    clauses = [one for one in first.split("; ") if not _OPTION.search(one)] or [first]
    told = " ".join(["; ".join(clauses).removesuffix(".") + ".", *(one for one in others if not _OPTION.search(one))])
    instead = "; ".join(INSTEAD[name] for name in named if name in INSTEAD) or "send the file in another form"
    settings = ", ".join(f"`{name.replace('-', '_')}`" for name in named if name not in NO_SETTINGS)
    else_ = f" Or whoever runs the service sets {settings} in churnrisk.toml." if settings else ""
    advice = f"{told} Over HTTP there are no options: {instead}.{else_.replace('`column`', '`columns`')}"
    return type(error)(advice, code=error.code)
