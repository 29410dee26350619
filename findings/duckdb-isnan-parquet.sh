#!/usr/bin/env bash
# DuckDB 2.0.0 says of a NaN in a Parquet column of doubles that it is none, as long as the file is asked directly.
#
# The format's statistics of a column chunk leave NaN out (apache/parquet-format, "Statistics"), so a chunk of 1, NaN, 3 has
# the least value 1 and the greatest 3. The engine takes the range for a bound on all values and answers isnan(x) without
# looking: false for every row, and no row for WHERE isnan(x). The value itself is read as NaN, and a table that is made of the
# file answers rightly. Whoever sets NaN aside while reading a file, or counts them, finds none; a cast of such a value to
# a decimal number then ends the query.
#
# Seen with duckdb 2.0.0 and pyarrow 26.0.1 on Python 3.11, Linux. What to write instead: x = 'nan'::DOUBLE is folded alike;
# a comparison of the text, CAST(x AS VARCHAR) = 'nan', looks at the values.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet duckdb==2.0.0 pyarrow==26.0.1
cd "$folder"
cat > look.py <<'PYTHON'
import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

pq.write_table(pa.table({"x": pa.array([1.0, float("nan"), 3.0])}), "nan.parquet")
statistics = pq.ParquetFile("nan.parquet").metadata.row_group(0).column(0).statistics
con = duckdb.connect()
con.execute("CREATE TABLE t AS FROM read_parquet('nan.parquet')")
file, table = (f"SELECT list(isnan(x)) FROM {source}" for source in ("read_parquet('nan.parquet')", "t"))
print("statistics", statistics.min, statistics.max)
print("file", con.execute(file).fetchall()[0][0])
print("file, counted", con.execute("SELECT count(*) FROM read_parquet('nan.parquet') WHERE isnan(x)").fetchall()[0][0])
print("file, equal", con.execute("SELECT count(*) FROM read_parquet('nan.parquet') WHERE x = 'nan'::DOUBLE").fetchall()[0][0])
print("file, as text", con.execute("SELECT list(CAST(x AS VARCHAR) = 'nan') FROM read_parquet('nan.parquet')").fetchall()[0][0])
print("table", con.execute(table).fetchall()[0][0])
PYTHON
"$folder/venv/bin/python" look.py | tee seen.txt
