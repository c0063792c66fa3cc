"""What a tenant may hold."""

from __future__ import annotations

from clusterctl.scheduling.words import in_words
from tests.scheduling.cluster import Picture, amount, cluster


def why(queue: Picture, shape: str) -> str:
    (group,) = (group for group in queue.queue if group.shape == shape)
    return in_words(queue.wait(shape), group, queue.snapshot())


def test_a_tenant_holds_no_more_cpus_than_its_quota() -> None:
    queue = cluster().worker("a", cpus=16).holds("sim", cpus=5).quota("sim", cpus=8, jobs=5)
    queue.queued("x", tenant="sim", jobs=5)
    assert queue.started() == ["x", "x", "x"]
    assert queue.waiting() == {"x": "tenant_quota"}
    assert queue.wait("x").refusals == {"tenant_quota": 1}
    assert why(queue, "x") == "needs 1 CPU; what starts in this round fills the quota of tenant sim"


def test_a_full_quota_is_told_with_its_figures() -> None:
    queue = cluster().worker("a", cpus=16).holds("sim", cpus=6).quota("sim", cpus=8, jobs=5)
    queue.queued("x", tenant="sim", cpus=4)
    assert why(queue, "x") == "needs 4 CPUs; tenant sim holds 6 of the 8 CPUs of its quota"


def test_a_tenant_has_no_more_jobs_running_than_its_quota() -> None:
    queue = cluster().worker("a", cpus=16).quota("sim", running=3, jobs=2).queued("x", tenant="sim", jobs=2)
    assert queue.started() == ["x"]
    full = cluster().worker("a", cpus=16).quota("sim", running=3, jobs=3).queued("x", tenant="sim")
    assert why(full, "x") == "needs 1 CPU; tenant sim has 3 of the 3 jobs of its quota running"


def test_a_smaller_job_may_still_fit_the_quota_and_other_tenants_have_nothing_to_do_with_it() -> None:
    queue = cluster().worker("a", cpus=16).holds("sim", cpus=6).quota("sim", cpus=8, jobs=1)
    queue.queued("large", tenant="sim", cpus=4).queued("small", tenant="sim", cpus=2).queued("other", cpus=4)
    assert sorted(queue.started()) == ["other", "small"]


def test_replicas_count_like_jobs() -> None:
    queue = cluster().worker("a", cpus=16, uses=(0, 0)).quota("sim", running=1).service("web", tenant="sim")
    queue.queued("x", tenant="sim")
    assert queue.started() == ["x"]
    assert queue.waiting() == {"web": "tenant_quota"}


def test_a_quota_of_nothing_starts_nothing() -> None:
    for queue in (cluster().quota("sim", cpus=0), cluster().quota("sim", running=0)):
        assert queue.worker("a").queued("x", tenant="sim").waiting() == {"x": "tenant_quota"}


def test_nothing_is_kept_for_a_job_that_its_quota_forbids() -> None:
    queue = cluster().worker("a", cpus=4, allocated=amount(cpus=2)).ends("a", 60, cpus=2).quota("sim", cpus=3)
    queue.queued("large", tenant="sim", cpus=4).queued("small", cpus=2)
    assert queue.plan().shadow is None
    assert queue.started() == ["small"]
