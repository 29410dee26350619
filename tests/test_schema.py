"""Words of options and columns: what holds them elsewhere as keys has the same ones, in the same order."""

from __future__ import annotations

from typing import get_args

from churnrisk.messages import LANGUAGES
from churnrisk.report import CHOICES
from churnrisk.retention import SEGMENTS
from churnrisk.schema import LanguageCode, Segment


def test_segments_and_languages_are_those_that_have_a_meaning() -> None:
    assert get_args(Segment) == tuple(SEGMENTS) == tuple(CHOICES["segment"])
    assert get_args(LanguageCode) == tuple(LANGUAGES)
