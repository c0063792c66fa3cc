"""No hot statement reads the past: whatever Postgres knows of the tables, and whenever it planned.

At least 100,000 jobs have ended and 20,000 wait. A call may fetch some hundred rows; a scan of a big table is seen.
"""

# ruff: noqa: S608  # statements made by hand are the matter of this file

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from functools import partial
from uuid import uuid4

import psycopg
import pytest

from clusterctl.cli.display.job_rows import JOBS
from clusterctl.cli.display.listing import read_filter
from clusterctl.model.audit import AuditChoice
from clusterctl.model.claim_log import ClaimChoice, refusal
from clusterctl.model.filters import Filter
from clusterctl.model.log_marks import Mark
from clusterctl.model.looks import MOST_KEYS
from clusterctl.model.orders import Report, Usage
from clusterctl.model.plan import Wait
from clusterctl.model.registration import Measures, Registered
from clusterctl.model.selection import Selection
from clusterctl.model.spec import After
from clusterctl.model.states import Outcome
from clusterctl.model.tenants import Grant
from clusterctl.store import (
    allocations,
    audit_log,
    choice,
    claim_log,
    claims,
    deadlines,
    disagreements,
    durations,
    evidence,
    grants,
    history,
    job_steps,
    jobs,
    leader,
    log_marks,
    machines,
    outputs,
    releases,
    reports,
    resubmissions,
    stories,
    submissions,
    tallies,
    tenants,
    waiting,
    worker_rows,
    workers,
)
from clusterctl.store.connection import Database
from clusterctl.store.disagreements import Fence
from tests.embedded_server import TEMPLATE, Servers
from tests.store import crowd, frugal_reads, look_reads
from tests.store.crowd import WAITING, WORKERS, rows_read
from tests.store.scene import Scene, end, new_token, registration, submission
from tests.store.service import look_after_some

FINISHED = 200_000
FINISHED_LATER = 100_000  # where a clone of the past will not do
MANY = 3_000  # rows
STATISTICS = ("never analysed", "analysed idle", "analysed full", "planned while empty")
EMPTIED = ("allocations", "jobs", "submissions", "workers", "claims", "dependencies", "audit")


class Crowded(Scene):
    """A scene in the crowd, with one worker of its own that runs half of *held* and has the other half reserved."""

    def __init__(self, db: Database, finished: int, held: range) -> None:
        super().__init__(db)
        self.finished = finished  # the jobs up to this number have ended; the next begins a long array
        self.here: Registered = self.worker("here", cpus=500)
        self.held = held
        self.waiting = held.stop + 50  # the first of many that wait
        half = len(held) // 2
        self.orders, self.token = self.run(self.here, held[:half])
        self.reserve(self.here, held[half:])


@pytest.fixture(scope="module", params=STATISTICS)
def crowded(request: pytest.FixtureRequest, servers: Servers, past: str) -> Iterator[Crowded]:
    """The crowd, in each state of statistics: a connection that has met every call before."""
    name = f"crowd_{os.getpid()}_{STATISTICS.index(request.param)}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        source = TEMPLATE if request.param == "planned while empty" else past
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
        finished = FINISHED_LATER if request.param == "planned while empty" else FINISHED
        with Database(servers.database(name)) as db, Database(servers.database(name)) as filling:
            if request.param == "planned while empty":
                plan_everything(db)
                filling.script(crowd.past(finished))
            if request.param == "analysed idle":
                filling.script("ANALYZE")
            filling.script(crowd.present(finished))
            if request.param == "analysed full":
                filling.script("ANALYZE")
            yield Crowded(db, finished, range(finished + 10, finished + 210))
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def past(servers: Servers) -> str:
    """The name of a database to clone, with a past and no statistics: made once in a run, by whoever is first."""
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute("SELECT pg_advisory_lock(1)")  # released with the connection
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = 'past'").fetchone():
            admin.execute(f"CREATE DATABASE past_unfinished TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
            with Database(servers.database("past_unfinished")) as db:
                db.script(crowd.past(FINISHED))
                db.script(crowd.FORGET_STATISTICS)
            admin.execute("ALTER DATABASE past_unfinished RENAME TO past")
    return "past"


def plan_everything(db: Database) -> None:
    """Make each call often enough that Postgres keeps one plan for it, for ever, on tables with next to nothing."""
    Scene(db).jobs(300)
    early = Crowded(db, 0, range(1, 5))
    for _ in range(8):
        for call in CALLS.values():
            rows_read(db, partial(call, early))
    db.script("SET session_replication_role = replica; " + "; ".join(f"DELETE FROM {table}" for table in EMPTIED))
    db.script("SET session_replication_role = origin; ALTER TABLE workers ALTER id RESTART")


def follow_claims(crowd: Crowded, mark: Mark) -> None:
    """Read on from there, of one job and of all."""
    behind = log_marks.advance(crowd.db, "claims", mark)
    for wanted in (ClaimChoice(job_id=7), ClaimChoice()):
        claim_log.news(crowd.db, wanted, mark, behind, [3, 4])


def follow_audit(crowd: Crowded, mark: Mark) -> None:
    """Read on from there."""
    audit_log.news(crowd.db, AuditChoice(), mark, log_marks.advance(crowd.db, "audit", mark))


def submit_under_quota(crowd: Crowded) -> None:
    """Of a tenant that may have so many jobs that wait, and has next to none."""
    grants.lock(crowd.db, "bounded")
    grants.put(crowd.db, "bounded", Grant(max_pending=1000))
    submissions.submit(crowd.db, submission(10, tenant="bounded"))


_keys = itertools.count()


def filter_of(text: str) -> Filter | None:
    """What it means for jobs."""
    return read_filter(JOBS, text)


def frugally(call: Callable[[Crowded], object], crowd: Crowded) -> None:
    """Over such a connection."""
    crowd.db.run("SET LOCAL enable_seqscan = off")
    call(crowd)


CALLS: dict[str, Callable[[Crowded], object]] = {
    **look_reads.CALLS,
    "use of late": lambda crowd: grants.age(crowd.db, crowd.term, 3600),
    "deadlines given up": lambda crowd: deadlines.give_up(crowd.db, crowd.term),
    "deadlines kept": lambda crowd: deadlines.kept(crowd.db),
    "report": lambda crowd: reports.tell(crowd.db, crowd.held[0], Report(p99_ms=1.0)),
    "workers": lambda crowd: worker_rows.read(crowd.db),
    "reserve": lambda crowd: crowd.reserve(crowd.here, range(crowd.waiting, crowd.waiting + 50)),
    "start": lambda crowd: crowd.start(crowd.here, 50),
    "recall": lambda crowd: allocations.recall(crowd.db, crowd.here.worker_id, [crowd.token]),
    "sync": lambda crowd: workers.sync(
        crowd.db, crowd.here.worker_id, crowd.here.incarnation, Measures(used_milli=1, memory_mb=1, load1=0.1)
    ),
    "end": lambda crowd: releases.end(
        crowd.db, "here", [end(order.allocation_id, crowd.token) for order in crowd.orders[:50]]
    ),
    "end and retry": lambda crowd: releases.end(
        crowd.db, "here", [end(order.allocation_id, crowd.token, Outcome.WORKER_LOST) for order in crowd.orders[:50]]
    ),
    "cancel": lambda crowd: jobs.cancel(crowd.db, crowd.held),
    "look at some": lambda crowd: job_steps.look(crowd.db, crowd.held),
    "hold": lambda crowd: job_steps.hold(crowd.db, crowd.held, "held"),
    "release": lambda crowd: job_steps.release(crowd.db, crowd.held),
    "restart": lambda crowd: job_steps.restart(crowd.db, crowd.held, "again"),
    "resubmit": lambda crowd: resubmissions.resubmit(crowd.db, crowd.held, "eve", uuid4().hex),
    "expire_starts": lambda crowd: releases.expire_starts(crowd.db, crowd.term),
    "wake": lambda crowd: jobs.wake(crowd.db, crowd.term),
    "pulses": lambda crowd: workers.pulses(crowd.db),
    "silence": lambda crowd: workers.silence(crowd.db, crowd.term, dict.fromkeys(range(1, WORKERS), 0)),
    "register": lambda crowd: workers.register(crowd.db, registration("here", 500)),
    "renew": lambda crowd: leader.renew(crowd.db, crowd.term, 1),
    "submit": lambda crowd: submissions.submit(
        crowd.db, submission(10, key=f"new {next(_keys)}", after=(After(crowd.waiting), After(1)))
    ),
    "submit again": lambda crowd: submissions.known_submissions(crowd.db, [submission(key="key 7")], ["digest"]),
    "submit many": lambda crowd: submissions.submit_many(
        crowd.db, [submission(2, key=f"many {next(_keys)}", after=(After(crowd.waiting),)) for _ in range(50)]
    ),
    "read": lambda crowd: jobs.read(crowd.db, Selection(), 100),
    "read some": lambda crowd: jobs.read(
        crowd.db, Selection(ranges=((1, 5), (crowd.finished, crowd.finished + 20))), 100
    ),
    "read one array": lambda crowd: jobs.read(crowd.db, Selection(array_id=crowd.finished + 1), 100),
    "read by filter": lambda crowd: jobs.read(crowd.db, Selection(filter=filter_of("name:x reason:fits_now")), 100),
    "read failures": lambda crowd: jobs.read(crowd.db, Selection(filter=filter_of("state:failed exit_code:1")), 100),
    "read in order": lambda crowd: jobs.read(crowd.db, Selection(states=("running",)), 100, ["-cpus"]),
    "ids of some": lambda crowd: choice.ids(crowd.db, Selection(ranges=tuple((n, n) for n in crowd.held)), 1000),
    "ids of an array": lambda crowd: choice.ids(crowd.db, Selection(array_id=crowd.finished + 1), 1000),
    "read everything": lambda crowd: jobs.read(crowd.db, Selection(everything=True), 100),
    "attempts": lambda crowd: stories.attempts(crowd.db, [7, *crowd.held]),
    "what was asked": lambda crowd: stories.asked(crowd.db, [7, *crowd.held]),
    "parents": lambda crowd: stories.parents(crowd.db, [7, *crowd.held]),
    "kin": lambda crowd: resubmissions.kin(crowd.db, [7, *crowd.held]),
    "outputs": lambda crowd: outputs.facts(crowd.db, [7, *crowd.held]),
    "last_id": lambda crowd: jobs.last_id(crowd.db, "u"),
    "log_said": lambda crowd: claims.log_said(
        crowd.db, 1, [refusal(Wait(shape=new_token(), job_id=crowd.waiting, reason="fits_now"), "full")], {}
    ),
    "log_conflicts": lambda crowd: claims.log_conflicts(crowd.db, 1, [(crowd.waiting, 1)]),
    "claim log": lambda crowd: claim_log.read(crowd.db, ClaimChoice(since_s=3600), 501),
    "claim log of a worker": lambda crowd: claim_log.read(crowd.db, ClaimChoice(since_s=3600, worker="here"), 501),
    "claim log of a job": lambda crowd: claim_log.read(crowd.db, ClaimChoice(job_id=crowd.waiting), 501),
    "claim log of an ended job": lambda crowd: claim_log.read(crowd.db, ClaimChoice(job_id=7), 501),
    "claims counted": lambda crowd: claim_log.count(crowd.db, ClaimChoice(since_s=3600)),
    "claims followed": lambda crowd: follow_claims(crowd, Mark(crowd.finished // 2 - 100)),
    "claim log begins": lambda crowd: claim_log.begins_at(crowd.db),
    "audit": lambda crowd: audit_log.read(crowd.db, AuditChoice(), 100),
    "audit of an hour": lambda crowd: audit_log.read(crowd.db, AuditChoice(since_s=3600), 501),
    "audit of a job": lambda crowd: audit_log.read(crowd.db, AuditChoice(job_id=7, folded=True), 501),
    "audit followed": lambda crowd: follow_audit(crowd, Mark(crowd.finished // 4 - 100)),
    "tenants: demands": lambda crowd: tenants.demands(crowd.db),
    "tenants: holdings": lambda crowd: tenants.holdings(crowd.db),
    "tenants: waits": lambda crowd: tenants.waits(crowd.db),
    "tenants: reports": lambda crowd: tenants.reports(crowd.db, 120),
    "submit under a quota": submit_under_quota,
    "sample": lambda crowd: history.sample(crowd.db, 1, Measures(used_milli=1, memory_mb=1, load1=0.1), {1: Usage()}),
    "prune_jobs": lambda crowd: history.prune_jobs(crowd.db, 0, 100),
    "prune_allocations": lambda crowd: history.prune_allocations(crowd.db, 0, 100),
    "prune_attempts": lambda crowd: history.prune_attempts(crowd.db, 0, 0, 100),
    "prune_claims": lambda crowd: history.prune_claims(crowd.db, 0, 100),
    "prune_samples": lambda crowd: history.prune_samples(crowd.db, 0, 100),
    "services": look_after_some,
    "doctor: late_starts": lambda crowd: evidence.late_starts(crowd.db, 0),
    "doctor: before_boot": lambda crowd: evidence.before_boot(crowd.db, 0),
    "doctor: unmeasured": lambda crowd: evidence.unmeasured(crowd.db, 0),
    "doctor: holders": lambda crowd: evidence.holders(crowd.db),
    "doctor: quiet_s": lambda crowd: evidence.quiet_s(crowd.db),
    "doctor: reign": lambda crowd: evidence.reign(crowd.db),
    "doctor: shapes": lambda crowd: waiting.shapes(crowd.db, ["fits_now"], 200),
    "doctor: workforce": lambda crowd: waiting.workforce(crowd.db),
    "doctor: gone": lambda crowd: machines.gone(crowd.db, 0),
    "doctor: withdrawn": lambda crowd: machines.withdrawn(crowd.db),
    "doctor: overdue": lambda crowd: durations.overdue(crowd.db, 0),
    "doctor: placed": lambda crowd: disagreements.placed(crowd.db, Fence(90, 10)),
    "doctor: strays": lambda crowd: disagreements.strays(crowd.db),
    "doctor: tallies": lambda crowd: tallies.wrong(crowd.db),
    "doctor: slow services": lambda crowd: reports.slow(crowd.db, 120),
    "prune_history": lambda crowd: history.prune_history(crowd.db, 0, 100),
    **{name: partial(frugally, call) for name, call in frugal_reads.CALLS.items()},
}


# Lists for people. Without statistics Postgres may read all that waits and sort it; at 100,000 that takes 50 ms.
READS_THE_QUEUE = {
    "read", "read one array", "read by filter", "read in order", "ids of an array", "tenants: demands", "console: jobs",
    "console: jobs in order", "history",
}  # fmt: skip
READS_IT_TWICE, READS_ALL_KEYS = {"console: sums"}, {"console: claims", "console: audit"}


@pytest.mark.parametrize("name", CALLS)
def test_it_does_not_read_the_past(crowded: Crowded, name: str) -> None:
    queue, keys = (name in READS_THE_QUEUE) + 2 * (name in READS_IT_TWICE), 2 * (name in READS_ALL_KEYS)
    allowed = MANY + WAITING * queue + MOST_KEYS * keys
    assert rows_read(crowded.db, lambda: CALLS[name](crowded)) <= allowed


def test_a_scan_of_a_big_table_would_be_seen(crowded: Crowded) -> None:
    assert (
        rows_read(crowded.db, lambda: crowded.db.rows("SELECT count(*) FROM jobs WHERE exit_code = 5"))
        > crowded.finished
    )
    assert rows_read(crowded.db, lambda: crowded.db.rows("SELECT count(*) FROM jobs WHERE ready")) > WAITING / 2
