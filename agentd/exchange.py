"""One exchange with Postgres: ends go out; orders, and at a beat what we hold, come back. One transaction."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import msgspec

from agentd.replicas import NOTHING, Tidings
from clusterctl.model.errors import Moved, Outage
from clusterctl.model.orders import End, Order
from clusterctl.model.registration import Measures, Registered, Registration, Synced
from clusterctl.store import administration, allocations, bell, exchanges, migrations, releases, replicas, workers
from clusterctl.store.connection import Database
from clusterctl.store.releases import Ended
from clusterctl.units import format_cpus

MOST_ORDERS = (
    32  # starts won in one transaction: a larger burst keeps the machine from ending and reporting jobs meanwhile
)

log = logging.getLogger(__name__)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an exchange brought. ``orders`` are to be run under ``token``; ``synced`` is None without a beat."""

    token: str
    orders: list[Order]
    ended: list[Ended]
    synced: Synced | None
    told: frozenset[int] = frozenset()  # the replicas, and
    reported: frozenset[int] = frozenset()  # the reports, of which Postgres has taken note


class Exchange:
    """This worker's correspondence. ``doubtful`` are tokens of starts whose answer was lost: perhaps won."""

    def __init__(self, db: Database, registration: Registration) -> None:
        self._db = db
        self._told = ""
        self._registration = registration
        self._me: Registered | None = None
        self.may_be_up = False  # by a registration of ours, though its answer may have been lost
        self.doubtful: set[str] = set()

    @property
    def is_registered(self) -> bool:
        """Whether we have become the worker, and have not heard that somebody else did since."""
        return self._me is not None

    def register(self) -> Registered:
        """Become the worker, once; raises NameTaken and SchemaMismatch, and Moved if it has to wait a little."""
        if self._me is None:
            migrations.check(self._db)
            self.may_be_up = True
            try:
                self._me = workers.register(self._db, self._registration)
            except Moved as moved:
                if str(moved) != self._told:
                    log.info("not registered yet: %s", moved)
                self._told = str(moved)
                raise
            cpus = format_cpus(self._me.cpu_milli)
            log.info("worker registered: %s (%s CPUs)", self._registration.name, cpus)
        return self._me

    def forget_registration(self) -> None:
        """Another incarnation, or a declaration of loss, has ended ours: register anew at the next exchange."""
        self._me = None

    def hold(
        self,
        ends: Sequence[End],
        *,
        take_orders: bool,
        beat: bool,
        measures: Measures | None,
        trouble: str = "",
        tidings: Tidings = NOTHING,
    ) -> Answer:
        """Exchange; raises Moved when our incarnation is over. After an Outage anything may have been committed.

        *trouble* says why this worker wants no new work; empty: it does. Orders that are asked for and not there count
        as a beat: whoever rang meant a stop.
        """
        me, token = self.register(), str(uuid.uuid4())
        # News, or a beat, alone are one round trip and their own transaction: a worker starts jobs sooner, and a
        # thousand that rest cost Postgres next to nothing.
        alone = not tidings and not (beat and (take_orders or ends))
        try:
            with nullcontext() if alone else self._db.transaction():
                synced = None
                orders, ended = self._start_and_end(me, token, ends, take_orders=take_orders, at_once=alone)
                told, reported = self._tell(tidings, me)
                # Last, so that it sees what the two before it have changed.
                beat |= take_orders and not orders
                if beat:
                    synced = workers.sync(self._db, me.worker_id, me.incarnation, measures, trouble, alone=alone)
        except Outage:
            self.doubtful.add(token)
            raise
        return Answer(token=token, orders=orders, ended=ended, synced=synced, told=told, reported=reported)

    def _start_and_end(
        self, me: Registered, token: str, ends: Sequence[End], *, take_orders: bool, at_once: bool
    ) -> tuple[list[Order], list[Ended]]:
        """Win orders, and report ends; *at_once*: as a transaction of its own."""
        name, mine = self._registration.name, (me.worker_id, me.incarnation, token, MOST_ORDERS)
        if at_once and take_orders and ends:
            return exchanges.start_and_end(self._db, allocations.starting(*mine), releases.ending(name, ends))
        # Before the ends: these lock the worker, and jobs must be locked before it.
        orders = allocations.start(self._db, *mine) if take_orders else []
        return orders, releases.end(self._db, name, ends) if ends else []

    def _tell(self, tidings: Tidings, me: Registered) -> tuple[frozenset[int], frozenset[int]]:
        """How replicas stand, and what they report; of which of either it is written down."""
        told: set[int] = set()
        reported: set[int] = set()
        if tidings.replicas:
            told = replicas.tell(self._db, me.worker_id, me.incarnation, tidings.replicas)
        if tidings.reports:
            reported = replicas.report(self._db, me.worker_id, me.incarnation, tidings.tokens, tidings.reports)
        return frozenset(told), frozenset(reported)

    def tell(self, ends: Sequence[End]) -> list[Ended]:
        """Report *ends*, and nothing else: also of a worker that we are not, or not any more."""
        return releases.end(self._db, self._registration.name, ends)

    def recall(self, tokens: Sequence[str]) -> list[tuple[Order, str]]:
        """Orders won under doubtful *tokens*, each with its token."""
        return allocations.recall(self._db, self.register().worker_id, tokens) if tokens else []

    def drain(self, sentence: str) -> bool:
        """Ask that this worker be drained, because of *sentence*; False if it is the only one that could run jobs."""
        me = self.register()
        return administration.drain_black_hole(self._db, me.worker_id, me.incarnation, sentence)

    def wake_schedd(self) -> None:
        """Tell it that there is room, or work."""
        bell.ring(self._db)

    def sign_off(self) -> None:
        """Say that this agent stops on purpose; if it has just lost its incarnation, of whatever one is the last."""
        if self._me is not None:
            workers.sign_off(self._db, self._me.worker_id, self._me.incarnation)
        elif self.may_be_up:
            workers.sign_off_agent(self._db, self._registration)


@contextmanager
def told_if_heard(what: str) -> Iterator[None]:
    """On the way out nothing is waited for: the next agentd, or silence, tells what Postgres did not hear."""
    try:
        yield
    except (Outage, Moved) as trouble:
        log.warning("could not %s: %s", what, trouble)
