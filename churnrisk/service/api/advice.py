"""Messages of the command, for somebody who has sent a file over HTTP and has no options to give."""

from __future__ import annotations

import re

from churnrisk.errors import ChurnriskError

_OPTION = re.compile(r"(?<![\w-])--([a-z][a-z-]+)")
INSTEAD = {
    "column": "name the columns customer_id, ordered_at, amount, quantity, order_id, product_id, category",
    "date-format": "write dates as 2011-12-31",
    "decimal": "write numbers as 1234.50",
    "reject-limit": "mend the rows",
    "max-ratio": "send the file uncompressed",
    "max-size": "send it in parts",
}


def for_sender(error: ChurnriskError) -> ChurnriskError:
    """Say what to do in the file in place of an option that a message names."""
    named = list(dict.fromkeys(_OPTION.findall(str(error))))
    if not named:
        return error
    settings = ", ".join(f"`{name.replace('-', '_')}`" for name in named).replace("`column`", "`columns`")
    known = [INSTEAD[name] for name in named if name in INSTEAD]
    instead = f"{'; '.join(known)}. Or" if known else "send the file in another form, or"
    return type(error)(
        f"{error} Over HTTP there are no options: {instead} whoever runs the service sets {settings} in churnrisk.toml."
    )
