"""Two operators at two desks: what one is about to do, and what the other does meanwhile."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from clusterctl import operations
from clusterctl.cluster import Cluster
from clusterctl.model.findings import Finding
from clusterctl.model.proposals import Deed, Outcome, Proposal
from clusterctl.model.registration import Registered
from clusterctl.model.states import Outcome as Outcomes
from clusterctl.store import releases, worker_rows, workers
from clusterctl.views import findings
from tests.store.scene import Scene, end

HELD, PENDING, SCHEDULED, RUNNING, FAILED = range(1, 6)  # the numbers of ``five`` jobs
TABLES = ("workers", "jobs", "allocations", "services", "submissions", "claims", "samples", "audit", "leader")


class Desks(Scene):
    """The scene that both look at: ``ada`` proposes and carries out, ``bob`` is there too."""

    def __init__(self, ada: Cluster, bob: Cluster) -> None:
        super().__init__(ada.db)
        self.ada, self.bob = ada, bob

    def five(self, worker: Registered) -> None:
        """Jobs 1 to 5, one in each of five states; *worker* has, or had, the last three."""
        for number in range(1, 6):
            self.jobs(name=f"job{number}", retries=0)
        operations.hold(self.bob, [HELD])
        self.finish(worker, FAILED, code=1)
        self.run(worker, [RUNNING])
        self.reserve(worker, [SCHEDULED])
        assert self.states(range(1, 6)) == ["held", "pending", "scheduled", "running", "failed"]

    def propose(self, verb: str, *jobs: int, **wishes: object) -> Proposal:
        """What ada would do; nothing has changed by it. It comes back as from a file: in JSON's few types."""
        deed = msgspec.convert({"verb": verb, "jobs": jobs, **msgspec.to_builtins(wishes)}, Deed)
        before = self.rows()
        proposal = operations.propose(self.ada, deed)
        assert self.rows() == before
        return crossed(proposal)

    def carry_out(self, proposal: Proposal) -> dict[str, str]:
        """Ada does it; the fate of each subject."""
        told = operations.carry_out(self.ada, proposal, reason="a test")
        self.check()
        return fates(told)

    def too_late(self, proposal: Proposal, fate: str = "changed") -> list[str]:
        """Ada does it, after the world has moved: all of it meets that *fate*, and nothing happens. What is told."""
        before = self.rows()
        told = operations.carry_out(self.ada, proposal, reason="a test")
        assert {each.fate for each in told} == {fate}, told
        assert self.rows() == before
        self.check()
        return [each.sentence for each in told]

    def done_by_ada(self) -> list[tuple[str, str, str]]:
        """What of hers stands in the audit."""
        rows = self.db.rows("SELECT verb, subject, reason FROM audit WHERE actor = 'ada' ORDER BY id")
        return [(row[0], row[1], row[2]) for row in rows]

    def rows(self) -> dict[str, list[str]]:
        """All that a deed could change."""
        return {
            table: [row[0] for row in self.db.rows(f"SELECT t::text FROM {table} t ORDER BY 1")]  # noqa: S608 - ours
            for table in TABLES
        }

    def later(self, seconds: float) -> None:
        """So much time has passed, by the clock that both see."""
        for cluster in (self.ada, self.bob):
            cluster.db.run("SELECT set_config('clusterctl.now', (now() + %s * interval '1 s')::text, false)", seconds)

    def finish_running(self, job: int, code: int = 0) -> None:
        """What runs ends by itself."""
        row = self.db.row(
            "SELECT a.id, a.start_token::text, w.name FROM allocations a JOIN workers w ON w.id = a.worker_id"
            " WHERE a.job_id = %s AND a.live",
            job,
        )
        assert row
        assert releases.end(self.db, row[2], [end(row[0], row[1], code=code)])

    def another_attempt(self, worker: Registered, job: int) -> None:
        """It is stopped, and runs again: by bob's hand, on the same worker."""
        operations.requeue(self.bob, [job])
        row = self.db.row("SELECT id, start_token::text FROM allocations WHERE job_id = %s AND live", job)
        assert row
        stopped = end(row[0], row[1])
        releases.end(self.db, "w", [msgspec.structs.replace(stopped, outcome=Outcomes.REQUEUED, exit_code=None)])
        self.run(worker, [job])

    def beat(self, worker: Registered) -> None:
        """It is heard."""
        workers.sync(self.db, worker.worker_id, worker.incarnation, None)

    def live_state(self, name: str = "w1") -> str:
        """What is believed of a worker; ``none`` if it is forgotten."""
        found = worker_rows.read(self.db, name)
        return found[0].live_state if found else "none"

    def findings(self, code: str) -> list[Finding]:
        """What is wrong of one kind."""
        return list(findings(self.ada, [code]).findings)


def crossed(proposal: Proposal) -> Proposal:
    """The same, as it comes back from JSON."""
    return msgspec.json.decode(msgspec.json.encode(proposal), type=Proposal)


def fates(told: Iterable[Outcome]) -> dict[str, str]:
    """Of each subject."""
    return {each.subject: each.fate for each in told}


def changed(proposal: Proposal) -> list[tuple[str, str, str]]:
    """What is shown of it."""
    return [(each.subject, each.before, each.after) for each in proposal.changes]


def asides(proposal: Proposal) -> dict[str, str]:
    """What is left, and why."""
    return {each.subject: each.why for each in proposal.asides}
