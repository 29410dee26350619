"""Batches cut anew, so that no customer is split between two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from churnrisk.engines.arrays import Arrays, join_arrays


def cut_at(ends: np.ndarray, chunks: Iterator[Arrays]) -> Iterator[Arrays]:
    """Cut chunks anew at the places where customers end."""
    waiting: list[Arrays] = []
    done = customers = read = 0
    while customers < len(ends):
        waiting.append(next(chunks))
        read += len(next(iter(waiting[-1].values())))
        known = int(np.searchsorted(ends, read, side="right"))
        if known == customers:  # the first customer waiting is not complete yet
            continue
        joined, last = join_arrays(waiting), int(ends[known - 1])
        bounds = np.diff(ends[customers:known], prepend=done)
        batch = {name: values[: last - done] for name, values in joined.items()}
        yield batch | {"customer": np.repeat(np.arange(known - customers), bounds)}
        waiting = [{name: values[last - done :] for name, values in joined.items()}]
        done, customers = last, known


def whole_customers(batches: Iterable[Arrays], key: str, rows: int) -> Iterator[Arrays]:
    """Cut sorted batches anew, so that each has at least ``rows`` rows and no customer is split between two."""
    waiting: list[Arrays] = []
    for batch in batches:
        waiting.append(batch)
        if sum(len(part[key]) for part in waiting) < rows:
            continue
        joined = join_arrays(waiting)
        ids = joined[key]
        last = len(ids) - int(np.argmax(ids[::-1] != ids[-1]))
        waiting = [joined]
        if ids[0] != ids[-1]:  # one customer who fills the batch may go on in the next
            yield _number_customers({name: values[:last] for name, values in joined.items()}, key)
            waiting = [{name: values[last:] for name, values in joined.items()}]
    joined = join_arrays(waiting) if waiting else {key: np.zeros(0)}
    if len(joined[key]):
        yield _number_customers(joined, key)


def _number_customers(batch: Arrays, key: str) -> Arrays:
    ids = batch[key]
    numbers = np.concatenate([[0], np.cumsum(ids[1:] != ids[:-1], dtype=np.int64)])
    return {name: values for name, values in batch.items() if name != key} | {"customer": numbers}
