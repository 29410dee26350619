"""A call to the system that fails once, in this process."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass
class Failing:
    """Stands for a function of :mod:`os` and fails at its ``number``-th call, and at no other."""

    patch: pytest.MonkeyPatch
    name: str
    number: int = 1
    seen: int = 0

    def __post_init__(self) -> None:
        self._real = getattr(os, self.name)
        self.patch.setattr(os, self.name, self)

    @property
    def has_failed(self) -> bool:
        """Whether there were so many calls."""
        return self.seen >= self.number

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.seen += 1
        if self.seen == self.number:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return self._real(*arguments, **options)
