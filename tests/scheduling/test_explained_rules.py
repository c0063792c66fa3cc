"""Why a job waits for what services, quotas and fairness want: in scenes, with the mend."""

from __future__ import annotations

from msgspec.structs import replace

from clusterctl.model.explanation import Explanation
from clusterctl.model.snapshot import Quota, Snapshot
from clusterctl.scheduling import plan
from clusterctl.scheduling.explanation import never_starts
from tests.scheduling.cluster import Picture, amount, cluster
from tests.scheduling.explained import (
    changes,
    holding,
    measured,
    seconds,
    steered,
    steps,
    told_in,
    with_services,
)

GIB = 1024


def basis(found: Explanation) -> str:
    assert found.starts_at is not None
    return found.starts_at.basis


# --- Services


def web(replicas: int = 3) -> Snapshot:
    """Two workers, the second of which carries less, and replicas that wait."""
    picture = cluster().worker("w1", cpus=8, memory_mb=16 * GIB).worker("w2", cpus=8, memory_mb=16 * GIB)
    picture.queued("web", jobs=replicas, memory_mb=512)
    return measured(with_services(picture.snapshot()), w1=(4, 4 * GIB), w2=(1, 2 * GIB))


def test_a_replica_that_starts_goes_to_the_least_loaded_and_its_score_is_told_by_parts() -> None:
    found = told_in(web(), "web")
    assert found.best is not None
    assert (found.best.worker, found.best.policy) == ("w2", "resource_usage")
    assert found.best.parts == {"cpu": -6.25, "memory": -1.0}
    assert sum(found.best.parts.values()) == found.best.score
    assert [(each.worker, each.score) for each in found.candidate_table] == [("w1", -27.0), ("w2", -7.25)]


def test_the_parts_of_a_score_are_of_the_moment_at_which_it_was_decided() -> None:
    snapshot = measured(web(2), w1=(4, 4 * GIB), w2=(4, 4 * GIB))
    first, second = (told_in(snapshot, "web", at) for at in (0, 1))
    assert (first.best and first.best.worker, second.best and second.best.worker) == ("w1", "w2")
    busy = steered(snapshot, service_claims_per_round=2)
    busy = measured(busy, w1=(0, 0), w2=(8, 8 * GIB))
    later = told_in(busy, "web", 1)
    assert later.best is not None
    assert later.best.worker == "w1"
    assert later.best.parts == {"cpu": -6.25, "memory": -0.25}
    assert sum(later.best.parts.values()) == later.best.score


def test_a_replica_whose_worker_has_had_its_share_is_told_the_loads_and_in_how_many_rounds_it_has_its_turn() -> None:
    snapshot = web(5)
    claimed = len(plan(snapshot).starts)
    assert claimed == 1  # the other worker is not the least loaded
    found = told_in(snapshot, "web", 4)
    assert found.reason == "service_claims"
    assert "w2 at 13.62, w1 at 27" not in found.headline  # as they were found, before anything was given
    assert found.headline.endswith("by resource_usage the least comes first: w2 at 7.25, w1 at 27")
    assert steps(found) == [("service_claims", 2, ("w1", "w2"))]
    assert (seconds(found), basis(found)) == (4.0, "1 replica is claimed in this round; in about 4 rounds more")
    assert changes(found) == []


def test_replicas_of_lost_workers_stand_before_the_others() -> None:
    snapshot = web(3)
    (old,) = snapshot.queue
    lost = replace(old, shape="lost", displaced=True, ids=(90, 91), submitted=(50.0, 51.0))
    snapshot = replace(snapshot, queue=(old, lost))
    found = told_in(snapshot, "web", 1)
    assert found.position is not None
    assert (found.position.before, found.position.of) == (3, 5)
    first = told_in(snapshot, "lost")
    assert first.position is not None
    assert (first.position.before, first.best and first.best.worker) == (0, "w2")


def test_services_stand_behind_batch_jobs_of_the_same_priority() -> None:
    picture = cluster().worker("w1").queued("web", jobs=2).queued("batch", jobs=3).queued("low", priority=10)
    found = told_in(with_services(picture.snapshot(), "web"), "web", 1)
    assert found.position is not None
    assert (found.position.before, found.position.of, found.share) == (4, 6, None)


def test_a_worker_of_which_no_fresh_measure_is_known_is_named_with_the_age_of_the_last() -> None:
    picture = cluster().worker("w1", labels={"zone": "a"}).worker("w2", labels={"zone": "a"}).worker("w3")
    snapshot = with_services(picture.queued("web", labels={"zone": "a"}).snapshot())
    found = told_in(measured(snapshot, w1=(1, 100, 130.0), w3=(1, 100)), "web")
    assert found.reason == "measured"
    assert found.headline.endswith("it is not known what they use: w1: measured 130 s ago; w2: nothing was measured")
    assert changes(found)[0] == ("clusterctl config set use_measures never", "w1")
    assert basis(found) == "no estimate: nothing tells when its workers are measured again"


def test_a_worker_that_uses_more_than_it_holds_is_told_with_what_it_is_short_of() -> None:
    picture = cluster().worker("w1", cpus=4).worker("w2", cpus=1).queued("web", cpus=2)
    found = told_in(measured(with_services(picture.snapshot()), w1=(3, 100), w2=(0, 0)), "web")
    assert (found.reason, found.candidates) == ("fits_load", 0)
    assert found.headline.endswith(": w1: CPU insufficient: free 1.10 cores < req 2.00 cores")
    assert ("clusterctl config set use_measures never", "w1") in changes(found)


def test_where_services_are_not_placed_the_setting_that_places_them_is_told() -> None:
    found = told_in(steered(web(), service_placement="none"), "web")
    assert found.reason == "policy_disabled"
    assert "service_placement" in found.headline
    assert changes(found) == [("clusterctl config set service_placement resource_usage", "w2")]


def test_without_any_fresh_measure_the_policy_that_stands_in_is_told() -> None:
    picture = cluster().worker("w1").queued("web")
    found = told_in(with_services(picture.snapshot()), "web")
    assert found.best is not None
    assert (found.best.policy, found.best.fallback) == (
        "service_count",
        "no worker has a fresh measure: by service_count",
    )


def test_a_replica_avoids_the_worker_on_which_it_crashed_and_that_is_told() -> None:
    snapshot = web(1)
    (group,) = snapshot.queue
    found = told_in(replace(snapshot, queue=(replace(group, avoid=snapshot.workers[1].id),)), "web")
    assert ("avoid", 1, ("w2",)) in steps(found)
    assert found.headline == "starts in the next round, on w1"


# --- Quotas


def bounded(quota: Quota, held: int = 8) -> tuple[Picture, Snapshot]:
    """Tenant sim holds 8 of 16 CPUs with jobs of 4, and one more of its jobs waits."""
    picture = cluster().worker("w1", cpus=16, allocated=amount(cpus=held)).holds("sim", cpus=held)
    picture.queued("x", cpus=4, tenant="sim")
    return picture, replace(picture.snapshot(), quotas={"sim": replace(quota, holds=2)})


def test_a_full_quota_names_the_jobs_that_hold_it_and_how_much_more_it_would_take() -> None:
    picture, snapshot = bounded(Quota(cpu_milli=8000))
    held = [
        holding(picture, "w1", job=40 + number, cpus=4, tenant=tenant, limit=100 * number)
        for number, tenant in ((1, "sim"), (2, "sim"), (3, "other"))
    ]
    found = told_in(snapshot, "x", held=held)
    assert found.reason == "tenant_quota"
    assert found.headline == (
        "needs 4 CPUs; tenant sim holds 8 of the 8 CPUs of its quota; it starts once job 41 has ended"
    )
    assert [each.job_id for each in found.blockers] == [41]
    assert seconds(found) == 100
    assert changes(found) == [("clusterctl tenant sim --max-cpus 12", "w1"), ("--tenant default", "w1")]
    assert steps(found) == [("tenant_quota", 1, ("w1",))]


def test_what_is_more_than_the_whole_quota_is_told_that_no_end_helps() -> None:
    for quota, why in (
        (Quota(cpu_milli=2000), "that is more than the whole quota of tenant sim, 2 CPUs"),
        (Quota(running=0), "the quota of tenant sim lets none of its jobs run"),
    ):
        picture, snapshot = bounded(quota)
        found = told_in(snapshot, "x", held=[holding(picture, "w1", job=41, cpus=4, tenant="sim", limit=100)])
        assert (found.reason, found.headline, found.blockers) == ("tenant_quota", f"needs 4 CPUs; {why}", ())
        assert basis(found) == "no estimate: no end of a job makes the quota of its tenant larger"
        assert changes(found)[0][0].startswith("clusterctl tenant sim --max-")
        assert never_starts(snapshot, snapshot.queue[0]) == found.headline
        full = replace(snapshot, workers=(replace(snapshot.workers[0], allocated=amount(cpus=16)),))
        assert told_in(full, "x").advice == "Ask for less, or raise the quota: `clusterctl tenant sim`."
    assert never_starts(bounded(Quota(cpu_milli=4000, running=1))[1], snapshot.queue[0]) == ""


def test_a_quota_of_jobs_is_raised_by_its_own_option() -> None:
    _, snapshot = bounded(Quota(running=2))
    found = told_in(snapshot, "x")
    assert changes(found)[0] == ("clusterctl tenant sim --max-running 3", "w1")


def test_what_is_left_of_a_quota_would_do() -> None:
    _, snapshot = bounded(Quota(cpu_milli=10_000))
    assert ("--cpus 2", "w1") in changes(told_in(snapshot, "x"))


def test_a_quota_of_jobs_has_room_again_when_one_of_them_ends_wherever_that_is() -> None:
    """In a small cluster, and in one so large that only the worker is asked on which something has ended."""
    for workers in (2, 80):
        picture = cluster()
        for number in range(workers):
            picture.worker(f"w{number:02}", cpus=4, labels={"number": str(number)})
        picture.queued("x", tenant="sim", labels={"number": "1"})
        snapshot = replace(picture.snapshot(), quotas={"sim": Quota(running=1, holds=1)})
        held = [holding(picture, "w00", job=90, tenant="sim", limit=100)]
        found = told_in(snapshot, "x", held=held)
        assert (seconds(found), [each.job_id for each in found.blockers]) == (100, [90])


def test_a_quota_that_the_round_itself_fills_is_full() -> None:
    picture = cluster().worker("w1", cpus=16).queued("first", cpus=6, tenant="sim").queued("x", cpus=4, tenant="sim")
    snapshot = replace(picture.snapshot(), quotas={"sim": Quota(cpu_milli=8000)})
    found = told_in(snapshot, "x")
    assert (found.reason, [each.job_id for each in found.blockers]) == ("tenant_quota", [1])
    assert changes(found)[0] == ("clusterctl tenant sim --max-cpus 10", "w1")


def test_a_quota_is_not_believed_to_be_why_a_job_waits_that_has_no_room_either() -> None:
    """The command would not start it, so it is not proposed."""
    picture = cluster().worker("w1", cpus=8, allocated=amount(cpus=8)).holds("sim", cpus=8)
    picture.queued("x", cpus=4, tenant="sim")
    found = told_in(replace(picture.snapshot(), quotas={"sim": Quota(cpu_milli=8000, holds=2)}), "x")
    assert changes(found) == []


# --- Fairness


def test_the_share_of_the_tenant_and_who_goes_first_because_of_it_are_told_in_a_line() -> None:
    picture = cluster().worker("w1", cpus=10).holds("sim", cpus=3).holds("bio", cpus=1)
    picture.queued("x", tenant="sim").queued("y", tenant="bio").queued("z", tenant="geo", priority=90)
    found = told_in(replace(picture.snapshot(), recent={"sim": amount(cpus=1)}, weights={"sim": 2.0}), "x")
    assert found.share is not None
    assert (found.share.held, found.share.recent, found.share.share) == (0.3, 0.1, 0.2)
    assert (found.share.rivals, found.share.first) == (1, ("bio",))
    assert found.share.sentence == (
        "sim holds 30 % of the cluster, and held 10 % of late, by weight 2; bio has less, and goes first"
    )


def test_whoever_has_more_does_not_go_first() -> None:
    picture = cluster().worker("w1", cpus=10).holds("sim", cpus=1).holds("bio", cpus=2)
    found = told_in(picture.queued("x", tenant="sim").queued("y", tenant="bio").snapshot(), "x")
    assert found.share is not None
    assert found.share.sentence == "sim holds 10 % of the cluster; no tenant that waits beside it has less"


def test_what_a_tenant_held_of_late_counts_in_its_position() -> None:
    picture = cluster().worker("w1", cpus=10, allocated=amount(cpus=10))
    picture.queued("x", tenant="sim").queued("y", tenant="bio", jobs=3)
    assert positions(picture.snapshot()) == (0, 1)
    assert positions(replace(picture.snapshot(), recent={"sim": amount(cpus=2.5)})) == (3, 0)


def positions(snapshot: Snapshot) -> tuple[int, int]:
    """How many stand before x, and before the first of y."""
    x, y = told_in(snapshot, "x").position, told_in(snapshot, "y").position
    assert x is not None
    assert y is not None
    return x.before, y.before


def test_where_tenants_take_no_turns_no_share_is_told() -> None:
    picture = cluster(order="priority").worker("w1").queued("x", tenant="sim").queued("y", tenant="bio")
    assert told_in(picture.snapshot(), "x").share is None
    assert told_in(cluster().worker("w1").queued("x", tenant="sim").snapshot(), "x").share is None
