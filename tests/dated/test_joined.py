"""A row that came and one of the source are one where they may be; nothing is lost, and nothing is known too early."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from churnrisk.dated import CameRow, join_rows

DAY = 20_000
SOURCE = ("a", DAY, DAY, None, "late", None, DAY)


@pytest.mark.parametrize(
    ("came", "joined"),
    [
        (CameRow("a", DAY, DAY, "late"), [SOURCE]),
        (CameRow("a", DAY, DAY, "other"), [SOURCE, ("a", DAY, DAY, None, "other", None, DAY)]),
        (CameRow("b", DAY, DAY, "late"), [SOURCE, ("b", DAY, DAY, None, "late", None, DAY)]),
        (CameRow("a", DAY, DAY, "late", known_day=DAY + 1), [SOURCE, ("a", DAY, DAY + 1, None, "late", None, DAY + 1)]),
        (CameRow("a", DAY, DAY + 9, "late", ended_day=DAY + 3), [("a", DAY, DAY, DAY + 3, "late", None, DAY)]),
        (CameRow("a", DAY, DAY + 9, "late", value=5), [("a", DAY, DAY, None, "late", 5, DAY + 9)]),
        (CameRow("a", DAY, DAY + 9, "late", value=5, value_day=DAY + 2), [("a", DAY, DAY, None, "late", 5, DAY + 2)]),
        (CameRow("a", DAY, DAY, "late", value=5, value_day=DAY - 2), [("a", DAY, DAY, None, "late", 5, DAY)]),
    ],
)
def test_one_row(came: CameRow, joined: list[object]) -> None:
    assert join_rows([SOURCE], [came]) == joined


def test_an_older_copy_of_what_came_does_not_open_a_ticket_again() -> None:
    closed = ("a", DAY, DAY, DAY + 3, "late", 7, DAY + 4)
    assert join_rows([closed], [CameRow("a", DAY, DAY, "late")]) == [closed]
    assert len(join_rows([closed], [CameRow("a", DAY, DAY, "late", ended_day=DAY + 9)])) == 2, "another ticket"


def test_as_many_as_either_side_has_and_none_lost() -> None:
    """Rows without ends and values: of each, as many as the side that has more of it."""
    draw = random.Random(3)
    for _ in range(200):
        names = [(draw.choice("ab"), DAY + draw.randrange(2), draw.choice(["", "late"])) for _ in range(8)]
        cut = draw.randrange(9)
        came = [CameRow(who, day, DAY, kind) for who, day, kind in names[cut:]]
        found = join_rows([CameRow(who, day, DAY, kind).row for who, day, kind in names[:cut]], came)
        assert Counter((row[0], row[1], row[4]) for row in found) == Counter(names[:cut]) | Counter(names[cut:])


def test_what_says_more_finds_its_row_before_what_fits_any() -> None:
    rows = [("a", DAY, DAY, None, "", 1, DAY), ("a", DAY, DAY, None, "", 2, DAY)]
    came = [CameRow("a", DAY, DAY), CameRow("a", DAY, DAY, value=1), CameRow("a", DAY, DAY, value=3)]
    assert sorted(row[5] or 0 for row in join_rows(rows, came)) == [1, 2, 3]
