"""The filter of calls, run by a plain reading of what its instructions mean."""

from __future__ import annotations

import errno
import os
import struct

import pytest

from churnrisk.confine import calls

ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
TABLES = (calls.NETWORK, calls.OTHERS, calls.KERNEL, calls.ATTRIBUTES, calls.PROGRAMS)
MACHINES = {"x86_64": (0, 0xC000003E, 56), "aarch64": (1, 0xC00000B7, 220)}


def run_filter(program: bytes, *, number: int, architecture: int, argument: int = 0) -> int:
    """What the kernel would answer; see seccomp(2) and the documentation of classic BPF."""
    looked_at = struct.pack("=iIQQ", number, architecture, 0, argument)
    steps = list(struct.iter_unpack("=HBBI", program))
    held, at = 0, 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            held = struct.unpack_from("=I", looked_at, value)[0]
            continue
        holds = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[code]
        at += if_true if holds else if_false


@pytest.mark.parametrize("machine", MACHINES)
def test_the_filter_refuses_what_the_tables_name_and_nothing_else(
    machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    column, architecture, clone = MACHINES[machine]
    names = list(os.uname())
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((*names[:4], machine)))
    refused = [numbers[column] for table in TABLES for numbers in table.values()]
    program = calls.make_filter(refused)
    expected = {number: FAIL | errno.EPERM for number in refused if number is not None}
    expected[435] = FAIL | errno.ENOSYS
    for number in range(600):
        answer = run_filter(program, number=number, architecture=architecture)
        assert answer == expected.get(number, ALLOW), number
    assert run_filter(program, number=clone, architecture=architecture, argument=0x10000000) == FAIL | errno.EPERM
    assert run_filter(program, number=clone, architecture=architecture, argument=0x3D0F00) == ALLOW  # a thread
    assert run_filter(program, number=0x40000000 + 41, architecture=architecture) == FAIL | errno.EPERM
    assert run_filter(program, number=0, architecture=0x40000003) == KILL  # calls of 32 bits have other numbers
    assert len(program) // 8 < 4096  # the kernel's bound


def test_no_call_is_named_twice() -> None:
    names = [name for table in TABLES for name in table]
    numbers = [[numbers[column] for table in TABLES for numbers in table.values()] for column in (0, 1)]
    assert len({*names}) == len(names)
    assert all(len({*known}) == len(known) for known in ([n for n in one if n is not None] for one in numbers))
