"""Both clocks of the program in the hands of a test."""

from __future__ import annotations

import time

import pytest

HOUR, DAY, YEAR = 3600.0, 86_400.0, 365 * 86_400.0
JUMPS = (HOUR, -HOUR, YEAR, -YEAR)


class Clocks:
    """Stands for the module ``time`` in ``churnrisk.clock``: true, but for what a test has added."""

    def __init__(self) -> None:
        self.jumped = self.passed = 0.0

    def time(self) -> float:
        return time.time() + self.passed + self.jumped

    def monotonic(self) -> float:
        return time.monotonic() + self.passed

    def jump(self, seconds: float) -> None:
        """Set the wall clock on or back, as somebody does who finds it wrong; no time passes."""
        self.jumped += seconds

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.passed += seconds


def take_clocks(patch: pytest.MonkeyPatch) -> Clocks:
    """Put the clocks of this process into a test's hands."""
    clocks = Clocks()
    patch.setattr("churnrisk.clock.time", clocks)
    return clocks
