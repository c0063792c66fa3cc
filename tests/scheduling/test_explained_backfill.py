"""Why a job waits for a worker that is kept, or for its deadline: in scenes, with the mend."""

from __future__ import annotations

from msgspec.structs import replace

from clusterctl.model.explanation import Explanation
from clusterctl.model.snapshot import Snapshot
from tests.scheduling.cluster import Picture, amount, cluster
from tests.scheduling.explained import (
    changes,
    ending,
    holding,
    like,
    seconds,
    steps,
    told_in,
    with_services,
)


def basis(found: Explanation) -> str:
    assert found.starts_at is not None
    return found.starts_at.basis


# --- Backfill


def kept() -> tuple[Picture, Snapshot]:
    """Job 90 holds 6 of the 8 CPUs of w1 for 600 s; job 1 needs all of them, job 2 only one, but without a limit."""
    picture = cluster().worker("w1", cpus=8, allocated=amount(cpus=6)).queued("head", cpus=8).queued("x", cpus=1)
    held = [holding(picture, "w1", job=90, cpus=6, limit=600)]
    return picture, ending(picture.snapshot(), held)


def explained(snapshot: Snapshot, picture: Picture, shape: str) -> Explanation:
    return told_in(snapshot, shape, held=[holding(picture, "w1", job=90, cpus=6, limit=600)])


def test_the_first_that_waits_for_room_is_told_which_worker_is_kept_for_it_and_until_when() -> None:
    picture, snapshot = kept()
    found = explained(snapshot, picture, "head")
    assert found.reason == "fits_now"
    assert found.headline.endswith(
        "; w1 is kept for it, where it can start at 00:10:00Z at the latest, by the limits of what runs there"
    )
    assert seconds(found) == 600


def test_whoever_would_delay_it_is_told_so_and_with_which_limit_it_would_not() -> None:
    picture, snapshot = kept()
    found = explained(snapshot, picture, "x")
    assert found.reason == "backfill"
    assert found.headline.endswith(
        "; w1 is kept for job 1, which can start there at 00:10:00Z at the latest, by the limits of what runs there"
    )
    assert steps(found) == [("backfill", 1, ("w1",))]
    assert found.steps[0].sentence == "kept for job 1, which waits for it"
    (head,) = found.blockers
    assert (head.job_id, head.worker, head.cpus) == (1, None, 8.0)
    assert changes(found)[0] == ("--time-limit 9m30s", "w1")
    assert basis(found) == "no estimate: too little of what is held has an expected end"


def test_the_limit_that_is_offered_is_no_longer_than_the_gap_and_no_quarter_of_what_was_asked() -> None:
    picture, snapshot = kept()
    head, x = snapshot.queue
    for limit, offered in ((601, True), (2000, True), (4000, False)):
        found = explained(replace(snapshot, queue=(head, replace(x, time_limit_s=limit))), picture, "x")
        assert (("--time-limit 9m30s", "w1") in changes(found)) == offered
    at_once = explained(replace(snapshot, queue=(head, replace(x, time_limit_s=500))), picture, "x")
    assert at_once.headline == "starts in the next round, on w1"


def test_a_forecast_waits_behind_the_job_for_which_the_worker_is_kept() -> None:
    picture, snapshot = kept()
    head, x = snapshot.queue
    snapshot = replace(snapshot, queue=(replace(head, time_limit_s=50), replace(x, time_limit_s=10_000)))
    assert seconds(explained(snapshot, picture, "head")) == 600
    assert seconds(explained(snapshot, picture, "x")) == 650


def test_in_a_large_cluster_too_the_worker_is_kept_that_the_first_can_have_first() -> None:
    """Beyond so many workers, the replay only asks about those on which something has ended."""
    picture = cluster()
    held = []
    for number in range(80):
        picture.worker(f"w{number:02}", cpus=4, allocated=amount(cpus=3))
        held.append(holding(picture, f"w{number:02}", job=1000 + number, cpus=3, limit=500 + number))
    picture.queued("head", cpus=4).queued("x", cpus=2)
    head, x = picture.snapshot().queue
    queue = (replace(head, time_limit_s=60), replace(x, time_limit_s=60))
    found = told_in(replace(ending(picture.snapshot(), held), queue=queue), "x", held=held)
    assert (seconds(found), found.best and found.best.worker) == (505, "w01")


def test_in_a_large_cluster_the_next_that_waits_keeps_its_own_best_worker() -> None:
    """Which is not the one on which something has just ended."""
    picture = cluster()
    for number in range(80):
        picture.worker(f"w{number:02}", cpus=4, allocated=amount(cpus=4), labels={"zone": "b" if number > 77 else "a"})
    picture.queued("first", cpus=4, priority=90, labels={"zone": "a"})
    picture.queued("second", cpus=4, priority=80, labels={"zone": "b"}).queued("x", cpus=2, labels={"zone": "b"})
    held = [
        holding(picture, "w00", job=900, cpus=4, limit=100),
        holding(picture, "w78", job=901, cpus=4, limit=400),
        holding(picture, "w79", job=902, cpus=2, limit=5000, similar=like(150)),
        holding(picture, "w79", job=903, cpus=2, limit=5000),
    ]
    found = told_in(ending(picture.snapshot(), held), "x", held=held)
    assert (seconds(found), found.best and found.best.worker) == (150, "w79")


def test_what_ended_before_its_limit_promises_nothing_any_more() -> None:
    """Job 90 ends at 100, and the room goes to a long job: the one behind it cannot have the worker at 600."""
    picture = cluster().worker("w1", cpus=8, allocated=amount(cpus=8)).queued("long", cpus=4, priority=90)
    picture.queued("head", cpus=8, priority=80).queued("x")
    long, head, x = picture.snapshot().queue
    queue = (replace(long, time_limit_s=10_000), head, replace(x, time_limit_s=1000))
    held = [
        holding(picture, "w1", job=90, cpus=4, limit=600, similar=like(100)),
        holding(picture, "w1", job=91, cpus=4, limit=300),
    ]
    assert seconds(told_in(replace(ending(picture.snapshot(), held), queue=queue), "x", held=held)) == 300


def test_the_first_that_waits_without_an_end_is_told_from_when_on_a_worker_is_kept_for_it() -> None:
    picture = cluster().worker("w1", cpus=8, allocated=amount(cpus=6)).queued("head", cpus=8, at=0).queued("x", cpus=8)
    snapshot = replace(picture.snapshot(), at=60.0)
    assert told_in(snapshot, "head").headline.endswith(
        "; nothing tells when it has room: from 00:10:00Z on, once it has waited for 10 min (starve_after), a worker is"
        " kept for it"
    )
    assert told_in(snapshot, "x").headline.endswith("full for now")
    none = replace(snapshot, steering=replace(snapshot.steering, backfill="none"))
    assert told_in(none, "head").headline.endswith("full for now")


def test_a_higher_priority_is_the_last_that_is_offered_instead_of_a_worker_that_is_kept_and_never_to_a_service() -> (
    None
):
    picture, snapshot = kept()
    found = [option for option, _ in changes(explained(snapshot, picture, "x"))]
    assert found == ["--time-limit 9m30s", "--priority 51"]
    served = explained(with_services(snapshot, "x"), picture, "x")
    assert (changes(served), served.reason) == ([], "backfill")
    assert served.advice.startswith("Wait, or bring another worker")


def test_of_a_head_with_a_limit_it_is_known_when_it_ends() -> None:
    picture, snapshot = kept()
    head, x = snapshot.queue
    (told,) = explained(replace(snapshot, queue=(replace(head, time_limit_s=120), x)), picture, "x").blockers
    assert told.expected_end is not None
    assert told.expected_end.timestamp() == 720
    assert told.basis == "it waits for w1, which it can have at 00:10:00Z at the latest; then its time limit of 2 min"


def test_a_job_that_has_waited_too_long_is_told_that_a_worker_is_kept_for_it_without_an_end() -> None:
    picture = cluster().worker("w1", cpus=8, allocated=amount(cpus=6)).queued("head", cpus=8).queued("x", cpus=1)
    snapshot = replace(picture.snapshot(), at=1000.0)
    found = told_in(snapshot, "head")
    assert found.headline.endswith(
        "; it has waited so long that w1 is kept for it: nobody else is given what it needs there"
    )
    behind = told_in(snapshot, "x")
    assert (behind.reason, behind.headline.endswith("; w1 is kept for job 1, which has waited too long")) == (
        "backfill",
        True,
    )
    assert "--priority 51" in dict(changes(behind))


def test_what_starts_elsewhere_is_told_that_a_worker_is_kept_from_it_in_all_tables_alike() -> None:
    """Job 90 holds 3 of the 4 CPUs of w1 for 600 s, job 1 waits for it; a service goes to w2, though w1 is emptier."""
    picture = cluster().worker("w1", cpus=4, allocated=amount(cpus=3), uses=(0, 0)).worker("w2", cpus=2, uses=(1, 0))
    picture.queued("head", cpus=4, limit=1800).service("web", cpus=0.1).ends("w1", 600, cpus=3)
    found = told_in(picture.snapshot(), "web")
    assert found.headline == "starts in the next round, on w2"
    assert (found.best and found.best.worker, found.candidates) == ("w2", 1)
    assert steps(found) == [("backfill", 1, ("w1",))]
    assert [(each.worker, each.removed_by) for each in found.candidate_table] == [("w1", "backfill"), ("w2", "")]
    (start,) = picture.plan().starts
    assert (start.candidates, start.refusals) == (1, {"backfill": 1})


def test_what_is_left_by_the_head_or_ends_in_time_is_kept_from_nobody() -> None:
    for limit, cpus in ((500, 0.5), (None, 0)):
        picture = cluster("spread").worker("w1", cpus=4, allocated=amount(cpus=3)).worker("w2", cpus=2)
        picture.queued("head", cpus=4).queued("x", cpus=cpus, limit=limit).ends("w1", 600, cpus=3)
        (start,) = picture.plan().starts
        assert (start.candidates, start.refusals) == (2, {})


# --- Deadlines


def test_a_deadline_tells_before_when_it_must_start_and_whether_that_is_to_be_expected() -> None:
    picture = cluster().worker("w1", cpus=1, allocated=amount(cpus=1)).queued("x")
    held = [holding(picture, "w1", limit=300)]
    found = told_in(picture.snapshot(), "x", held=held, deadline=1000.0, start_before=400.0)
    assert found.deadline is not None
    assert (found.deadline.at.timestamp(), found.deadline.start_before.timestamp()) == (1000, 400)
    assert found.deadline.sentence == (
        "it would have to start before 00:06:40Z, in 7 min, to keep its deadline of 00:16:40Z;"
        " else it is cancelled then"
    )
    late = told_in(picture.snapshot(), "x", held=held, deadline=800.0, start_before=200.0)
    assert late.deadline is not None
    assert late.deadline.sentence.endswith(", and that is not to be expected: it is cancelled then")


def test_nothing_is_held_for_services_by_backfill() -> None:
    """A service that has no room keeps no worker from anybody."""
    picture = cluster().worker("w1", cpus=8, allocated=amount(cpus=6)).queued("big", cpus=8, priority=90).queued("x")
    snapshot = with_services(picture.snapshot(), "big")
    assert told_in(snapshot, "x").headline == "starts in the next round, on w1"
