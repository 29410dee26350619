"""Where queries run: DuckDB in this process (the default), Polars, or Spark. The only home of their drivers.

Stages write lazy Narwhals expressions and never ask which engine runs them. Arrays leave an engine through
:func:`collect_arrays` or :func:`iterate_batches` and nowhere else, sorted, so that everything after is the same
whatever the engine. Relations and frames of DuckDB are kept inside functions: alive at the end of the interpreter
they print pages of warnings.
"""

from churnrisk.engines.arrays import Arrays, join_arrays
from churnrisk.engines.clustered import Clustered, cluster, count_rows
from churnrisk.engines.collect import BATCH_ROWS, collect_arrays, iterate_batches
from churnrisk.engines.customers import map_ahead, map_customers
from churnrisk.engines.database import SPACES, Database, engine_error, quote_text, trim_sql
from churnrisk.engines.days import place_days
from churnrisk.engines.expressions import as_int, int_sum
from churnrisk.engines.files import write_parquet, write_parquet_parts
from churnrisk.engines.kept import FileDatabase, MemoryDatabase, fill_table, keep_customers
from churnrisk.engines.known import known_before, purchases_before, was_purchase
from churnrisk.engines.lakehouse import LEVELS, MARKS, refusal_of
from churnrisk.engines.postgres import connect_postgres
from churnrisk.engines.ranges import choose_rows, cut_range, key_ranges
from churnrisk.engines.spark import map_rows
from churnrisk.engines.spark_files import check_folder, find_files, read_parquet, replacing_folder
from churnrisk.engines.spark_session import Spark, is_spark, spark_errors
from churnrisk.engines.sql import SqlEngine, map_over_customers
from churnrisk.engines.storage import explaining_storage, storage_error, storage_error_in
from churnrisk.engines.stored import StoredTable

__all__ = [
    "BATCH_ROWS",
    "LEVELS",
    "MARKS",
    "SPACES",
    "Arrays",
    "Clustered",
    "Database",
    "FileDatabase",
    "MemoryDatabase",
    "Spark",
    "SqlEngine",
    "StoredTable",
    "as_int",
    "check_folder",
    "choose_rows",
    "cluster",
    "collect_arrays",
    "connect_postgres",
    "count_rows",
    "cut_range",
    "engine_error",
    "explaining_storage",
    "fill_table",
    "find_files",
    "int_sum",
    "is_spark",
    "iterate_batches",
    "join_arrays",
    "keep_customers",
    "key_ranges",
    "known_before",
    "map_ahead",
    "map_customers",
    "map_over_customers",
    "map_rows",
    "place_days",
    "purchases_before",
    "quote_text",
    "read_parquet",
    "refusal_of",
    "replacing_folder",
    "spark_errors",
    "storage_error",
    "storage_error_in",
    "trim_sql",
    "was_purchase",
    "write_parquet",
    "write_parquet_parts",
]
