"""The scheduler's cycle: a round whenever it is woken, and housekeeping at every pulse."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from clusterctl import live
from clusterctl.clock import Clock
from clusterctl.daemon import Agenda, Rest
from clusterctl.live import bell, cache, heartbeats
from clusterctl.model.errors import Moved, Outage
from clusterctl.model.snapshot import Snapshot
from clusterctl.settings import Settings
from clusterctl.store import deadlines, jobs, migrations, releases, totals
from clusterctl.store.connection import Database
from clusterctl.store.memory import Memory
from clusterctl.units import format_cpus
from schedd import round, services
from schedd.chronicle import Chronicle
from schedd.diary import Diary
from schedd.historian import Historian
from schedd.leadership import Chair
from schedd.pruner import Pruner
from schedd.shares import Shares
from schedd.watch import Watch

PRUNE_EVERY = 60.0  # seconds
SHARES_EVERY = 10.0  # seconds: how finely what tenants have used of late is known
MOST_AT_ONCE = 500  # jobs that time alone moves, in one transaction
FORGET_EVERY = 300.0  # seconds: what was changed with the laws switched off is seen then at last
MEND_CACHE_EVERY = 3.0  # seconds: whoever spoils it all the time costs no more than this
BREATH = 0.05  # seconds before looking again at a world that has just moved

log = logging.getLogger(__name__)


class Scheduler:
    """One schedd. ``asked_now`` tells whether the operator wants everything at once (SIGUSR1)."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        redis: live.Connection,
        chair: Chair,
        clock: Clock,
        *,
        asked_now: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        self._db = db
        self._redis = redis
        self._chair = chair
        self._clock = clock
        self._asked_now = asked_now
        self._diary = Diary()
        self._watch = Watch(db, settings, clock)
        self._shares = Shares(db, settings)
        self._rounds = 0
        self._due = Agenda(clock)
        self._due["statistics"] = clock.seconds() + settings.statistics_every  # the first figures are none
        self._memory = Memory()
        self._chronicle = Chronicle(db, self._due)
        self._historian = Historian(db, settings, self._due)
        self._pruner = Pruner(db, settings, clock)
        self._cached: tuple[int, int] | None = None
        self._checked = False

    def cycle(self) -> Rest:
        """Keep the chair, keep house when the pulse is due, and hold a round; True if there is more to decide."""
        if not self._checked:
            migrations.check(self._db)
            self._checked = True
        if self._asked_now():
            self._due.clear()
            log.info("asked to look: %s", self._standing())
        try:
            return self._lead()
        except Moved as moved:  # deposed, or a batch met another's change: look again, after a breath
            log.debug("%s", moved)
            self._due.pop("pulse", None)
            return BREATH
        except Outage:  # nobody could be heard meanwhile, and who knows what comes back
            self._watch.note_outage()
            self._memory.forget()
            raise

    def _lead(self) -> Rest:
        pulse = self._due.is_due("pulse", self._settings.round_every)
        if pulse or not self._chair.may_decide():
            former = self._chair.term
            self._chair.keep(self._rounds)
            if former != self._chair.term:
                self._watch.begin_anew()
                self._memory.forget()
                self._chronicle.begin_anew()
                self._cached = None
        if self._chair.term is None:
            return False
        unfinished = pulse and self._keep_house(self._chair.term)
        if unfinished:
            self._due.pop("pulse")
        return self._hold_round(self._chair.term) or unfinished

    def _hold_round(self, term: int) -> Rest:
        self._db.silence()  # before the look: what rings during it is not lost
        number, began = self._chronicle.number(), self._clock.seconds()
        if self._due.is_due("forget", FORGET_EVERY):
            self._memory.forget()
        done = round.run(
            self._db,
            self._settings,
            term,
            number,
            wake=self._wake_workers,
            may_go_on=self._chair.may_decide,
            memory=self._memory,
        )
        self._rounds += 1  # not before it is over: that they grow shows that we decide
        self._diary.note_workers(done.picture.workers, bool(done.picture.queue))
        self._diary.note_round(done.placed, len(done.conflicts), done.decided.waits)
        self._chronicle.tell(done, term, number, 1000 * (self._clock.seconds() - began))
        self._cache(done.picture, done.reserved_milli)
        if done.unfinished or self._db.rang:
            return True
        return BREATH if done.conflicts else False

    def _keep_house(self, term: int) -> bool:
        """What time alone brings about; True if some of it was too much for one go."""
        more_lost = self._watch.keep(term)
        woken = jobs.wake(self._db, term, MOST_AT_ONCE)
        late = deadlines.give_up(self._db, term, MOST_AT_ONCE)
        if late:
            log.info("%d jobs could not keep their deadlines any more, and are cancelled", late)
        if self._due.is_due("shares", SHARES_EVERY):
            self._shares.keep(term)
        expired = releases.expire_starts(self._db, term, MOST_AT_ONCE)
        if expired:
            log.warning("%d reservations were not started in time, their jobs wait again", len(expired))
        services.keep(self._db, term, wake=self._wake_workers)
        self._diary.tell_rounds()
        self._historian.keep(term)
        if self._due.is_due("statistics", self._settings.statistics_every):
            self._diary.tell_statistics(totals.read(self._db), jobs.ready(self._db))
        if self._due.is_due("prune", PRUNE_EVERY):
            heartbeats.forget_old(self._redis)
            if self._pruner.go():
                self._due.pop("prune")
        self._refresh_cache()
        return more_lost or MOST_AT_ONCE in (woken, late, len(expired))

    def _cache(self, picture: Snapshot, reserved_now: int) -> None:
        """Tell Redis the totals if this round saw them change."""
        reserved = sum(worker.reserved.cpu_milli for worker in picture.workers) + reserved_now
        allocated = sum(worker.allocated.cpu_milli for worker in picture.workers)
        if (reserved, allocated) == self._cached:
            return
        at = datetime.fromtimestamp(picture.at, UTC)
        if cache.write(self._redis, cache.Totals(allocated_milli=allocated, reserved_milli=reserved, as_of=at)):
            self._cached = (reserved, allocated)

    def _refresh_cache(self) -> None:
        """Write the totals anew when they are due, gone or another's: Redis forgets, and others may write to it."""
        whole = self._due.is_due("cache", self._settings.cache_sync_every)
        if not whole:
            found = cache.read(self._redis)
            is_ours = found is not None and self._cached in (None, (found.reserved_milli, found.allocated_milli))
            if is_ours or self._redis.trouble or not self._due.is_due("cache mend", MEND_CACHE_EVERY):
                return
            if found is None:
                log.info("cache miss, read from Postgres")
            else:
                log.info("cache overwritten by somebody, read from Postgres")
        sums = totals.read(self._db)
        reserved, allocated = sums.held_milli
        written = cache.write(
            self._redis, cache.Totals(allocated_milli=allocated, reserved_milli=reserved, as_of=sums.at)
        )
        if written:
            self._cached = (reserved, allocated)
            log.info("resource cache synced: %s CPUs allocated", format_cpus(allocated))

    def _wake_workers(self, names: Sequence[str]) -> None:
        if names:
            bell.wake(self._redis, *(bell.worker(name) for name in names))

    def _standing(self) -> str:
        return (
            "standing by" if self._chair.term is None else f"leader of term {self._chair.term}, {self._rounds} rounds"
        )
