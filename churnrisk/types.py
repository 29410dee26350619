"""Kinds of values that many modules name: arrays of numbers, and what reports progress."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.int64]
Places = NDArray[np.intp]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, the steps done and all steps."""

Steps = Callable[[int, int], None]
"""Called with the steps done and all steps."""
