"""How many names a package lists, and that what it lists is used: doors get narrower, never wider."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "churnrisk"
DOORS = {path.parent.name: path for path in PACKAGE.glob("*/__init__.py")}
WIDE = 25

WIDER = {
    "engines": 48,
    "learning": 35,
    "orders": 34,
    "report": 36,
    "retention": 46,
    "sources": 43,
    "state": 77,
}
"""Packages that list more names than they should. A number here may be lowered and not raised."""


def listed(door: Path) -> list[str]:
    """The names in `__all__`."""
    for node in ast.parse(door.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return []


def taken() -> dict[str, set[str]]:
    """By package, the names that the rest of the program takes from it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        tree, own = ast.parse(path.read_text()), path.relative_to(PACKAGE).parts[0]
        modules: dict[str, str] = {}
        for node in ast.walk(tree):
            if not isinstance(node, ast.ImportFrom) or node.module is None:
                continue
            if node.module == "churnrisk":
                modules |= {alias.asname or alias.name: alias.name for alias in node.names}
            elif node.module.startswith("churnrisk.") and node.module.split(".")[1] != own:
                found[node.module.split(".")[1]] |= {alias.name for alias in node.names}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
                found[modules[node.value.id]].add(node.attr)
    return found


TAKEN = taken()
PUBLIC = {
    "cli": {"app", "run"},
    "service": {"Bounds", "ServiceConfig", "create_app", "serve"},
    "products": {"PairDays", "read_pair_days"},
    "public": {"Benchmarks", "Cohorts", "LifetimeValue", "Metrics", "RetentionValue", "Segments", "SurveyResult"},
    "sklearn": {"ChurnClassifier", "PurchaseFeatures", "SnapshotSplit", "make_snapshots"},
    "workflows": {"ChurnModel", "load", "train"},
    "orders": {"IntakeOptions", "IntakeReport", "Orders", "read_orders"},
}
"""What users of the package itself import, beside the root."""


@pytest.mark.parametrize("name", sorted(DOORS))
def test_a_door_is_narrow(name: str) -> None:
    assert len(listed(DOORS[name])) <= WIDER.get(name, WIDE), "list fewer names, or make the package two"


def test_no_allowance_is_kept_that_is_not_needed() -> None:
    assert {name: len(listed(DOORS[name])) for name in WIDER} == WIDER
    assert all(allowed > WIDE for allowed in WIDER.values())


@pytest.mark.parametrize("name", sorted(DOORS))
def test_what_a_door_lists_is_used_or_public(name: str) -> None:
    assert set(listed(DOORS[name])) <= TAKEN[name] | PUBLIC.get(name, set())
