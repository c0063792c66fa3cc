"""The agent's cycle: hear the jobs, measure them, and exchange news with Postgres."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from agentd.exchange import MOST_ORDERS, Exchange, told_if_heard
from agentd.gauge import Gauge
from agentd.herald import Herald
from agentd.journal import boottime
from agentd.mishaps import FAILURES, Mishaps
from agentd.pace import Pace
from agentd.reconcile import reconcile
from agentd.replicas import NOTHING, Replicas, Tidings
from agentd.running import Processes
from agentd.sampler import Sampler
from clusterctl import live
from clusterctl.clock import Bell, Clock, patience
from clusterctl.daemon import Agenda, Rest
from clusterctl.model.errors import Moved, Outage, Superseded
from clusterctl.model.orders import End, Order
from clusterctl.model.registration import Registration, Synced
from clusterctl.model.states import LOSSES, Outcome
from clusterctl.settings import Settings
from clusterctl.store import history
from clusterctl.store.connection import Database

BEAT_WITHOUT_REDIS = 2.0  # seconds: nobody can wake us then
TRIM_EVERY = 10.0  # seconds
MOST_REFUSALS = 3  # in a row that a world which moves may explain

log = logging.getLogger(__name__)


class Agent:
    """One worker. ``orders`` is the bell that Redis rings when there are orders for us."""

    def __init__(
        self,
        settings: Settings,
        registration: Registration,
        *,
        db: Database,
        redis: live.Connection,
        processes: Processes,
        sampler: Sampler,
        clock: Clock,
        orders: Bell,
        asked_now: Callable[[], bool] = lambda: False,
        look_for_trouble: Callable[[], str] = lambda: "",
        chance: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._settings = settings
        self._db = db
        self._herald = Herald(redis, registration, settings.heartbeat_ttl)
        self._processes = processes
        self._clock = clock
        self._orders = orders
        self._asked_now = asked_now
        self._look_for_trouble = look_for_trouble
        self._chance = chance
        self._exchange = Exchange(db, registration)
        self._ends: dict[tuple[int, str], tuple[End, float]] = {}  # by allocation and token: heard, not yet committed
        self._mishaps = Mishaps()
        self._replicas = Replicas(processes)
        self._black_hole = ""  # why we should be drained; not yet said
        self._trouble = ""  # why we want no new work
        self._wanted = False  # there may be orders
        self._due = Agenda(clock)
        self._gauge = Gauge(settings, sampler, self._due, clock)
        self._not_before = 0.0  # the next exchange: patience in an outage
        self._paced_until = 0.0
        self._pace = Pace()
        self._refusals = 0  # of exchanges, in a row
        self._outages = 0
        self._strangers: set[int] = set()

    def cycle(self) -> Rest:
        """Do what is due here, then exchange if there is news or a beat is due; the seconds until the next duty."""
        self._hear()
        self._wanted |= self._orders.clear()
        if self._asked_now():
            self._due.clear()
            log.info("asked to sync: %d running, %d ends to report", len(self._processes.running()), len(self._ends))
        self._measure()
        if self._due.is_due("trim", TRIM_EVERY):
            self._processes.trim()
        if self._may_exchange_at() <= self._clock.seconds() >= self._next_news_at():
            self._try_exchange()
        return self._rest()

    def leave(self, *, stop_jobs: bool) -> None:
        """Sign off. Jobs go on under their lease, or with *stop_jobs* end now and wait in the queue again."""
        with told_if_heard("sign off"):
            self._exchange.sign_off()  # first, so that nothing new is given to us
        if stop_jobs:
            self._stop_all()
        with told_if_heard("report ends"):
            if (ends := self._news()) and self._exchange.may_be_up:
                self._exchange.tell(ends)
                self._forget(ends)
        self._herald.stop()
        self._exchange.wake_schedd()
        self._processes.close(stop_jobs=False)

    def _hear(self) -> None:
        now = self._clock.seconds()
        for end in self._processes.collect():
            self._ends[end.allocation_id, end.start_token] = (end, now)
            if end.outcome in LOSSES:
                log.warning("allocation %d: %s: %s", end.allocation_id, end.outcome, end.detail)
            if end.outcome in FAILURES:
                self._trouble = self._look_for_trouble()  # a full disk passes by itself: that is no black hole
            sentence = self._mishaps.ended(end, now, self._processes.running())
            if sentence and not self._trouble:
                self._black_hole = sentence

    def _news(self) -> list[End]:
        """The ends to report, each as long ago as it is by now: an outage may have passed since it was heard."""
        now = self._clock.seconds()
        return [replace(end, ago_s=end.ago_s + now - heard) for end, heard in self._ends.values()]

    def _stop_all(self) -> None:
        """End every attempt as ``worker_stopped``, and hear of it."""
        graces = {id: attempt.grace_s for id, attempt in self._processes.running().items()}
        for id, grace in graces.items():
            self._processes.stop(id, Outcome.WORKER_STOPPED, grace)
        until = self._clock.seconds() + max(graces.values(), default=0.0) + 10
        nobody = Bell()
        while self._processes.running() and self._clock.seconds() < until:
            self._clock.wait(nobody, 0.5, [self._processes.fileno()])
            self._hear()
        nobody.close()

    def _try_exchange(self) -> None:
        """Exchange; an outage is waited out here and not in the loop, for jobs must be watched meanwhile."""
        try:
            if self._refusals < MOST_REFUSALS:
                tidings = self._replicas.tidings(self._clock.seconds())
                self._hold_exchange(self._news(), take_orders=self._wanted, tidings=tidings)
            else:
                self._hold_apart()
        except Moved as moved:
            self._bear(moved)
        except Outage as outage:
            pause = patience(self._outages, self._chance())
            level = logging.WARNING if self._outages < 5 else logging.DEBUG
            self._outages += 1
            log.log(level, "heartbeat failed: %s; again in %.1fs", outage, pause)
            self._not_before = self._clock.seconds() + pause
        else:
            if self._outages:
                log.info("back after %d failed attempts", self._outages)
            self._outages = self._refusals = 0

    def _bear(self, moved: Moved) -> None:
        """Look again soon, and less and less soon: most often the world has moved by then."""
        if isinstance(moved, Superseded):
            log.warning("%s; registering again", moved)
            self._exchange.forget_registration()
            self._replicas.forget()
            self._due.pop("beat", None)
        self._refusals += self._exchange.is_registered  # before that it is only a wait
        if self._refusals % 30 == MOST_REFUSALS:
            log.warning("Postgres refuses what is to be said: %s; going on without it (`clusterctl doctor`)", moved)
        self._not_before = self._clock.seconds() + patience(max(0, self._refusals - MOST_REFUSALS), self._chance())

    def _hold_apart(self) -> None:
        """Say one by one what is refused together: one row that is wrong must stop neither the heart nor the others."""
        self._hold_exchange([], take_orders=False)
        refused = None
        tidings = self._replicas.tidings(self._clock.seconds())
        for ends, take_orders, told in (
            ([], True, NOTHING),
            ([], False, tidings),
            *(([end], False, NOTHING) for end in self._news()),
        ):
            try:
                self._hold_exchange(ends, take_orders=take_orders, tidings=told)
            except Moved as moved:
                refused = moved
        if refused:
            raise refused

    def _hold_exchange(self, ends: Sequence[End], *, take_orders: bool, tidings: Tidings = NOTHING) -> None:
        beat, is_new = self._beat_at() <= self._clock.seconds(), not self._exchange.is_registered
        sent = boottime()
        answer = self._exchange.hold(
            ends,
            take_orders=take_orders,
            beat=beat,
            measures=self._gauge.measures,
            trouble=self._trouble,
            tidings=tidings,
        )
        if answer.synced is not None:
            self._processes.renew(sent)
        if is_new or answer.ended:  # before the orders: the next are being decided while these take the processors
            self._exchange.wake_schedd()
        for order in answer.orders:
            self._start(order, answer.token)
        self._wanted = len(answer.orders) == MOST_ORDERS
        self._forget(ends)
        if answer.synced is not None:
            self._heed(answer.synced)
            # Nobody need have rung for them. Asked for in vain, they are not asked for again before the next beat.
            self._wanted |= not take_orders and any(holding.is_order for holding in answer.synced.holdings)
            self._beat()
        self._ask_for_drain()
        now = self._clock.seconds()
        self._paced_until = now + self._pace.rest(now, in_vain=not ends and not answer.orders)
        if self._replicas.heard(tidings, answer.told, answer.reported):
            self._exchange.wake_schedd()

    def _start(self, order: Order, token: str) -> None:
        self._processes.start(order, token)
        self._mishaps.ordered(order, self._clock.seconds())
        if order.request.memory_mb:
            self._due.setdefault("memory check", self._clock.seconds() + self._settings.memory_check_every)

    def _forget(self, ends: Sequence[End]) -> None:
        """*ends* are committed."""
        self._processes.acknowledge(end.allocation_id for end in ends)
        for end in ends:
            del self._ends[end.allocation_id, end.start_token]

    def _heed(self, synced: Synced) -> None:
        """Bring what runs here into line with what Postgres says that we hold."""
        attempts = self._processes.running()
        running = {id: attempt.start_token for id, attempt in attempts.items()}
        found = reconcile(synced.holdings, running, self._processes.knows, self._exchange.doubtful)
        for id, outcome in found.stop:
            self._processes.stop(id, outcome, attempts[id].grace_s)
        for order, token in self._exchange.recall(sorted(found.recall)):
            self._start(order, token)
        self._exchange.doubtful.clear()
        for end in found.missing:
            log.warning("allocation %d is unknown here, ending it: %s", end.allocation_id, end.detail)
            self._processes.bury(end)
        for id in found.strangers:
            if id not in self._strangers:
                log.warning("allocation %d is no longer ours, stopping it", id)
            # At once: somebody has released what it held, and it may run elsewhere by now.
            self._processes.stop(id, Outcome.WORKER_STOPPED, 0, "it was no longer this worker's")
        self._strangers = set(found.strangers)
        self._replicas.heed(synced.holdings)

    def _beat(self) -> None:
        """A beat has been heard in Postgres: say so in Redis, and keep a sample now and then."""
        every = self._settings.beat_every if self._herald.is_heard else BEAT_WITHOUT_REDIS
        self._due["beat"] = self._clock.seconds() + every
        if self._gauge.measures is None:
            return
        me = self._exchange.register()
        if self._due.is_due("sample to postgres", self._settings.sample_to_postgres_every):
            history.sample(self._db, me.worker_id, self._gauge.measures, self._gauge.usages)
        self._herald.beat(me.incarnation, self._gauge.measures, self._gauge.usages, self._processes.running())

    def _ask_for_drain(self) -> None:
        """Whatever this worker is given fails at once: it would be given ever more."""
        if not (sentence := self._black_hole):
            return
        if self._exchange.drain(sentence):
            log.warning("draining this worker: %s", sentence)
        else:
            log.warning("not draining this worker, for there is no other: %s", sentence)
        self._black_hole = ""

    def _measure(self) -> None:
        """Look at what is used, when that is due, and end what uses too much."""
        running = self._processes.running()
        if not self._gauge.is_due(running):
            return
        self._trouble = self._look_for_trouble()
        for id, sentence in self._gauge.look(running).items():
            self._processes.stop(id, Outcome.OUT_OF_MEMORY, 0, sentence)
        self._replicas.read_reports()

    def _beat_at(self) -> float:
        return self._due.get("beat", 0.0)

    def _may_exchange_at(self) -> float:
        """After the pace, in which ends gather to share a commit: if nothing runs any more, no other will come."""
        gathers = not self._ends or bool(self._processes.running())
        return max(self._not_before, self._paced_until) if gathers else self._not_before

    def _next_news_at(self) -> float:
        """When there is something to tell or to ask."""
        return 0.0 if self._ends or self._wanted else min(self._beat_at(), self._replicas.due())

    def _rest(self) -> float:
        """Until the next duty, or the next exchange if there is something to tell."""
        now = self._clock.seconds()
        duties = [at for what, at in self._due.items() if what not in ("beat", "sample to postgres")]
        exchange = max(self._next_news_at(), self._may_exchange_at())
        return max(0.001, min([*duties, now + self._processes.due(), exchange]) - now)
