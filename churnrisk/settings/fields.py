"""Settings: an option beats the environment (``CHURNRISK_...``), which beats ``churnrisk.toml``, then the default.

:class:`Settings` is the one table of keys. ``churnrisk init`` prints it as a commented file, and the reference in
the docs is made from it. Only the programs read settings; the stages and the Python API never do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from churnrisk.orders import TRAIN_CUSTOMERS
from churnrisk.schema import ContactRole, LanguageCode, MailSecurity, Weekday
from churnrisk.timeline import DEFAULT_LOOKBACK

FILE_NAME = "churnrisk.toml"
PREFIX = "CHURNRISK_"


class Settings(BaseSettings):
    """What can be set once and for all, for every command."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", validate_default=True, coerce_numbers_to_str=True
    )

    purchases: str | None = Field(
        None, description="the purchase history that commands read when none is given", examples=["data/purchases.csv"]
    )
    models_dir: Path = Field(Path("models"), description="folder of the stored models")
    horizon: int | None = Field(
        None, ge=1, le=3650, description="days of the outcome window; chosen from the log when not set", examples=[90]
    )
    lookback: int = Field(
        DEFAULT_LOOKBACK, ge=1, le=36500, description="a customer is active with a purchase in this many last days"
    )
    year_starts: str = Field(
        "01-01",
        pattern=r"^((0[13-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])|02-(0[1-9]|1[0-9]|2[0-8]))$",
        description="first day of the year of quarters and years in the retention figures: MM-DD, a day of every year",
        examples=["04-01"],
    )
    week_starts: Weekday = Field(
        "monday", description="first day of the weeks in the retention figures", examples=["sunday"]
    )
    lead: int = Field(0, ge=0, le=3650, description="days needed to act, between the cutoff and the outcome window")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="seed of everything random")
    reject_limit: float = Field(
        0.05, ge=0, le=1, description="a run stops when more than this share of the rows is rejected"
    )
    margin: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of revenue that is profit, where revenue is set against costs",
        examples=[0.35],
    )
    discount_rate: float = Field(
        0.0, ge=0, lt=10, description="discount rate of a year for the value of customers", examples=[0.1]
    )
    encoding: str | None = Field(
        None, description="encoding of text files; found in the file when not set", examples=["cp1251"]
    )
    delimiter: str | None = Field(
        None, description="character between the fields of text files; found when not set", examples=[";"]
    )
    date_format: str | None = Field(
        None, description="how dates are written; found in the column when not set", examples=["dmy"]
    )
    decimal: str | None = Field(None, description="decimal sign of amounts; found when not set", examples=[","])
    timezone: str | None = Field(
        None, description="the shop's time zone, for times with an offset", examples=["Europe/Sofia"]
    )
    fold_case: bool = Field(False, description="whether ids that differ only by case are one customer")
    fold_ids: bool = Field(
        False,
        description="whether ids that differ only in writing (case, invisible characters, zeros) are one customer",
    )
    pseudonymise: bool = Field(
        False, description="whether customer ids are replaced on the way in by keyed hashes, which need a key"
    )
    pseudonym_key: Path | None = Field(
        None,
        description="file of the key of pseudonyms; pseudonym_key in the configuration folder when not set",
        examples=["pseudonym.key"],
    )
    drop_duplicates: bool = Field(False, description="whether exact copies of order lines are dropped, too")
    count_pending: bool = Field(False, description="whether orders that wait for their payment count as sales")
    reversals: Literal["undo", "keep"] = Field(
        "undo", description="undo: a purchase that was taken back whole is none from then on; keep: it stays one"
    )
    reversal_days: int = Field(
        30, ge=0, le=3650, description="days in which a return of the same customer and amount takes a purchase back"
    )
    no_customer_limit: float = Field(
        0.5, ge=0, le=1, description="a run stops when more than this share of the rows has no customer id"
    )
    amounts: Literal["order", "line"] | None = Field(
        None,
        description="whether an amount is that of its line, or of its order and repeated; found when not set",
        examples=["order"],
    )
    discount: Literal["share", "percent", "unit", "line", "none"] | None = Field(
        None,
        description="what a discount beside price and quantity is; found when not set",
        examples=["percent"],
    )
    no_amounts: bool = Field(False, description="whether purchases are read without amounts on purpose")
    train_customers: int = Field(
        TRAIN_CUSTOMERS,
        ge=0,
        description="train and backtest learn from so many customers, drawn, where a log has more; 0 learns from all",
    )
    engine: str | None = Field(
        None,
        description="where train, score and the retention figures run: duckdb (when not set), polars, spark (on this "
        "machine) or spark://HOST:PORT",
        examples=["spark://10.0.0.5:7077"],
    )
    threads: int | None = Field(
        None, ge=1, le=1024, description="threads of the engine; all when not set", examples=[2]
    )
    memory: str | None = Field(
        None,
        description="memory limit of the engine; when not set, 600MiB to read and then four fifths of the machine's",
        examples=["2GB"],
    )
    cache: bool = Field(
        True,
        description="whether a copy of a large purchase history is kept beside the state, to be read faster next time",
    )
    cache_days: int = Field(30, ge=1, le=36500, description="days after which a kept copy goes that was not used")
    cache_gb: float = Field(
        10, gt=0, le=10_000, description="most gigabytes of kept copies; those go first that were used longest ago"
    )
    cache_from_mb: float = Field(
        16, ge=0, le=1_000_000, description="megabytes of a purchase history from which on a copy of it is kept"
    )
    weekly_dir: Path = Field(Path("weekly"), description="folder that `churnrisk weekly` writes the list and report to")
    smtp_host: str | None = Field(
        None,
        description="mail server of `churnrisk weekly`; nothing is sent when not set",
        examples=["mail.example.com"],
    )
    smtp_port: int = Field(587, ge=1, le=65535, description="port of the mail server")
    smtp_security: MailSecurity = Field(
        "starttls", description="how the line to the mail server is encrypted: starttls, tls, or none"
    )
    smtp_user: str | None = Field(
        None,
        description="user of the mail server; the password is CHURNRISK_SMTP_PASSWORD in the environment alone",
        examples=["churnrisk"],
    )
    mail_from: str | None = Field(
        None, description="address that the weekly mail comes from", examples=["churnrisk@example.com"]
    )
    mail_to: list[str] = Field(
        default_factory=list, description="addresses that the weekly mail goes to", examples=[["crm@example.com"]]
    )
    contact_cost: float | None = Field(
        None, ge=0, description="cost of contacting one customer, in currency units", examples=[1]
    )
    incentive_cost: float | None = Field(
        None, ge=0, description="cost of what is offered to a customer who takes it, in currency units", examples=[10]
    )
    suppress: str | None = Field(
        None, description="file of customers who have opted out of being contacted", examples=["opted_out.csv"]
    )
    contacts: str | None = Field(
        None,
        description="file, or URL of a database, with the names, addresses and consents of customers; joined when a "
        "list or a page is made for those who may see it, and kept nowhere",
        examples=["contacts.csv"],
    )
    contacts_query: str | None = Field(
        None,
        description="what to read where `contacts` is the URL of a database",
        examples=["SELECT id AS customer_id, email, newsletter AS consent FROM customers"],
    )
    state: str | None = Field(
        None,
        description="file or PostgreSQL URL of what is remembered between runs; state.db beside the models when not "
        "set, and a URL takes its password from PGPASSWORD or ~/.pgpass",
        examples=["state.db"],
    )
    keep_runs_days: int = Field(
        730,
        ge=0,
        le=36500,
        description="days that scoring runs, ended jobs and the audit log are remembered; 0 keeps them for ever",
    )
    rejects_dir: Path = Field(
        Path("rejects"),
        description="folder of files of rejected rows, of commands that write no other file that these could be beside",
    )
    keep_rejects_days: int = Field(
        90, ge=0, le=36500, description="days that files of rejected rows are kept; 0 keeps them for ever"
    )
    serve_host: str = Field("127.0.0.1", description="address that `churnrisk serve` listens at")
    serve_port: int = Field(
        8000, ge=0, le=65535, description="port that `churnrisk serve` listens at; 0 takes a free one"
    )
    serve_workers: int = Field(1, ge=1, le=64, description="how many processes of `churnrisk serve` answer")
    allowed_hosts: list[str] = Field(
        default_factory=list,
        description="host names that requests to the service may be addressed to, besides this machine's own",
        examples=[["churnrisk.example.com"]],
    )
    session_hours: float = Field(12.0, gt=0, le=24 * 31, description="how long a login to the dashboard lasts")
    request_body_mb: int = Field(16, ge=1, le=1024, description="most mebibytes of one request to the service")
    request_rows: int = Field(
        100_000, ge=1, le=10_000_000, description="most purchase rows, or customers, of one request to the service"
    )
    parquet_uploads: bool = Field(
        True, description="whether the service takes Parquet files; off, they are refused, compressed ones too"
    )
    request_seconds: float = Field(
        30.0, gt=0, le=3600, description="how long one request to the service may take; longer work is a job"
    )
    request_queue: int = Field(
        32, ge=0, le=10_000, description="how many requests may wait for their turn, of each worker, before 503 is said"
    )
    drain_seconds: float = Field(
        20.0, ge=0, le=600, description="how long requests may still take once the service was asked to stop"
    )
    lang: LanguageCode = Field(
        "en", description="language of report, dashboard and headings of xlsx files: en, bg, pl, or be"
    )
    remember: bool = Field(True, description="whether scoring runs are remembered, to be compared with later ones")
    rules: list[str] = Field(
        default_factory=list,
        description="what calls for somebody in `churnrisk monitor`: a name, a comparison, a number",
        examples=[["retention_rate < 0.7", "psi > 0.2", "days_since_last_purchase > 3"]],
    )
    webhook_url: str | None = Field(
        None,
        description="address that is called when a rule fires; the secret that signs the call is "
        "CHURNRISK_WEBHOOK_SECRET in the environment alone",
        examples=["https://alerts.example.com/churnrisk"],
    )
    acceptance_rate: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of would-be leavers who stay because they were contacted, not the share that redeems",
        examples=[0.1],
    )
    redemption: float = Field(
        1.0, ge=0, le=1, description="share of the contacted who would have stayed anyway and take the incentive"
    )
    reasons_ahead: int = Field(
        20_000,
        ge=0,
        description="the service works out reasons ahead in a customer base of up to so many; beyond, on demand",
    )
    list_customers: int = Field(50, ge=0, le=1000, description="customers to contact on this week's list")
    list_lapsed: int = Field(20, ge=0, le=1000, description="lapsed customers on it that are worth winning back")
    list_lapsed_holdout: float = Field(
        0.2,
        ge=0.01,
        le=0.9,
        description="share of the lapsed that a campaign made of them leaves alone, to compare",
    )
    list_due: int = Field(20, ge=0, le=1000, description="customers on it with an order due within a week")
    list_rest_days: int = Field(
        30, ge=0, le=3650, description="days after a campaign's first in which a contacted customer is not listed again"
    )
    list_quiet_days: int = Field(
        7, ge=0, le=3650, description="customers are not listed to be contacted so soon after their last order, in days"
    )
    list_least_purchases: int = Field(
        1, ge=1, le=1000, description="customers with fewer purchases are not listed to be contacted"
    )
    playbook: dict[str, str] = Field(
        default_factory=dict,
        description="what to do for whom: a segment, a family of reasons, products, or otherwise, to an action",
        examples=[{"cannot_lose": "service_call", "hibernating": "none", "otherwise": "win_back_mail"}],
    )
    actions: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="actions of your own: what is done, by which way, its own terms and last day, and for whom",
        examples=[
            {
                "free_delivery": {
                    "text": "free delivery on the next order",
                    "channel": "e-mail",
                    "contact_cost": 0.2,
                    "incentive_cost": 4,
                    "acceptance_rate": 0.08,
                    "until": "2026-12-24",
                    "for": ["champions", "loyal"],
                }
            }
        ],
    )
    contact_columns: dict[ContactRole, str] = Field(
        default_factory=dict,
        description="what the columns of `contacts` stand for, where their names do not say it",
        examples=[{"consent": "Zgoda e-mail"}],
    )
    schedule: dict[str, str] = Field(
        default_factory=dict,
        description="what the service does by itself: weekly, monitor and retrain, each at a weekday, daily, or every "
        "so many days, and a time by the clock of `timezone` (UTC when not set)",
        examples=[{"weekly": "monday 06:00", "monitor": "daily 05:00", "retrain": "every 28 days 02:00"}],
    )
    retrain_promotes: bool = Field(
        False, description="whether a model that the schedule trained becomes the current one if its grade is no worse"
    )
    not_products: list[str] = Field(
        default_factory=list,
        description="product ids or categories that are no products, such as postage, beside those that are found",
        examples=[["POST", "SAMPLES"]],
    )
    are_products: list[str] = Field(
        default_factory=list,
        description="product ids or categories that are products, though they look like postage, fees or vouchers",
        examples=[["GIFT-BOX"]],
    )
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="what your columns stand for, where their names do not say it",
        examples=[{"customer_id": "Klient", "ordered_at": "Data"}],
    )
    rates: dict[str, str] = Field(
        default_factory=dict,
        description="what a unit of a currency is worth in the log's own, in quotes",
        examples=[{"PLN": "0.235"}],
    )
    rate_before: dict[str, str] = Field(
        default_factory=dict,
        description="what amounts before a date are multiplied by, in quotes",
        examples=[{"2026-01-01": "0.511292"}],
    )

    status: dict[str, Literal["sale", "no_sale", "pending", "returned"]] = Field(
        default_factory=dict,
        description="what a word of your column of statuses says: sale, no_sale, pending, or returned",
        examples=[{"S7": "sale", "Storno": "no_sale"}],
    )

    tables: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="tables beside the purchases, each row with its day: where each is, its columns, and its family "
        "(events, tickets, service, surveys, contacts)",
        examples=[
            {
                "tickets": {
                    "source": "data/tickets.csv",
                    "happened_at": "opened_at",
                    "known_at": "recorded_at",
                    "ended_at": "closed_at",
                    "kind": "topic",
                    "value": "rating",
                    "value_at": "ended_at",
                    "family": "tickets",
                }
            }
        ],
    )
    attributes: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="attributes of customers: each row holds from its day on, unless they are fixed for ever",
        examples=[{"members": {"source": "data/members.csv", "valid_from": "since", "columns": ["tier", "channel"]}}],
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the signature is the library's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - no .env files: one place less to look
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment beat the file, whose values come as arguments."""
        return env_settings, init_settings
