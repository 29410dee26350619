"""What it costs to confine a process before it reads a file.

Run ``python bench/confine.py``. A process that has loaded what scores uploads is copied, as the service does for each
upload; the copy confines itself and tells how long that took, on the clock and of the processor.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

from churnrisk.confine import Reach, confine, describe_means
from churnrisk.shop.upload import LOADED

COPIES = 100


def measure(folder: Path, *, starts: bool) -> tuple[float, float]:
    """Milliseconds on the clock and of the processor, in one copy of this process."""
    ours, theirs = os.pipe()
    if not (copy := os.fork()):
        began, worked = time.perf_counter(), time.process_time()
        confine(Reach(folder, starts=starts))
        took = [1000 * (time.perf_counter() - began), 1000 * (time.process_time() - worked)]
        os.write(theirs, json.dumps(took).encode())
        os._exit(0)
    os.waitpid(copy, 0)
    clock, processor = json.loads(os.read(ours, 1000))
    os.close(ours)
    os.close(theirs)
    return clock, processor


def main() -> None:
    """Print the medians and the worst."""
    for name in LOADED[1:]:
        importlib.import_module(name)
    print(json.dumps(describe_means()))
    with tempfile.TemporaryDirectory() as name:
        for starts, what in ((False, "plain text"), (True, "other forms")):
            clock, processor = zip(*(measure(Path(name), starts=starts) for _ in range(COPIES)), strict=True)
            middle, most = statistics.median(clock), max(clock)
            work = statistics.median(processor)
            print(f"{what}: {middle:.2f} ms on the clock, most {most:.2f}; {work:.2f} ms of the processor")


if __name__ == "__main__":
    main()
