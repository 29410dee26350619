"""Qini of simple uplift learners on the MineThatData e-mail experiment: visits of the Womens mail against no mail.

    python bench/uplift.py [--data hillstrom_email.parquet] [--json]

64,000 customers were drawn at random for one of two mails or none (Hillstrom, 2008); 42,693 of them for the Womens
mail or none. The learners are cross-fitted, so that every customer is ranked by a fit that has not seen them; the
intervals are from 200 resamples of customers. DATA is by default where BENCH_DATA says.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import duckdb
import numpy as np

from churnrisk.decide import compare_rankings
from churnrisk.decide.uplift import RISK, judge_rankings

QUERY = """
SELECT recency, ln(history) AS history, mens, womens, newbie, (zip_code = 'Rural')::INT AS rural,
    (zip_code = 'Surburban')::INT AS suburban, (channel = 'Web')::INT AS web, (channel = 'Phone')::INT AS phone,
    visit, (segment = 'Womens E-Mail')::INT AS is_treated
FROM read_parquet(?) WHERE segment IN ('Womens E-Mail', 'No E-Mail')
"""


def read_experiment(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return features, visits and who was mailed."""
    columns = duckdb.connect().execute(QUERY, [str(path)]).fetchnumpy()
    names = [name for name in columns if name not in ("visit", "is_treated")]
    features = np.column_stack([np.asarray(columns[name], dtype=np.float64) for name in names])
    return features, np.asarray(columns["visit"], dtype=np.float64), np.asarray(columns["is_treated"]) == 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    path = arguments.data or Path(os.environ.get("BENCH_DATA", ".")) / "hillstrom_email.parquet"
    if not path.is_file():
        print(f"{path} is not there; name the file with --data. Nothing was measured.")
        return 0
    features, visit, is_treated = read_experiment(path)
    share = np.full(len(visit), is_treated.mean())
    # Months since the last order stand in for risk: the experiment comes without a churn model.
    result = compare_rankings(features, visit, is_treated, treated_probability=share, risk=features[:, 0])
    beside = {RISK: features[:, 0], "bought women's articles": features[:, 3], "amount of a year": features[:, 1]}
    simple = judge_rankings(visit, is_treated, beside, seed=0, resamples=200)
    rankings = {**{name: one for name, one in simple.items() if name != RISK}, **result.rankings}
    if arguments.json:
        print(json.dumps(result.to_dict(), indent=2))
        return 0
    print(f"{len(visit):,} customers, {int(is_treated.sum()):,} mailed, {features.shape[1]} features")
    for name, one in rankings.items():
        title = "months since the last order" if name == RISK else name
        print(f"{title:28s} Qini {one.qini.value:+.4f} [{one.qini.low:+.4f}, {one.qini.high:+.4f}]", end="  ")
        print("" if name == RISK else f"over months {one.gain.value:+.4f} [{one.gain.low:+.4f}, {one.gain.high:+.4f}]")
    print(f"chosen: {result.chosen}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
