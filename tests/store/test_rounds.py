"""Rounds that are kept: read back as they were, told with what they gave, and forgotten but for the newest."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from clusterctl.model import rounds as model
from clusterctl.model.plan import Start
from clusterctl.model.registration import Registered
from clusterctl.model.resources import Resources
from clusterctl.model.rounds import Given, RoundClaim, UsagePicture
from clusterctl.model.snapshot import Measured, ServiceLevel, Snapshot, WorkerPicture
from clusterctl.model.states import AdminState, LiveState
from clusterctl.model.steering import Steering
from clusterctl.model.timers import Timers
from clusterctl.store import allocations, rounds, snapshot
from clusterctl.store.connection import Database
from tests.store.conftest import Connect
from tests.store.scene import Scene
from tests.store.threads import at_once

BUSY = WorkerPicture(
    id=7,
    name="w\u202e\x1b[31m",
    capacity=Resources(8000, 64_000, 2),
    reserved=Resources(1000, 5, 0),
    allocated=Resources(2000, 10, 1),
    admin_state=AdminState.DRAINING,
    live_state=LiveState.SILENT,
    trouble="disk full",
    labels={"zone": "a"},
    services=3,
    measured=Measured(cpu_milli=1234.5, memory_mb=99.25, at=1_700_000_000.25),
    charged=Resources(500, 1, 0),
    reports=ServiceLevel(p99_ms=12.5, violation_rate=0.25),
    held_by_tenant={"sim": Resources(1000, 5, 0)},
)
RULES = Steering(service_placement="slo", usage_cpu_weight=0.75)


def saw(scene: Scene) -> Snapshot:
    """What a round sees now."""
    return snapshot.look(scene.db, Steering(), max_starts=10)


def give(scene: Scene, number: int, given: list[tuple[Registered, int]], picture: Snapshot | None = None) -> None:
    """A round that gave these jobs to these workers, in turn, and is kept."""
    picture = picture or saw(scene)
    starts = [
        Start(job_id=job, worker_id=worker.worker_id, policy="pack", score=1.0, candidates=1) for worker, job in given
    ]
    allocations.reserve(scene.db, scene.term, number, starts, Timers())
    rounds.keep(scene.db, scene.term, number, picture, took_ms=2.5, claims=len(given), waits=1)


def measure(scene: Scene, name: str, milli: int, memory_mb: int) -> None:
    """The agent of that worker has measured so much."""
    scene.db.run(
        "UPDATE workers SET used_milli = %s, used_memory_mb = %s, measured_at = cluster_time() WHERE name = %s",
        milli,
        memory_mb,
        name,
    )


def test_no_number_is_taken_twice(db: Database, connect: Connect) -> None:
    taken = at_once(*(lambda: list(rounds.take_numbers(connect())) for _ in range(4)))
    numbers = [number for block in taken if not isinstance(block, Exception) for number in block]
    assert len(set(numbers)) == len(numbers) == 4000
    assert min(numbers) == 1
    assert rounds.take_numbers(db)[0] > max(numbers)


def test_what_a_round_saw_is_read_back_as_it_was(scene: Scene) -> None:
    idle = WorkerPicture(id=8, name="idle", capacity=Resources(1000, 1, 0))
    picture = Snapshot(at=1_700_000_001.5, workers=(BUSY, idle), queue=(), steering=RULES)
    rounds.keep(scene.db, 3, 42, picture, took_ms=1.0, claims=1, waits=0)
    kept = rounds.read(scene.db, 42)
    assert kept == model.KeptRound(number=42, at=1_700_000_001.5, rules=RULES, workers=(BUSY, idle))
    assert rounds.read(scene.db, 43) is None


def test_a_round_of_another_program_is_one_that_is_not_kept(scene: Scene) -> None:
    picture = Snapshot(at=1.0, workers=(BUSY,), queue=())
    rounds.keep(scene.db, 3, 42, picture, took_ms=1.0, claims=1, waits=0)
    scene.db.run("""UPDATE rounds SET rules = '{"service_placement": "by dice"}'""")
    assert rounds.read(scene.db, 42) is None


def test_a_round_is_told_by_worker_with_what_was_measured(scene: Scene) -> None:
    one, other = scene.worker("w1", cpus=4), scene.worker("w2")
    measure(scene, "w1", 1000, 300)
    a, b, c = scene.jobs(3)
    give(scene, 7, [(one, a), (other, b), (one, c)])
    first, second = rounds.recent(scene.db, 10)
    assert (first.round, first.worker, first.job_id, first.jobs, first.kind) == (7, "w1", a, 2, "batch")
    assert (second.worker, second.job_id, second.jobs, second.policy) == ("w2", b, 1, "pack")
    assert (first.took_ms, first.claims, first.waits, first.term) == (2.5, 3, 1, scene.term)
    assert first.usage.keys() == {"w1"}
    assert (first.usage["w1"].cpu_percent, first.usage["w1"].memory_mb) == (25.0, 300)
    assert first.usage["w1"].sampled_at.tzinfo


def test_each_replica_is_a_row_of_its_own(scene: Scene) -> None:
    worker, ids = scene.worker(), scene.jobs(3, kind="service")
    give(scene, 7, [(worker, job) for job in ids])
    assert [(row.job_id, row.jobs, row.kind) for row in rounds.recent(scene.db, 9)] == [
        (job, 1, "service") for job in ids
    ]


def test_the_newest_rows_are_told_oldest_first(scene: Scene) -> None:
    worker = scene.worker()
    ids = scene.jobs(4)
    for number, job in enumerate(ids, start=1):
        give(scene, number, [(worker, job)])
    rounds.keep(scene.db, scene.term, 5, saw(scene), took_ms=1, claims=0, waits=3)  # it only refused
    assert [row.round for row in rounds.recent(scene.db, 3)] == [2, 3, 4]
    assert [row.job_id for row in rounds.recent(scene.db, 3)] == ids[1:]


def test_what_a_round_gave_before_is_what_it_gave_before(scene: Scene) -> None:
    one, other, (a, b, c) = scene.worker("w1"), scene.worker("w2"), scene.jobs(3, cpus=2)
    give(scene, 6, [(one, a)])
    give(scene, 7, [(other, b), (one, c)])
    third = scene.db.value("SELECT id FROM claims WHERE job_id = %s", c)
    given = Given(worker_id=other.worker_id, request=Resources(2000, 64, 0), tenant="default", kind="batch")
    assert rounds.given_before(scene.db, 7, third) == [given]
    assert rounds.given_before(scene.db, 7, third - 1) == []
    assert len(rounds.given_before(scene.db, 7, third + 1)) == 2


def test_only_the_newest_rounds_are_kept_and_none_that_is_old(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "MOST_KEPT", 3)
    picture = saw(scene)
    for number in range(1, 6):
        age = 100 if number == 4 else 0
        rounds.keep(scene.db, 1, number, replace(picture, at=picture.at - age), took_ms=1, claims=1, waits=0)
    assert rounds.prune(scene.db, 1000) == 2
    assert numbers(scene) == [3, 4, 5]
    assert rounds.prune(scene.db, 50) == 1
    assert numbers(scene) == [3, 5]


def numbers(scene: Scene) -> list[int]:
    """Of the rounds that are kept."""
    return [row[0] for row in scene.db.rows("SELECT number FROM rounds ORDER BY number")]


def test_a_usage_is_data_that_reads_back() -> None:
    used = UsagePicture(cpu_percent=None, memory_mb=1.0, sampled_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert rounds.decode_measures(rounds.encode({"w": used})) == {"w": used}
    assert RoundClaim.__struct_fields__[-1] == "usage"  # `recent` puts it last
