"""A scene that a doctor visits."""

from __future__ import annotations

from typing import LiteralString

import msgspec

from clusterctl import operations, views
from clusterctl.cluster import Cluster
from clusterctl.doctor import examination
from clusterctl.doctor.registry import BY_CODE
from clusterctl.model.claim_log import refusal
from clusterctl.model.findings import Finding, Mended
from clusterctl.model.orders import Order
from clusterctl.model.states import Outcome
from clusterctl.scheduling.words import in_words
from clusterctl.store import allocations, claims, releases
from clusterctl.store.releases import Ended
from schedd import round
from tests.store.scene import Scene, end


class Ward(Scene):
    """The scene behind *cluster*, and what the doctor finds there."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster.db)
        self.cluster = cluster
        self.later(0)  # time stands still here, but for ``later``: how fast this machine is tells nothing

    def end(self, order: Order, token: str, outcome: Outcome = Outcome.EXITED, code: int | None = 0) -> list[Ended]:
        """As the agent of ``w1`` reports it."""
        return releases.end(self.db, "w1", [end(order.allocation_id, token, outcome, code)])

    def order(self, allocation: int) -> tuple[Order, str]:
        """What was won under that number, and the token."""
        worker = self.db.value("SELECT worker_id FROM allocations WHERE id = %s", allocation)
        token = self.db.value("SELECT start_token::text FROM allocations WHERE id = %s", allocation)
        found = allocations.recall(self.db, worker, [token])
        return next(pair for pair in found if pair[0].allocation_id == allocation)

    def findings(self, *targets: str) -> list[Finding]:
        """What is wrong, of *targets*. Everything could be looked at, and of each finding there is the clue."""
        there = examination.clues_of(self.cluster)
        found = views.findings(self.cluster, targets)
        assert not found.unchecked, found.unchecked
        missing = {each.code: BY_CODE[each.code].clue for each in found.findings} if found.findings else {}
        assert not {code for code, clue in missing.items() if clue is not None and clue not in there}, (missing, there)
        return list(found.findings)

    def codes(self) -> list[str]:
        """The kinds of all that is wrong."""
        return [finding.code for finding in self.findings()]

    def sole(self, code: str) -> Finding:
        """The one thing that is wrong, which is of that kind."""
        (finding,) = self.findings()
        assert finding.code == code, finding
        return finding

    def mend(self, finding: Finding) -> Mended:
        """Apply its fix, as it comes back through the door: its guard in JSON's few types."""
        crossed = msgspec.json.decode(msgspec.json.encode(finding), type=Finding)
        (mended,) = operations.mend(self.cluster, [crossed], reason="a test")
        return mended

    def cure(self, finding: Finding) -> None:
        """Apply its fix, which does it; then all is well, and the audit tells who did it."""
        assert finding.fix.available
        mended = self.mend(finding)
        assert mended.fate == "done", mended
        self.healthy()
        audit = self.db.row("SELECT actor, verb, subject, reason FROM audit ORDER BY id DESC LIMIT 1")
        assert audit == ("doctor", f"mend {finding.code}", finding.subject, "a test")

    def too_late(self, finding: Finding) -> None:
        """Its fix finds the world changed, and changes nothing."""
        before = self.rows()
        mended = self.mend(finding)
        assert mended.fate == "changed", mended
        assert self.rows() == before

    def healthy(self) -> None:
        """Nothing is wrong, by the doctor's word and by the rows."""
        assert self.findings() == []
        self.check()

    def rows(self) -> list[tuple[object, ...]]:
        """All that a mend could change."""
        return [
            row
            for table in ("workers", "jobs", "allocations", "leader", "audit")
            for row in self.db.rows("SELECT t::text FROM " + table + " t ORDER BY 1")  # noqa: S608  # our own names
        ]

    def plan(self) -> None:
        """One round of schedd; nobody starts what it places, and the claim log says why the others wait."""
        done = round.run(self.db, self.cluster.settings, self.term, 1, wake=lambda names: None, may_go_on=lambda: True)
        groups = {group.shape: group for group in done.picture.queue}
        waits = done.decided.waits
        claims.log_said(self.db, 1, [refusal(wait, in_words(wait, groups[wait.shape], done.picture)) for wait in waits])

    def decide(self) -> None:
        """The leader lives, and decides."""
        self.db.run("UPDATE leader SET renewed_at = cluster_time(), decided_at = cluster_time(), rounds = rounds + 1")

    def later(self, seconds: float) -> None:
        """So much time has passed, by the database's clock."""
        self.db.run("SELECT set_config('clusterctl.now', (cluster_time() + %s * interval '1 s')::text, false)", seconds)

    def by_hand(self, statement: LiteralString, *values: object) -> None:
        """What somebody does who has switched the laws off, or restores a part of a backup."""
        with self.db.transaction():
            self.db.run("SET LOCAL session_replication_role = replica")
            assert self.db.run(statement, *values)
