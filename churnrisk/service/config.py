"""How the service runs: where it listens, what it reads, and its bounds."""

from __future__ import annotations

import hashlib
import socket
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from churnrisk.errors import SettingsError
from churnrisk.forecast import Valuation
from churnrisk.orders import TRAIN_CUSTOMERS, IntakeOptions
from churnrisk.state import StatePlace

if TYPE_CHECKING:
    from churnrisk.decide import ContactTerms, Playbook
    from churnrisk.operations import MonitorPlan, Timing, Webhook, WeeklyPlan
    from churnrisk.orders import ContactFile
    from churnrisk.products import ItemChoice
    from churnrisk.shop import ShopPlan
    from churnrisk.week_list import ListPlan

MEBIBYTE = 2**20
READY, ALIVE = b"ready", b"alive"
"""What a process of the service tells its supervisor."""

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which processes of the service count together; the name is the library's."""

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Bounds:
    """What one client, or all together, may ask of a worker. Sizes in bytes, times in seconds.

    Parameters
    ----------
    body : int
        Most bytes of one request body; more is answered by 413.
    buffered : int
        Most bytes of all bodies that are being received at a time, of one worker.
    rows : int
        Most purchase rows, or customers, of one request.
    seconds : float
        How long one request may take once it is being worked on; then 504.
    reads, work : int
        How many requests are worked on at a time: reads (GET) and all others, which are the heavy ones.
    queued : int
        How many more of either kind wait for their turn; beyond them 503 with Retry-After, at once.
    wait_seconds : float
        How long one may have to wait for its turn; who, by what the last ones took, would have to wait longer is
        refused at once, by 503.
    header_seconds : float
        How long a client may take to send the head of a request.
    body_rate : int
        Bytes in a second that a body must come with on average.
    grace_seconds : float
        How long a body may come slower than that at first.
    idle_seconds : float
        How long a connection is kept open between two requests.
    write_seconds : float
        How long a client may leave an answer unread.
    connections : int
        Most open connections of one worker; for a further one the one that has waited longest is closed.
    drain_seconds : float
        How long requests may still take once the service was asked to stop.
    """

    body: int = 16 * MEBIBYTE
    buffered: int = 256 * MEBIBYTE
    rows: int = 100_000
    seconds: float = 30.0
    reads: int = 4
    work: int = 2
    queued: int = 32
    wait_seconds: float = 3.0
    header_seconds: float = 10.0
    body_rate: int = 1024
    grace_seconds: float = 10.0
    idle_seconds: float = 15.0
    write_seconds: float = 30.0
    connections: int = 1000
    drain_seconds: float = 20.0


@dataclass(frozen=True)
class Tasks:
    """How tasks are done, and when.

    Parameters
    ----------
    monitor : MonitorPlan, optional
        How the model is looked at; by default without rules.
    webhook : Webhook, optional
        What is called where a rule fires.
    weekly : WeeklyPlan, optional
        The weekly run; only where it is on the schedule.
    promotes : bool
        Whether a model that was trained anew becomes the current one, if its grade is no worse.
    timings : tuple of Timing
        What is due when.
    """

    monitor: MonitorPlan | None = None
    webhook: Webhook | None = None
    weekly: WeeklyPlan | None = None
    promotes: bool = False
    timings: tuple[Timing, ...] = ()


@dataclass(frozen=True)
class ServiceConfig:
    """Everything that the service is told when it starts; the same for all workers.

    Parameters
    ----------
    models_dir : Path
        Folder of the stored models.
    state : Path or str
        Where things are remembered: a file, or the URL of a PostgreSQL database.
    purchases : str, optional
        The purchase history that customers are looked up in.
    options : IntakeOptions
        How that history, and what is received, is read.
    valuation : Valuation
        Margin and discount rate that customers are valued with.
    host, port : str, int
        Address to listen at; port 0 takes a free one.
    workers : int
        How many processes answer.
    allowed_hosts : tuple of str
        Names that requests may be addressed to (their ``Host``), besides those of this machine itself.
    session_seconds : float
        How long a login to the dashboard lasts.
    language : str
        What the pages speak, where nothing else was chosen in a browser.
    bounds : Bounds
        What may be asked of a worker.
    playbook : Playbook, optional
        What to do for whom.
    terms : ContactTerms, optional
        What contacting costs and brings, for the profit curve of the model.
    explained : int
        Reasons are worked out ahead in a customer base of up to so many; in a larger one, on demand.
    train_customers : int
        Training takes so many customers at most, drawn.
    parquet_uploads : bool
        Whether files that are sent may be Parquet.
    suppress : str, optional
        A file of customers who have opted out, whom no campaign contacts; read whenever one is made.
    shop_dir : Path, optional
        Where what was worked out of the history is kept while the service runs; :func:`serve` makes and removes one.
        By default a folder beside the models and of this state alone, for an application that is run without it.
    year_starts, week_starts : str
        On which day years (``MM-DD``) and weeks begin, where a question does not say.
    contacts : ContactFile, optional
        Where the names, addresses and consents of customers are.
    products : ItemChoice, optional
        What the shop says of codes that are products, or none.
    listing : ListPlan, optional
        How the shop wants the list of this week; by default as usual, with the terms above.
    tasks : Tasks, optional
        What is done by itself, and how.
    """

    models_dir: Path
    state: StatePlace
    purchases: str | None = None
    options: IntakeOptions = field(default_factory=IntakeOptions)
    valuation: Valuation = field(default_factory=Valuation)
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    allowed_hosts: tuple[str, ...] = ()
    session_seconds: float = 12 * 3600.0
    language: str = "en"
    bounds: Bounds = field(default_factory=Bounds)
    playbook: Playbook | None = None
    terms: ContactTerms | None = None
    explained: int = 20_000
    train_customers: int = TRAIN_CUSTOMERS
    parquet_uploads: bool = True
    suppress: str | None = None
    shop_dir: Path | None = None
    year_starts: str = "01-01"
    week_starts: str = "monday"
    products: ItemChoice | None = None
    listing: ListPlan | None = None
    contacts: ContactFile | None = None
    tasks: Tasks | None = None

    @property
    def shop_plan(self) -> ShopPlan:
        """What the shop is made of."""
        from churnrisk.products import NO_CHOICE
        from churnrisk.retention import Calendar
        from churnrisk.shop import ShopPlan

        return ShopPlan(
            self.shop_dir or self.models_dir.resolve().parent / f"shop-{self._digest}",
            self.models_dir,
            self.state,
            self.purchases,
            options=self.options,
            valuation=self.valuation,
            explained=self.explained,
            train_customers=self.train_customers,
            calendar=Calendar(self.year_starts, self.week_starts),
            listing=self.listing or self._usual_listing,
            products=self.products or NO_CHOICE,
        )

    @property
    def _usual_listing(self) -> ListPlan:
        from churnrisk.decide import Playbook
        from churnrisk.week_list import ListPlan

        return ListPlan(terms=self.terms, valuation=self.valuation, playbook=self.playbook or Playbook())

    @property
    def _digest(self) -> str:
        """What tells this service from one with neighbouring models or another state."""
        state = self.state.resolve() if isinstance(self.state, Path) else self.state
        return hashlib.blake2b(f"{self.models_dir.resolve()}\n{state}".encode(), digest_size=8).hexdigest()

    @property
    def runner(self) -> str:
        """What does the jobs of this service: the machine, and its folder of models."""
        return f"{socket.gethostname()}:{self.models_dir.resolve()}"

    def __post_init__(self) -> None:
        """Refuse what would open the service to more than was meant."""
        if not self.is_local and not self.allowed_hosts:
            raise SettingsError(
                f"--host {self.host}: other machines could reach this address, so say by which names they may: "
                "--allowed-host churnrisk.example.com (repeatable), or `allowed_hosts` in the settings."
            )
        for name in self.allowed_hosts:
            if not name or any(sign in name for sign in "/*@ "):
                raise SettingsError(f"--allowed-host {name!r}: give a plain host name, without scheme, path or *.")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the address."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def known_hosts(self) -> frozenset[str]:
        """Every name, in lower case and without a port, that a request may be addressed to."""
        own = _LOOPBACK_NAMES if self.is_local else ()
        return frozenset(name.lower() for name in (*own, *self.allowed_hosts))


def is_loopback_name(name: str) -> bool:
    """Tell whether a host name, without its port, means this machine."""
    return name.lower() in _LOOPBACK_NAMES
