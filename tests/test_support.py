"""Helpers of tests tell what they saw when they fail."""

from __future__ import annotations

from support import service


def test_assertions_of_helpers_are_rewritten() -> None:
    rewritten = [name for name in vars(service) if name.startswith("@pytest")]
    assert rewritten, "pytest takes the assertions of support apart, so that a failure shows its values"
