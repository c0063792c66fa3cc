"""What rounds leave behind: only what has changed is written, and what stands is one row however often it is said."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from clusterctl.clock import Bell, VirtualClock
from clusterctl.daemon import Agenda
from clusterctl.model.plan import Eligibility, Plan, Shadow, Wait
from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Measured, QueueGroup, Snapshot, WorkerPicture
from clusterctl.model.states import LiveState
from clusterctl.store.connection import Database
from schedd.chronicle import FOLD_EVERY, MOST_FOLDED, Chronicle
from schedd.round import Outcome

AT = 1_767_225_600.0  # 2026-01-01
A, B, C = (str(uuid.UUID(int=number)) for number in (1, 2, 3))
ROOM = Resources(4000, 4000, 0)


class Story:
    """A chronicle, and rounds that are told to it."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock, self.bell = VirtualClock(), Bell()
        self.chronicle = Chronicle(db, Agenda(self.clock))
        self.number = 0

    def round(
        self,
        waits: Mapping[str, str] | None = None,
        found: Eligibility | None = None,
        workers: tuple[WorkerPicture, ...] = (),
        *,
        shadow: Shadow | None = None,
        placed: int = 0,
        replicas: int = 0,
        then: float = 1.0,
    ) -> None:
        """A round in which these shapes waited for these reasons; *then* so many seconds pass."""
        said = waits or {}
        groups = (
            QueueGroup(shape=shape, request=Resources(1000), ids=(at,), submitted=(AT,))
            for at, shape in enumerate(said)
        )
        decided = Plan(
            waits=tuple(Wait(shape=shape, job_id=at, reason=why) for at, (shape, why) in enumerate(said.items())),
            eligibility=found,
            shadow=shadow,
        )
        self.number = self.chronicle.number()
        done = Outcome(
            picture=Snapshot(at=AT, workers=workers, queue=tuple(groups)),
            decided=decided,
            placed=Counter({"w1": placed}),
            replicas=replicas,
            reserved_milli=0,
            unfinished=False,
            conflicts=(),
        )
        self.chronicle.tell(done, 1, self.number, 1.5)
        self.clock.wait(self.bell, then)

    def rows(self, event: str = "ClaimSkipped") -> list[tuple[Any, ...]]:
        """Reason, repeats and whether it stands, in the order in which they were first said."""
        return self.db.rows("SELECT reason, repeats, open FROM claims WHERE event = %s ORDER BY id", event)

    def details(self, event: str = "ClaimEligibility") -> list[dict[str, Any]]:
        """What the rows of an event say of it."""
        return [row[0] for row in self.db.rows("SELECT detail FROM claims WHERE event = %s ORDER BY id", event)]

    def kept(self) -> list[int]:
        """The numbers of the rounds that are kept."""
        return [row[0] for row in self.db.rows("SELECT number FROM rounds ORDER BY number")]


@pytest.fixture
def story(database: str) -> Iterator[Story]:
    """A chronicle that begins."""
    with Database(database, name="test") as db:
        told = Story(db)
        yield told
        told.bell.close()


def worker(name: str, milli: float | None = None, memory_mb: float = 0, **facts: Any) -> WorkerPicture:
    """A worker, and what was measured of it."""
    measured = None if milli is None else Measured(cpu_milli=milli, memory_mb=memory_mb, at=AT - 2.5)
    return WorkerPicture(id=int(name[1:]), name=name, capacity=ROOM, measured=measured, **facts)


def lightest(**metrics: float | None) -> Eligibility:
    """Who may claim by these scores."""
    least = min((each for each in metrics.values() if each is not None), default=None)
    reasons = {
        name: "resource_usage:missing" if each is None else f"resource_usage:{each:.4f}>{least:.4f}"
        for name, each in metrics.items()
        if each is None or each != least
    }
    return Eligibility(
        policy="resource_usage",
        eligible=tuple(name for name in metrics if name not in reasons),
        metrics=metrics,
        minimum=least,
        reasons=reasons,
    )


def test_each_refusal_is_counted_from_its_own_first_round(story: Story) -> None:
    story.round({A: "fits_now"})
    story.round({A: "fits_now"})
    story.round({A: "fits_now", B: "label"})
    for _ in range(3):
        story.round({A: "fits_now", B: "label"})
    story.round({B: "label"})
    assert story.rows() == [("fits_now", 6, False), ("label", 1, True)]
    for _ in range(int(FOLD_EVERY)):
        story.round({B: "label"})
    story.round()
    assert story.rows() == [("fits_now", 6, False), ("label", 15, False)]


def test_a_round_writes_only_what_has_changed(story: Story) -> None:
    crowd = {str(uuid.UUID(int=number)): "service_claims" for number in range(1, 3000)}
    story.round(crowd)
    before = dict(story.db.rows("SELECT id, xmin::text || ctid::text FROM claims"))
    story.round({**crowd, A: "fits_now"})
    after = dict(story.db.rows("SELECT id, xmin::text || ctid::text FROM claims"))
    changed = [id for id, version in after.items() if before.get(id) != version]
    assert len(changed) == 2, "one is closed and one is opened"


def test_what_thousands_of_shapes_repeat_is_counted_by_and_by(story: Story) -> None:
    crowd = {str(uuid.UUID(int=number)): "service_claims" for number in range(1, 2 * MOST_FOLDED + 2)}
    story.round(crowd, then=FOLD_EVERY)
    told = []
    for _ in range(3):
        story.round(crowd)
        told.append(story.db.value("SELECT count(*) FROM claims WHERE repeats > 1"))
    assert told == [MOST_FOLDED, 2 * MOST_FOLDED, 2 * MOST_FOLDED + 1]
    assert story.db.rows("SELECT repeats, count(*) FROM claims GROUP BY repeats ORDER BY repeats") == [
        (2, MOST_FOLDED),
        (3, MOST_FOLDED),
        (4, 1),
    ]
    story.round()
    assert story.db.value("SELECT count(*) FROM claims WHERE repeats = 4 AND NOT open") == 2 * MOST_FOLDED + 1


def test_another_leader_takes_over_what_stands(story: Story) -> None:
    story.round({A: "fits_now", B: "label"})
    story.chronicle.begin_anew()
    story.round({A: "fits_now"})
    assert story.rows() == [("fits_now", 2, True), ("label", 1, False)]


def test_what_is_said_to_services_is_told_in_the_words_that_operators_grep_for(story: Story) -> None:
    reasons = ["unsatisfiable", "service_claims", "label", "policy_disabled", "tenant_quota"]
    story.round({str(uuid.UUID(int=at + 1)): reason for at, reason in enumerate(reasons)})
    told = dict(story.db.rows("SELECT reason, detail->>'reason' FROM claims"))
    assert [told[reason] for reason in reasons] == [
        "no_fit",
        "not_eligible",
        "no_candidate",
        "policy_disabled",
        "tenant_quota",
    ]


def test_the_first_in_line_is_told_which_worker_is_kept_for_it_and_until_when(story: Story) -> None:
    kept = Shadow(job_id=0, shape=A, worker_id=2, at=AT + 90.4, extra=Resources())
    story.round({A: "fits_now", B: "fits_now"}, workers=(worker("w1"), worker("w2")), shadow=kept)
    head, other = story.details("ClaimSkipped")
    assert (head["kept_worker"], head["kept_until"]) == ("w2", "2026-01-01T00:01:30Z")
    assert "kept_worker" not in other


def test_who_may_claim_is_told_with_every_field(story: Story) -> None:
    workers = (
        worker("w1", 400, 900.5),
        worker("w2", 200, 700),
        worker("w3", live_state=LiveState.SILENT),
    )
    story.round(found=lightest(w1=0.5, w2=0.25, w3=None), workers=workers)
    assert story.rows("ClaimEligibility") == [("eligible", 1, True)]
    assert story.details() == [
        {
            "eligible": True,
            "policy": "resource_usage",
            "active_workers": ["w2", "w1"],
            "eligible_workers": ["w2"],
            "metrics": {"w1": 0.5, "w2": 0.25, "w3": None},
            "min_metrics": 0.25,
            "usage": {
                "w1": {"cpu_percent": 10.0, "memory_mb": 900.5, "sampled_at": "2025-12-31T23:59:57.500Z"},
                "w2": {"cpu_percent": 5.0, "memory_mb": 700.0, "sampled_at": "2025-12-31T23:59:57.500Z"},
                "w3": None,
            },
            "not_eligible_reasons": {"w1": "resource_usage:0.5000>0.2500", "w3": "resource_usage:missing"},
        }
    ]


def test_loads_that_move_make_no_new_row_and_stand_in_it_when_it_is_counted(story: Story) -> None:
    for load in range(int(FOLD_EVERY) + 1):
        story.round(found=lightest(w1=0.5 + load, w2=0.25), workers=(worker("w1", 1), worker("w2", 1)))
    assert story.rows("ClaimEligibility") == [("eligible", 11, True)]
    assert story.details()[0]["metrics"]["w1"] == 0.5 + FOLD_EVERY


def test_who_is_the_least_loaded_is_news_only_when_somebody_claims(story: Story) -> None:
    workers = (worker("w1", 1), worker("w2", 1))
    story.round(found=lightest(w1=0.5, w2=0.25), workers=workers)
    story.round(found=lightest(w1=0.125, w2=0.25), workers=workers)
    assert len(story.rows("ClaimEligibility")) == 1
    story.round(found=lightest(w1=0.125, w2=0.25), workers=workers, placed=1, replicas=1)
    assert story.rows("ClaimEligibility") == [("eligible", 2, False), ("eligible", 1, True)]
    assert [told["eligible_workers"] for told in story.details()] == [["w2"], ["w1"]]


@pytest.mark.parametrize(
    "then",
    [
        lightest(w1=None, w2=0.25),
        lightest(w1=None, w2=None),
        replace(lightest(w1=0.5, w2=0.25), fallback="no worker has a fresh measure"),
        replace(lightest(w1=0.5, w2=0.25), policy="slo"),
    ],
)
def test_another_verdict_is_another_row(story: Story, then: Eligibility) -> None:
    workers = (worker("w1", 1), worker("w2", 1))
    story.round(found=lightest(w1=0.5, w2=0.25), workers=workers)
    story.round(found=then, workers=workers)
    assert [stands for _, _, stands in story.rows("ClaimEligibility")] == [False, True]
    story.round()
    assert [stands for _, _, stands in story.rows("ClaimEligibility")] == [False, False]


def test_a_row_names_no_more_workers_than_somebody_reads(story: Story) -> None:
    names = [f"w{number}" for number in range(1, 101)]
    metrics: dict[str, float | None] = {name: float(at % 50 + 1) for at, name in enumerate(names)}
    metrics["w99"] = None
    story.round(found=lightest(**metrics), workers=tuple(worker(name, 1) for name in names))
    (told,) = story.details()
    assert told["more"] == 36
    assert len(told["usage"]) == len(told["metrics"]) == 64
    assert told["eligible_workers"] == ["w1", "w51"]
    assert max(told["metrics"].values()) <= 33
    assert "w99" not in told["usage"], "who has no metric is the farthest"


def test_a_measure_that_is_no_number_is_told_as_none(story: Story) -> None:
    workers = (worker("w1", float("nan")),)
    found = Eligibility(policy="resource_usage", eligible=(), metrics={"w1": float("nan")}, minimum=None)
    story.round(found=found, workers=workers)
    (told,) = story.details()
    assert (told["usage"], told["metrics"], told["eligible"]) == ({"w1": None}, {"w1": None}, False)


def test_every_round_that_gave_replicas_is_kept_and_one_a_second_of_the_others(story: Story) -> None:
    numbers = {}
    for what, placed, replicas, then in (
        ("jobs", 3, 0, 0.0),
        ("more jobs", 3, 0, 0.0),
        ("a replica", 1, 1, 0.0),
        ("another", 1, 1, 1.5),
        ("nothing", 0, 0, 0.0),
    ):
        story.round(placed=placed, replicas=replicas, then=then)
        numbers[story.number] = what
    for what in ("a new no", "the same no"):
        story.round({A: "fits_now"}, then=1.5)
        numbers[story.number] = what
    assert [numbers[number] for number in story.kept()] == ["jobs", "a replica", "another", "a new no"]


def test_a_new_leader_counts_on_where_no_other_has_counted(story: Story, database: str) -> None:
    story.round()
    with Database(database, name="other") as db:
        other = Story(db)
        other.round()
        other.bell.close()
        story.round()
        assert story.number < other.number
        assert len({story.chronicle.number() for _ in range(2500)} | {other.number}) == 2501
