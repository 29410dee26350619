"""The tables of the state file, as the steps that lead from one format to the next.

A step that has been released is never edited: files that took it are out there. A change of the tables is a new step
at the end of the list, and the number of steps is the format.
"""

from __future__ import annotations

RUNS = """
CREATE TABLE runs (
    run_id INTEGER PRIMARY KEY AUTOINCREMENT,
    made_at TEXT NOT NULL,
    as_of INTEGER NOT NULL,
    horizon INTEGER NOT NULL,
    lookback INTEGER NOT NULL,
    lead INTEGER NOT NULL,
    model TEXT NOT NULL,
    kind TEXT NOT NULL,
    source_digest TEXT NOT NULL,
    customers INTEGER NOT NULL,
    UNIQUE (model, as_of, kind, source_digest)
) STRICT
"""

RUN_SCORES = """
CREATE TABLE run_scores (
    run_id INTEGER NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
    customer_id TEXT NOT NULL,
    status TEXT NOT NULL,
    churn_probability REAL,
    risk TEXT,
    risk_rank INTEGER,
    PRIMARY KEY (run_id, customer_id)
) STRICT, WITHOUT ROWID
"""

CAMPAIGNS = """
CREATE TABLE campaigns (
    campaign_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    made_at TEXT NOT NULL,
    starts_on INTEGER NOT NULL,
    window_days INTEGER NOT NULL CHECK (window_days > 0),
    outcome TEXT NOT NULL CHECK (outcome IN ('retained', 'orders', 'revenue')),
    holdout REAL NOT NULL CHECK (holdout >= 0 AND holdout < 1),
    seed INTEGER NOT NULL,
    suppressed INTEGER NOT NULL,
    overlapping INTEGER NOT NULL,
    contact_cost REAL NOT NULL,
    incentive_cost REAL NOT NULL,
    margin REAL NOT NULL
) STRICT
"""

CAMPAIGN_MEMBERS = """
CREATE TABLE campaign_members (
    campaign_id INTEGER NOT NULL REFERENCES campaigns (campaign_id) ON DELETE CASCADE,
    customer_id TEXT NOT NULL,
    is_treated INTEGER NOT NULL CHECK (is_treated IN (0, 1)),
    stratum INTEGER NOT NULL,
    control_probability REAL NOT NULL,
    churn_probability REAL,
    value REAL,
    PRIMARY KEY (campaign_id, customer_id)
) STRICT, WITHOUT ROWID
"""

MEASUREMENTS = """
CREATE TABLE measurements (
    campaign_id INTEGER NOT NULL PRIMARY KEY REFERENCES campaigns (campaign_id) ON DELETE CASCADE,
    made_at TEXT NOT NULL,
    log_fingerprint TEXT NOT NULL,
    acceptance REAL,
    acceptance_error REAL,
    result TEXT NOT NULL
) STRICT
"""

# Who was drawn into the control group is the evidence: the file itself refuses to change it.
FIXED_MEMBERS = """
CREATE TRIGGER campaign_members_are_fixed BEFORE UPDATE ON campaign_members
BEGIN SELECT RAISE(ABORT, 'the assignment of a campaign cannot be changed'); END
"""

FIXED_CAMPAIGNS = """
CREATE TRIGGER campaigns_are_fixed BEFORE UPDATE ON campaigns
BEGIN SELECT RAISE(ABORT, 'a campaign cannot be changed'); END
"""

# Access: a key is kept as the SHA-256 of itself, which 256 random bits need no salt against.
KEYS = """
CREATE TABLE keys (
    key_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('reader', 'scorer', 'admin')),
    key_hash TEXT NOT NULL UNIQUE,
    made_at TEXT NOT NULL,
    revoked_at TEXT,
    last_used_at TEXT
) STRICT
"""

SESSIONS = """
CREATE TABLE sessions (
    session_hash TEXT NOT NULL PRIMARY KEY,
    key_id INTEGER NOT NULL REFERENCES keys (key_id) ON DELETE CASCADE,
    csrf_hash TEXT NOT NULL,
    made_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT
"""

# No reference to keys: what an admin did outlasts the key that it was done with. NULL: from the shell.
AUDIT = """
CREATE TABLE audit (
    audit_id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    key_id INTEGER,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT
"""

# The rows of an order as one text: they come together, are read together, and go together.
RECEIVED_ORDERS = """
CREATE TABLE received_orders (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    received_at TEXT NOT NULL,
    key_id INTEGER,
    digest TEXT NOT NULL,
    lines TEXT NOT NULL,
    UNIQUE (customer_id, order_id)
) STRICT
"""

# An order id may come again on another day, and is an order of its own then. SQLite has no other way to another key;
# the numbers go on where they were.
KEYED_BY_DAY = (
    "ALTER TABLE received_orders RENAME TO received_before",
    """
CREATE TABLE received_orders (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    received_at TEXT NOT NULL,
    key_id INTEGER,
    digest TEXT NOT NULL,
    lines TEXT NOT NULL,
    ordered_on TEXT NOT NULL,
    UNIQUE (customer_id, order_id, ordered_on)
) STRICT
""",
    "INSERT INTO received_orders SELECT *, '' FROM received_before",
    "DELETE FROM sqlite_sequence WHERE name = 'received_orders'",
    "INSERT INTO sqlite_sequence SELECT 'received_orders', seq FROM sqlite_sequence WHERE name = 'received_before'",
    "DROP TABLE received_before",
)

JOBS = """
CREATE TABLE jobs (
    job_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    asked_by INTEGER,
    runner TEXT,
    made_at TEXT NOT NULL,
    started_at TEXT,
    ended_at TEXT,
    progress_done INTEGER NOT NULL,
    progress_total INTEGER NOT NULL,
    progress_text TEXT NOT NULL,
    request TEXT NOT NULL,
    result TEXT,
    error TEXT
) STRICT
"""

# The keyed hash of a customer who was erased: with the key, the customer is known again in a backup, and never without.
TOMBSTONES = """
CREATE TABLE tombstones (
    digest TEXT NOT NULL PRIMARY KEY,
    made_at TEXT NOT NULL
) STRICT
"""

# Members who were erased, so that a campaign's result can say how many are missing from its groups.
ERASED_MEMBERS = """
CREATE TABLE erased_members (
    campaign_id INTEGER NOT NULL REFERENCES campaigns (campaign_id) ON DELETE CASCADE,
    is_treated INTEGER NOT NULL CHECK (is_treated IN (0, 1)),
    members INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, is_treated)
) STRICT
"""

SCORE_OUTCOMES = """
CREATE TABLE score_outcomes (
    run_id INTEGER NOT NULL PRIMARY KEY REFERENCES runs (run_id) ON DELETE CASCADE,
    made_at TEXT NOT NULL,
    result TEXT NOT NULL
) STRICT
"""

MONITOR_RUNS = """
CREATE TABLE monitor_runs (
    monitor_id INTEGER PRIMARY KEY AUTOINCREMENT,
    made_at TEXT NOT NULL,
    as_of INTEGER NOT NULL,
    model TEXT NOT NULL,
    result TEXT NOT NULL
) STRICT
"""

# Which state this is, also after it was copied or moved: customer 10042 of one shop is not the one of another.
IDENTITY = "CREATE TABLE identity (state_id TEXT NOT NULL PRIMARY KEY) STRICT"
NEW_IDENTITY = "INSERT INTO identity VALUES (lower(hex(randomblob(16))))"

# What a job leaves in a folder of its state is named by this, so that no other job with its number has it.
NAMED_RESULTS = "ALTER TABLE jobs ADD COLUMN result_token TEXT"

# Files with customers in them, so that an erasure finds them; the machine, since several may share a database.
WRITTEN_FILES = """
CREATE TABLE written_files (
    host TEXT NOT NULL,
    path TEXT NOT NULL,
    holds TEXT NOT NULL,
    made_at TEXT NOT NULL,
    size INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (host, path)
) STRICT
"""

# The keyed hash of a customer who has objected. Who withdraws stays, so that no older copy brings the objection back.
OBJECTIONS = """
CREATE TABLE objections (
    digest TEXT NOT NULL PRIMARY KEY,
    last_word TEXT NOT NULL
) STRICT
"""

# Who was on this week's list: the next one says who is new, and what the customers of the last one have bought since.
WEEK_LISTS = """
CREATE TABLE week_lists (
    as_of INTEGER NOT NULL,
    customer_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    made_at TEXT NOT NULL,
    PRIMARY KEY (as_of, customer_id)
) STRICT, WITHOUT ROWID
"""

# The check of a column goes with its column alone: a new one takes its place, and sessions stay.
CONTACTS_ROLE = (
    "ALTER TABLE keys ADD COLUMN role_now TEXT NOT NULL DEFAULT 'reader' "
    "CHECK (role_now IN ('reader', 'scorer', 'contacts', 'admin'))",
    "UPDATE keys SET role_now = role",
    "ALTER TABLE keys DROP COLUMN role",
    "ALTER TABLE keys RENAME COLUMN role_now TO role",
)

# A filter of the list of customers as an address has it; ids of customers are left out of it.
SAVED_FILTERS = """
CREATE TABLE saved_filters (
    filter_id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    made_at TEXT NOT NULL,
    key_id INTEGER
) STRICT
"""

NOTES = """
CREATE TABLE notes (
    customer_id TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL,
    made_at TEXT NOT NULL,
    key_id INTEGER
) STRICT
"""

# Each due time of a task has one row at most, so of several machines one begins it.
DUE_TASKS = """
CREATE TABLE due_tasks (
    task TEXT NOT NULL,
    due_at TEXT NOT NULL,
    rule TEXT NOT NULL,
    made_at TEXT NOT NULL,
    job_id INTEGER,
    PRIMARY KEY (task, due_at)
) STRICT
"""

# A row of a table beside the purchases, by our names: the same once more changes nothing.
RECEIVED_ROWS = """
CREATE TABLE received_rows (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT NOT NULL,
    table_name TEXT NOT NULL,
    received_at TEXT NOT NULL,
    key_id INTEGER,
    digest TEXT NOT NULL,
    content TEXT NOT NULL,
    UNIQUE (customer_id, table_name, digest)
) STRICT
"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        RUNS,
        RUN_SCORES,
        "CREATE INDEX runs_by_day ON runs (as_of)",
        CAMPAIGNS,
        CAMPAIGN_MEMBERS,
        "CREATE INDEX campaign_members_by_customer ON campaign_members (customer_id)",
        MEASUREMENTS,
        FIXED_MEMBERS,
        FIXED_CAMPAIGNS,
    ),
    (
        KEYS,
        SESSIONS,
        AUDIT,
        RECEIVED_ORDERS,
        JOBS,
        "CREATE INDEX jobs_by_status ON jobs (status)",
        TOMBSTONES,
        ERASED_MEMBERS,
        SCORE_OUTCOMES,
        MONITOR_RUNS,
    ),
    (IDENTITY, NEW_IDENTITY),
    KEYED_BY_DAY,
    (NAMED_RESULTS,),
    (WRITTEN_FILES, OBJECTIONS),
    (WEEK_LISTS,),
    CONTACTS_ROLE,
    (SAVED_FILTERS, NOTES, DUE_TASKS),
    (RECEIVED_ROWS,),
)

FORMAT = len(MIGRATIONS)
"""Format version of the tables."""


def newer_format(place: str, found: int) -> str:
    """Say that the state was written by a later churnrisk."""
    return (
        f"{place}: its format is {found}, and this version of churnrisk knows formats up to {FORMAT}. Install the "
        "newer churnrisk that wrote it (pip install --upgrade churnrisk), or name another with --state."
    )
