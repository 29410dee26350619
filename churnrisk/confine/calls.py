"""A filter that refuses system calls that no reader of files needs; see seccomp(2) and prctl(2).

It names what is refused, and not what is allowed: libraries use other calls with each release, and a reader that is
ended by one would be no safer. What is left is bounded by the ruleset for files.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

from churnrisk.confine.libc import call, set_process

# The numbers of the two architectures that have a filter; None where one has no such call.
_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_SECCOMP, _CLONE = (317, 277), (56, 220)
_CLONE3 = 435

NETWORK: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198),
    "socketpair": (53, 199),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
    "io_uring_setup": (425, 425),  # its rings do what the calls above do
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
OTHERS: dict[str, tuple[int | None, int | None]] = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kcmp": (312, 272),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
}
KERNEL: dict[str, tuple[int | None, int | None]] = {
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsmount": (432, 432),
    "mount_setattr": (442, 442),
    "open_by_handle_at": (304, 265),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
}
ATTRIBUTES: dict[str, tuple[int | None, int | None]] = {  # of files by their path, which landlock does not rule
    "truncate": (76, 45),
    "chmod": (90, None),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
}
PROGRAMS: dict[str, tuple[int | None, int | None]] = {  # only where nothing more is started
    "execve": (59, 221),
    "execveat": (322, 281),
    "kill": (62, 129),
    "tkill": (200, 130),
    "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}

_NEW_NAMESPACES = 0x7E020000
_X32 = 0x40000000  # the same calls under other numbers
_LOAD, _IS, _IS_AT_LEAST, _HAS_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # places in what a filter looks at
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_NO_NEW_PRIVILEGES, _SET_FILTER, _FILTER = 38, 22, 2
_ASK_ACTION = 2


def has_filter() -> bool:
    """Tell whether calls can be filtered: by the kernel, and by this module on this architecture."""
    if not sys.platform.startswith("linux") or _machine() not in _ARCHITECTURES:
        return False
    try:
        call(_SECCOMP[_column()], _ASK_ACTION, 0, struct.pack("=I", _FAIL))
    except OSError:
        return False
    return True


def renounce_privileges() -> None:
    """Let no program that is started have more rights than this process; the other means ask for that."""
    set_process(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def refuse_calls(*, starts: bool) -> None:
    """Refuse what no reader needs from now on, where calls can be filtered; ``starts`` leaves what starts a program."""
    if not has_filter():
        return
    refused = {**NETWORK, **OTHERS, **KERNEL, **ATTRIBUTES, **({} if starts else PROGRAMS)}
    program = make_filter([numbers[_column()] for numbers in refused.values()])
    held = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(held))
    set_process(_SET_FILTER, _FILTER, ctypes.create_string_buffer(head, len(head)), 0, 0)


def make_filter(refused: list[int | None]) -> bytes:
    """Write the program that the kernel runs for every call: eight bytes an instruction."""
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IS, 1, 0, _ARCHITECTURES[_machine()][1]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *_fail_where(_IS_AT_LEAST, _X32, errno.EPERM),
        *(step for number in refused if number is not None for step in _fail_where(_IS, number, errno.EPERM)),
        *_fail_where(_IS, _CLONE3, errno.ENOSYS),  # its flags are out of sight; libraries fall back on the older call
        (_IS, 0, 3, _CLONE[_column()]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        *_fail_where(_HAS_BITS, _NEW_NAMESPACES, errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _fail_where(test: int, value: int, code: int) -> list[tuple[int, int, int, int]]:
    """Let the call fail with an error code where a test holds, and go on where not."""
    return [(test, 0, 1, value), (_RETURN, 0, 0, _FAIL | code)]


def _machine() -> str:
    """Name the architecture of this process; one of 32 bits has calls of its own, whatever the kernel is."""
    return os.uname().machine if sys.maxsize > 2**32 else ""


def _column() -> int:
    return _ARCHITECTURES[_machine()][0]
