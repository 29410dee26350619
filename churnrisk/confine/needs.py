"""What a Python process needs to run at all: its libraries, and a few facts about the machine."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping
from pathlib import Path

FACTS = (
    "/proc/self/cgroup",
    "/proc/self/maps",
    "/proc/meminfo",
    "/proc/cpuinfo",
    "/sys/devices/system/cpu",
    "/sys/fs/cgroup",
    "/dev/urandom",
)
"""How much memory and how many processors there are, which libraries are loaded, and chance."""

RUN = (Path(os.path.realpath(sys.executable or os.__file__)), Path(sys.prefix, "pyvenv.cfg"))
"""What is opened to start Python once more."""

_SYSTEM = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/nix/store",
    "/gnu/store",
    "/usr/share/zoneinfo",
    "/etc/ld.so.cache",
    "/etc/localtime",
)
_PACKAGES = ("site-packages", "dist-packages")
_KEPT = ("PATH", "HOME", "LANG", "TZ", "SYSTEMROOT")
_KEPT_BEGINNINGS = ("LC_", "PYTHON", "LD_LIBRARY_", "OMP_", "OPENBLAS_", "MKL_")


OWN = (RUN[0], Path(os.__file__).parent, Path(sysconfig.get_path("purelib")), Path(__file__).parents[1])
"""What nothing works without: the interpreter, its library, other packages, and this one."""

LIBRARIES = (
    *OWN,
    *(Path(sysconfig.get_path(name)) for name in ("platstdlib", "platlib")),
    *(Path(one) for one in sys.path if Path(one).name in _PACKAGES),
    Path(sys.base_prefix, "lib"),
    *map(Path, _SYSTEM),
)
"""Folders of Python's libraries and of the system's, but no folder that only is on Python's path."""

AROUND = Path(__file__).parents[2]
"""The folder that this package lies in, whose names Python reads to find it."""


def keep_environment(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Leave of an environment what says how to run, and none of the passwords in it; temporary files go to a folder."""
    kept = {name: value for name, value in environment.items() if name in _KEPT or name.startswith(_KEPT_BEGINNINGS)}
    return {**kept, "TMPDIR": str(folder)}
