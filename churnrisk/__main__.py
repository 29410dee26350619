"""``python -m churnrisk`` and the ``churnrisk`` command."""

from __future__ import annotations

import gc
import sys

from churnrisk.cli import run

COLLECT_EVERY = 50_000
"""Objects more before garbage is looked for: at 700, as usual, loading the libraries takes a twentieth longer."""


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(COLLECT_EVERY, 20, 20)
    sys.exit(run())


if __name__ == "__main__":
    main()
