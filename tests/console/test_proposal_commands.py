"""The command that a proposal shows: the real one, which does the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from clusterctl import operations
from clusterctl.model.proposals import Deed, Proposal
from clusterctl.model.states import AdminState
from clusterctl.store import jobs
from tests.console.conftest import Run
from tests.console.proposing import Desks
from tests.store.service import running

ASKS = {"worker", "doctor", "prune"}  # commands that ask a person first
DAY = 86_400.0


class Case(NamedTuple):
    """A cluster, what is to be done there, and what is so afterwards."""

    prepare: Callable[[Desks], object]
    deed: Callable[[Desks], Deed]
    after: str  # a query
    expected: Any


def three_jobs(desks: Desks) -> None:
    """Held, scheduled and running; and two that have failed."""
    worker = desks.worker()
    ids = [desks.jobs()[0] for _ in range(5)]
    for job in ids[3:]:
        desks.finish(worker, job, code=1)
    operations.hold(desks.bob, ids[:1])
    desks.run(worker, [ids[2]])
    desks.reserve(worker, [ids[1]])


def silent(desks: Desks) -> None:
    """``w1`` is silent, holds one job that runs and one that does not; ``w2`` is silent and holds nothing."""
    worker, _ = desks.worker(), desks.worker("w2")
    desks.run(worker, desks.jobs())
    desks.reserve(worker, desks.jobs())
    desks.silence(70)
    desks.db.run("UPDATE workers SET last_heartbeat_at = last_heartbeat_at - interval '70 s'")


def late(desks: Desks) -> None:
    """Two reservations that were made long ago, before the laws were there."""
    desks.reserve(desks.worker(), desks.jobs(2))
    with desks.db.transaction():
        desks.db.run("SET LOCAL session_replication_role = replica")
        desks.db.run(
            "UPDATE allocations SET start_by = start_by - interval '1 h', reserved_at = now() - interval '1 h'"
        )
    desks.db.run("UPDATE leader SET decided_at = cluster_time(), renewed_at = cluster_time()")


def serving(desks: Desks) -> None:
    """Service 1 of three replicas."""
    running(desks, 3)


def drained(desks: Desks) -> None:
    """``w1`` drains."""
    desks.worker()
    operations.administer(desks.bob, ["w1"], AdminState.DRAINING)


def old(desks: Desks) -> None:
    """Three jobs that ended nine days ago, and one that has just ended."""
    jobs.cancel(desks.db, desks.jobs(4))
    desks.db.run("UPDATE jobs SET finished_at = now() - interval '9 days' WHERE id < 4")


def of(verb: str, *jobs: int, **wishes: Any) -> Callable[[Desks], Deed]:
    """A deed that does not depend on what is found."""
    return lambda _: Deed(verb=verb, jobs=jobs, **wishes)  # type: ignore[arg-type]  # each is one of them


def mend(code: str) -> Callable[[Desks], Deed]:
    """All findings of a kind."""
    return lambda desks: Deed(verb="mend", findings=tuple(desks.findings(code)))


JOBS = "SELECT state FROM jobs ORDER BY id"
STOPS = "SELECT job_id, status, stop_outcome, release_reason FROM allocations ORDER BY id"
WORKERS = (
    "SELECT name, admin_state, live_state, drain_by IS NOT NULL, forgotten_at IS NOT NULL FROM workers ORDER BY name"
)
CASES = {
    "cancel": Case(three_jobs, of("cancel", 1, 2, 3, 4), JOBS, "cancelled cancelled running failed failed"),
    "hold": Case(three_jobs, of("hold", 2, 3), JOBS, "held held running failed failed"),
    "release": Case(three_jobs, of("release", 1, 2), JOBS, "pending scheduled running failed failed"),
    "requeue": Case(
        three_jobs, of("requeue", 1, 2, 3, 4, 5), JOBS, "held pending running failed failed pending pending"
    ),
    "reservation": Case(silent, of("requeue", 1, 2), JOBS, "running pending"),
    "drain": Case(silent, of("drain", workers=("w1", "w2")), WORKERS, None),
    "deadline": Case(silent, of("drain", workers=("w2",), deadline_s=5400.0), WORKERS, None),
    "resume": Case(drained, of("resume", workers=("w1",)), WORKERS, None),
    "confirm_dead": Case(silent, of("confirm_dead", workers=("w1", "w2")), WORKERS, None),
    "forget": Case(silent, of("forget", workers=("w1", "w2")), WORKERS, None),
    "more": Case(serving, of("scale", service=1, replicas=5), JOBS, "running running running pending pending"),
    "fewer": Case(serving, of("scale", service=1, replicas=1), STOPS, None),
    "none": Case(serving, of("scale", service=1, replicas=0), STOPS, None),
    "restart": Case(serving, of("restart", service=1), "SELECT generation, rolling FROM services", [(1, True)]),
    "mend": Case(late, mend("reserved_expired"), JOBS, "pending pending"),
    "of the dead": Case(silent, mend("dead_worker_jobs"), WORKERS, None),
    "prune": Case(old, of("prune", what=("jobs",), older_than_s=7 * DAY), "SELECT id FROM jobs", [(4,)]),
}
AFTER: dict[str, Any] = {
    "drain": [("w1", "draining", "silent", False, False), ("w2", "draining", "silent", False, False)],
    "deadline": [("w1", "open", "silent", False, False), ("w2", "draining", "silent", True, False)],
    "resume": [("w1", "open", "up", False, False)],
    "confirm_dead": [("w1", "open", "lost", False, False), ("w2", "open", "lost", False, False)],
    "of the dead": [("w1", "open", "lost", False, False), ("w2", "open", "silent", False, False)],
    "forget": [("w1", "open", "silent", False, False), ("w2", "open", "lost", False, True)],
    "fewer": [(1, "allocated", None, None), (2, "allocated", "cancelled", None), (3, "allocated", "cancelled", None)],
    "none": [(job, "allocated", "held", None) for job in (1, 2, 3)],
}


def typed(run: Run, proposal: Proposal) -> None:
    """Somebody types what was shown, and says yes where that is asked; each does what it was asked for."""
    for program, *argv in proposal.commands:
        assert program == "clusterctl"
        dry = run(*argv, "--dry-run")
        assert dry.code in (0, 1, 5), dry
        said = run(*argv, *(["--yes"] if argv[0] in ASKS else []))
        assert said.code == 0, said


@pytest.mark.parametrize("how", ["carried out", "typed"])
@pytest.mark.parametrize("name", CASES)
def test_the_command_does_what_the_proposal_does(desks: Desks, run: Run, name: str, how: str) -> None:
    case = CASES[name]
    case.prepare(desks)
    proposal = operations.propose(desks.ada, case.deed(desks))
    assert proposal.changes
    assert proposal.commands
    assert proposal.command in ((), *proposal.commands)
    if how == "typed":
        typed(run, proposal)
        assert "done" not in {each.fate for each in operations.carry_out(desks.ada, proposal)}
    else:
        assert {each.fate for each in operations.carry_out(desks.ada, proposal)} == {"done"}
    rows = desks.db.rows(case.after)
    expected = AFTER.get(name, case.expected)
    if isinstance(expected, str):
        expected = [(state,) for state in expected.split()]
    assert rows == expected
    desks.check()
