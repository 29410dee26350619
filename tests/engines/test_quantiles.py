"""Quantiles of one column are taken together in DuckDB, and are the same."""

from __future__ import annotations

import doctest

import numpy as np

from churnrisk.engines import Database, quantiles


def test_the_example_holds() -> None:
    assert doctest.testmod(quantiles).failed == 0


def test_together_they_are_what_they_are_alone() -> None:
    alone = (
        "SELECT g, median((CASE WHEN (v > 10) THEN v ELSE NULL END)) AS a, "
        "quantile_cont((CASE WHEN (v > 10) THEN v ELSE NULL END), 0.875::DOUBLE) AS b, "
        "quantile_cont(v, 0.25::DOUBLE) AS c FROM t GROUP BY g ORDER BY g"
    )
    together = quantiles.share_quantiles(alone)
    assert together.count("[0.5, 0.875]") == 2
    assert "quantile_cont(v, 0.25::DOUBLE) AS c" in together
    with Database(threads=1) as database:
        database.connection.execute("CREATE TABLE t AS SELECT i % 7 AS g, (i * 7919) % 101 AS v FROM range(200) r(i)")
        database.connection.execute("INSERT INTO t VALUES (7, 3), (8, NULL)")
        first, second = database.run(alone), database.run(together)
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
        assert first[name].dtype == second[name].dtype
