"""Calls of the system that Python has no name for."""

from __future__ import annotations

import ctypes
import functools
import os
from typing import Any


def call(number: int, *arguments: Any) -> int:
    """Do a system call by its number; arguments are whole numbers, bytes, buffers or None.

    Raises
    ------
    OSError
        With the number of the system's error.
    """
    return _do(_library().syscall, number, *arguments)


def set_process(option: int, *arguments: Any) -> None:
    """Set something of this process, as prctl(2) does."""
    _do(_library().prctl, option, *arguments)


def set_capabilities(head: bytes, sets: bytes) -> None:
    """Set the capabilities of this thread, as capset(2) does."""
    _do(_library().capset, head, sets)


def _do(function: Any, *arguments: Any) -> int:
    done = int(function(*(ctypes.c_long(one) if isinstance(one, int) else one for one in arguments)))
    if done < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return done


@functools.cache
def _library() -> Any:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library
