"""Scores as a pandas frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def to_frame(columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return score columns as a pandas frame: whole numbers as nullable integers, words as text."""
    import pandas as pd

    whole = {"risk_rank": "Int64", "days_since_last_order": "Int64", "order_count": "Int64"}
    return pd.DataFrame({name: pd.Series(values) for name, values in columns.items()}).astype(
        {name: kind for name, kind in whole.items() if name in columns}
    )
