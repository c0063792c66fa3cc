"""A cluster is broken by hand, as a bad day does it; the doctor says how, and mends what can be mended."""

from __future__ import annotations

import signal
from typing import Any

import psycopg
from msgspec.structs import replace

from clusterctl import operations, views
from clusterctl.cluster import Cluster
from clusterctl.model.findings import Finding, FindingCounts
from clusterctl.store import worker_rows
from tests.processes.place import Place, is_alive
from tests.until import until

QUICK: dict[str, Any] = {"beat_every": "1s", "silent_after": "3s"}


def doctor(place: Place) -> Cluster:
    """The cluster as somebody sees it who has no patience with it."""
    return Cluster(replace(place.cluster.settings, term_grace=0.1, beat_every=0.1, silent_after=2.0))


def sole(cluster: Cluster, code: str) -> Finding:
    """The finding of that kind, once it is there."""
    found: list[Finding] = []

    def is_there() -> bool:
        found[:] = views.findings(cluster, [code]).findings
        return bool(found)

    until(is_there, what=code)
    (finding,) = found
    return finding


def mend(cluster: Cluster, finding: Finding) -> str:
    """Apply its fix; what became of that."""
    (mended,) = operations.mend(cluster, [finding], reason="a test")
    return mended.fate


def pid_of(place: Place, name: str) -> int:
    """What a job has written to the file *name*: its pid."""
    path = place.directory / name
    return int(until(lambda: path.exists() and path.read_text().strip(), what=name))


def is_well(cluster: Cluster) -> bool:
    """Whether everything was looked at, and nothing found."""
    found = views.findings(cluster)
    return not found.findings and not found.unchecked


def test_a_healthy_cluster_that_works_has_no_findings(place: Place) -> None:
    place.schedd()
    place.agentd()
    place.run("true")
    (job,) = place.submit("sleep 1000")
    place.await_state("running", job)
    with Cluster(place.cluster.settings) as cluster:
        until(lambda: is_well(cluster), what="no findings")
        assert views.status(cluster).findings == FindingCounts()


def test_an_agent_that_is_stopped_is_named_with_its_jobs_until_it_goes_on(place: Place) -> None:
    place.schedd(**QUICK)
    agent = place.agentd(**QUICK)
    (job,) = place.submit("sleep 1000")
    place.await_state("running", job)
    agent.signal(signal.SIGSTOP)
    with doctor(place) as cluster:
        try:
            finding = sole(cluster, "dead_worker_jobs")
            assert finding.evidence["jobs"] == [job]
            assert mend(cluster, finding) == "refused"
            counts = views.status(cluster).findings
            assert counts
            assert counts.info == 1
        finally:
            agent.signal(signal.SIGCONT)
        until(lambda: not views.findings(cluster, ["dead_worker_jobs"]).findings, what="to be clean")
    assert place.states(job) == ["running"]


def test_a_machine_that_was_wrongly_called_dead_is_swept(place: Place) -> None:
    place.schedd(**QUICK)
    agent = place.agentd(**QUICK)
    (job,) = place.submit("echo $$ > pid; exec sleep 1000")
    place.await_state("running", job)
    pid = pid_of(place, "pid")
    agent.kill()
    with doctor(place) as cluster:
        until(lambda: worker_rows.read(cluster.db, "w1")[0].live_state == "silent", what="silence")
        operations.confirm_dead(cluster, worker_rows.read(cluster.db, "w1")[0], reason="too sure")
        finding = sole(cluster, "process_no_allocation")
        assert finding.evidence["pids"] == [pid]
        assert is_alive(pid)
        assert mend(cluster, finding) == "done"
        assert not is_alive(pid)
        assert views.findings(cluster, ["process_no_allocation"]).findings == ()
        assert cluster.db.value("SELECT count(*) FROM audit WHERE verb = 'mend process_no_allocation'") == 1


def test_a_reservation_whose_agent_died_is_released_without_a_leader(place: Place) -> None:
    schedd = place.schedd(start_timeout="2s", **QUICK)
    agent = place.agentd(**QUICK)
    agent.signal(signal.SIGSTOP)
    (job,) = place.submit("true")
    place.await_state("scheduled", job)
    schedd.kill()
    with doctor(place) as cluster:
        finding = sole(cluster, "reserved_expired")
        assert f"job:{job}" in finding.concerns
        assert mend(cluster, finding) == "done"
    assert place.states(job) == ["pending"]
    agent.signal(signal.SIGCONT)
    place.schedd("s2")
    place.await_end(job)
    assert place.states(job) == ["completed"]


def test_a_leader_that_lives_and_cannot_decide_is_deposed(place: Place) -> None:
    schedd = place.schedd()
    place.agentd()
    with psycopg.connect(place.cluster.settings.database_url) as somebody, doctor(place) as cluster:
        somebody.execute("LOCK TABLE allocations IN ACCESS EXCLUSIVE MODE")
        (job,) = place.submit("true")
        finding = sole(cluster, "cycle_stalled")
        assert finding.evidence["leader"] == "s1"
        assert mend(cluster, finding) == "done"
        schedd.tells("another schedd leads")
        schedd.tells("leader of term", times=2)
        somebody.rollback()
        place.await_end(job)
        until(lambda: not views.findings(cluster, ["cycle_stalled"]).findings, what="to be clean")
