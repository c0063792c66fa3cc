"""The table behind a decision: each worker, and what took it out or how it scored."""

from __future__ import annotations

from clusterctl.model.candidates import Candidate
from clusterctl.model.states import AdminState, LiveState
from clusterctl.scheduling import candidate_table
from tests.scheduling.cluster import Picture, amount, cluster


def table(picture: Picture) -> dict[str, Candidate]:
    snapshot = picture.snapshot()
    return {each.worker: each for each in candidate_table(snapshot.queue[-1], snapshot)}


def test_every_worker_is_in_it_with_the_filter_that_removed_it_or_its_score_by_parts() -> None:
    queue = cluster().worker("closed", admin=AdminState.CLOSED).worker("lost", live=LiveState.LOST)
    queue.worker("blind").worker("busy", uses=(3.5, 0)).worker("full", allocated=amount(cpus=4), uses=(0, 0))
    queue.worker("good", uses=(1, 512)).worker("crashed", uses=(0, 0)).service("web", avoid="crashed")
    told = table(queue)
    assert list(told) == sorted(told)
    assert {name: each.removed_by for name, each in told.items() if each.removed_by} == {
        "closed": "admin_open",
        "lost": "live",
        "blind": "measured",
        "busy": "fits_load",
        "full": "fits_now",
        "crashed": "avoid",
    }
    assert told["good"] == Candidate(worker="good", score=-12.75, parts={"cpu": -12.5, "memory": -0.25})


def test_it_is_of_the_policy_for_the_kind_of_the_job() -> None:
    queue = cluster("spread").worker("a", cpus=2, gpus=1, uses=(1, 0))
    assert table(queue.queued("x"))["a"].parts == {"gpus": 1, "cpus": 1, "memory_mb": 1000}
    assert set(table(queue.service("web"))["a"].parts) == {"cpu", "memory"}


def test_what_stands_in_for_the_policy_is_what_scores() -> None:
    assert table(cluster().worker("a", services=2).service("web"))["a"].parts == {"services": 2}


def test_a_worker_that_is_kept_for_another_job_is_out_unless_the_chain_had_removed_it_before() -> None:
    queue = cluster().worker("a").worker("b").worker("full", allocated=amount(cpus=4)).queued("x")
    snapshot = queue.snapshot()
    ids = {worker.name: worker.id for worker in snapshot.workers}
    for name, removed in (("a", ["backfill", "", "fits_now"]), ("full", ["", "", "fits_now"])):
        found = candidate_table(snapshot.queue[0], snapshot, ids[name])
        assert [each.removed_by for each in found] == removed


def test_where_nothing_is_placed_nobody_has_a_score() -> None:
    found = table(cluster("none").worker("a").worker("b", cpus=0.5).queued("x"))
    assert [(each.removed_by, each.score) for each in found.values()] == [("", None), ("fits_ever", None)]
