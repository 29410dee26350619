"""Decompress gzip and zstd within bounds; runs in the limited process."""

from __future__ import annotations

import ctypes
import ctypes.util
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from churnrisk.sources.child import LIMIT, SOURCE, Refused, Task

_CHUNK = 1 << 20


def unpack(task: Task) -> dict[str, Any]:
    """Write the decompressed file beside the result, stopping at the limits of size and ratio."""
    target = task.folder / "unpacked"
    packed = max(task.path.stat().st_size, 1)
    bound = min(task.max_size, max(packed * task.max_ratio, 1 << 24))
    option = "--max-size" if bound == task.max_size else "--max-ratio"
    size = 0
    chunks = _gunzip(task.path) if task.kind == "gzip" else _unzstd(task.path)
    with target.open("wb") as file:
        try:
            for chunk in chunks:
                size += len(chunk)
                if size > bound:
                    raise Refused(LIMIT, f"it decompresses to more than {bound} bytes; the bound is {option}")
                file.write(chunk)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise Refused(SOURCE, f"the {task.kind} data are damaged or cut off: {error}") from error
    return {"file": target.name}


def _gunzip(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _unzstd(path: Path) -> Iterator[bytes]:
    try:
        from compression import zstd  # type: ignore[import-not-found, unused-ignore]  # Python 3.14 and newer
    except ImportError:
        yield from _unzstd_by_library(path)
        return
    try:
        with zstd.open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except zstd.ZstdError as error:
        raise Refused(SOURCE, f"the zstd data are damaged: {error}") from error


class _Buffer(ctypes.Structure):
    _fields_ = (("data", ctypes.c_void_p), ("size", ctypes.c_size_t), ("at", ctypes.c_size_t))


def _load_library() -> Any:
    for name in (ctypes.util.find_library("zstd"), "libzstd.so.1", "libzstd.1.dylib"):
        if name:
            try:
                return ctypes.CDLL(name)
            except OSError:
                continue
    raise Refused(SOURCE, "this machine has no zstd library; decompress the file first: zstd -d FILE")


def _unzstd_by_library(path: Path) -> Iterator[bytes]:
    library = _load_library()
    library.ZSTD_createDStream.restype = ctypes.c_void_p
    library.ZSTD_decompressStream.restype = ctypes.c_size_t
    library.ZSTD_decompressStream.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Buffer), ctypes.POINTER(_Buffer)]
    library.ZSTD_isError.argtypes = [ctypes.c_size_t]
    library.ZSTD_freeDStream.argtypes = [ctypes.c_void_p]
    stream = library.ZSTD_createDStream()
    space = ctypes.create_string_buffer(_CHUNK)
    left = 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                held = ctypes.create_string_buffer(chunk, len(chunk))
                given = _Buffer(ctypes.cast(held, ctypes.c_void_p), len(chunk), 0)
                is_full = False
                while given.at < given.size or is_full:
                    taken = _Buffer(ctypes.cast(space, ctypes.c_void_p), _CHUNK, 0)
                    left = library.ZSTD_decompressStream(stream, ctypes.byref(taken), ctypes.byref(given))
                    if library.ZSTD_isError(left):
                        raise Refused(SOURCE, "the zstd data are damaged")
                    is_full = taken.at == _CHUNK
                    yield space.raw[: taken.at]
        if left:
            raise Refused(SOURCE, "the zstd data are cut off")
    finally:
        library.ZSTD_freeDStream(stream)
