"""Mutate files of purchases at random and read them: only success with a whole account, or an error of ours, will do.

Usage: python bench/fuzz_intake.py [SECONDS] [SEED]

Each input starts as a good file of some form (text in several dialects and encodings, gzip, xlsx, JSON lines,
Parquet, SQLite) and is broken by a few random edits: bytes flipped, cut, doubled, spliced, or replaced by pieces that
readers are known to trip over. Parsing happens in the same process as in use, limited child included. What is found
is written to the folder fuzz-findings, and the exit code is 1.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import random
import sqlite3
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from churnrisk.errors import ChurnriskError
from churnrisk.orders import IntakeOptions, read_customers, read_orders

_MARKS = ['"', '""', "\n", "\r", "\r\n", "\0", ";", ",", "\t", "|", "'", "\\", "=1+1", "\ufeff", "{", "[" * 200]
_NUMBERS = ["1,234", "1.234", "NaN", "inf", "-0", "1e400", "9" * 40, "(5)", "5-", "€ 5", "zł", "лв", "1 234,5"]
_DATES = ["31.02.2024", "2024-13-01", "0001-01-01", "9999-12-31", "24:00", "1/2/24", "45000", "5 мая 2024"]
_TEXTS = ["2024-01-05T10:00:00+25:99", "null", "😀", "\u202e", "a" * 5000, "customer_id;ordered_at;amount;order_id"]
_BYTES = [b"\xff\xfe", b"\x80", b"\xc3", b"\xed\xa0\x80", b"\xef\xbf\xbf", b"PK\x03\x04", b"PAR1", b"\x1f\x8b"]
PIECES = [
    *(piece.encode() for piece in [*_MARKS, *_NUMBERS, *_DATES, *_TEXTS]),
    *_BYTES,
    "клиент;дата".encode("cp1251"),
]


def make_rows(chance: random.Random) -> list[list[str]]:
    """Make some purchases, as text."""
    rows = []
    for number in range(chance.choice([1, 3, 20])):
        day = dt.date(2024, 1, 1) + dt.timedelta(days=chance.randrange(700))
        amount = f"{chance.randrange(-2000, 30000) / 100:.2f}"
        rows.append([f"c{chance.randrange(9)}", day.isoformat(), amount, f"o{number}", str(chance.randrange(1, 5))])
    return rows


HEADERS = ["customer_id", "ordered_at", "amount", "order_id", "quantity"]


def make_text(chance: random.Random, _: Path) -> bytes:
    """Make a text file in some dialect and encoding."""
    mark = chance.choice([",", ";", "\t", "|"])
    ending = chance.choice(["\n", "\r\n", "\r"])
    headers = chance.choice(
        [HEADERS, ["Клиент", "Дата", "Сума", "Поръчка", "Брой"], ["Klient", "Data", "Kwota", "Zamówienie", "Ilość"]]
    )
    rows = make_rows(chance)
    if chance.random() < 0.5:
        for row in rows:
            row[1] = dt.date.fromisoformat(row[1]).strftime(chance.choice(["%d.%m.%Y", "%d.%m.%Y %H:%M"]))
            row[2] = row[2].replace(".", ",") if mark != "," else row[2]
    text = ending.join(mark.join(row) for row in [headers, *rows]) + ending
    return text.encode(
        chance.choice(["utf-8", "utf-8-sig", "utf-16", "cp1251", "cp1250", "iso-8859-2"]), errors="replace"
    )


def make_gzip(chance: random.Random, folder: Path) -> bytes:
    """Make a compressed text file."""
    return gzip.compress(make_text(chance, folder))


def make_json(chance: random.Random, _: Path) -> bytes:
    """Make JSON lines or an array."""
    records = [dict(zip(HEADERS, row, strict=True)) for row in make_rows(chance)]
    if chance.random() < 0.3:
        return json.dumps(records).encode()
    return "\n".join(json.dumps(record) for record in records).encode()


def _frame(chance: random.Random) -> pd.DataFrame:
    frame = pd.DataFrame(make_rows(chance), columns=HEADERS)
    return frame.astype({"amount": float, "quantity": int})


def make_workbook(chance: random.Random, _: Path) -> bytes:
    """Make an Excel workbook."""
    target = io.BytesIO()
    _frame(chance).to_excel(target, index=False, engine="xlsxwriter")
    return target.getvalue()


def make_parquet(chance: random.Random, _: Path) -> bytes:
    """Make a Parquet file."""
    target = io.BytesIO()
    _frame(chance).to_parquet(target, write_page_checksum=chance.random() < 0.5)
    return target.getvalue()


def make_sqlite(chance: random.Random, folder: Path) -> bytes:
    """Make a SQLite file."""
    path = folder / "made.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    _frame(chance).to_sql("orders", connection, index=False)
    connection.close()
    return path.read_bytes()


Maker = Callable[[random.Random, Path], bytes]
MAKERS: list[Maker] = [*[make_text] * 14, make_gzip, make_json, make_json, make_workbook, make_parquet, make_sqlite]


def mutate(data: bytes, chance: random.Random) -> bytes:
    """Break a file by a few random edits."""
    for _ in range(chance.choice([0, 1, 1, 2, 4, 8])):
        at, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        end = min(end, at + chance.choice([1, 4, 64]))
        edit = chance.randrange(6)
        if edit == 0:
            data = data[:at] + chance.choice(PIECES) + data[at:]
        elif edit == 1:
            data = data[:at] + chance.choice(PIECES) + data[end:]
        elif edit == 2:
            data = data[:at] + data[end:]
        elif edit == 3:
            data = data[:at] + chance.randbytes(end - at) + data[end:]
        elif edit == 4:
            data = data[:end] + data[at:end] * chance.choice([1, 3]) + data[end:]
        else:
            data = data[: chance.randrange(len(data) + 1)] if chance.random() < 0.2 else data
    return data


def try_input(path: Path, chance: random.Random) -> str:
    """Read one input; give what became of it. Anything but an error of ours is let through."""
    rejects = path.with_name("rejects.csv")
    limit = chance.choice([0.05, 0.9])
    options = IntakeOptions(reject_limit=limit, max_memory=512 * 1024**2, max_seconds=60, rejects=rejects)
    try:
        if chance.random() < 0.15:
            with read_customers(path, options) as customers:
                report = customers.report
        else:
            with read_orders(path, options) as orders:
                report = orders.report
    except ChurnriskError as error:
        return type(error).__name__
    parts = report.rows_used + report.rows_rejected + report.duplicates_dropped + report.rows_without_customer
    if parts != report.rows_in or sum(report.reasons.values()) != report.rows_in - report.rows_used:
        raise AssertionError(f"the account does not add up: {report}")
    return "read"


def main() -> int:
    """Run for a while and tell how many inputs ran and what they came to."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    findings = Path("fuzz-findings")
    outcomes: Counter[str] = Counter()
    end = time.monotonic() + seconds
    number = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        while time.monotonic() < end:
            number += 1
            chance = random.Random(f"{seed}-{number}")
            maker = chance.choice(MAKERS)
            path = folder / "input.csv"
            path.write_bytes(mutate(maker(chance, folder), chance))
            started = time.monotonic()
            try:
                outcomes[try_input(path, chance)] += 1
            except Exception:
                outcomes["FOUND"] += 1
                findings.mkdir(exist_ok=True)
                (findings / f"{seed}-{number}.bin").write_bytes(path.read_bytes())
                (findings / f"{seed}-{number}.txt").write_text(traceback.format_exc())
                print(f"{seed}-{number} {maker.__name__}: {traceback.format_exc().splitlines()[-1][:200]}", flush=True)
            if time.monotonic() - started > 30:
                print(f"{seed}-{number} {maker.__name__}: {time.monotonic() - started:.0f} s", flush=True)
    print(f"{number} inputs in {seconds:.0f} s: {dict(outcomes.most_common())}")
    return 1 if outcomes["FOUND"] else 0


if __name__ == "__main__":
    sys.exit(main())
