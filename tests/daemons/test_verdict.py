"""Who may claim services, as the claim log tells it: a score in its own sign, with as many digits as it takes."""

from __future__ import annotations

import pytest

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import Snapshot, WorkerPicture
from clusterctl.scheduling.usage import eligible
from schedd.verdict import verdict
from tests.scheduling.cluster import cluster

WORKERS = tuple(
    WorkerPicture(id=number, name=f"w{number}", capacity=Resources(4000, 4000, 0)) for number in range(1, 4)
)


@pytest.mark.parametrize(
    "policy, costs, told",
    [
        ("slo", (-65.0674, -67.6309, None), {"w1": "slo:65.07<67.63", "w3": "slo:missing"}),
        ("spread", (-0.00012, 0.0, -0.000121), {"w1": "spread:0.00012<0.000121", "w2": "spread:0<0.000121"}),
        ("pack", (1.0, 1.00000001, 1.0), {"w2": "pack:-1.00000001<-1"}),
        (
            "resource_usage",
            (0.2064, 0.1833, None),
            {"w1": "resource_usage:0.2064>0.1833", "w3": "resource_usage:missing"},
        ),
        ("service_count", (2.0, 1.0, 1.0), {"w1": "service_count:2.0000>1.0000"}),
    ],
)
def test_why_a_worker_may_not_claim_is_told_by_the_score_that_others_show(
    policy: str, costs: tuple[float | None, ...], told: dict[str, str]
) -> None:
    scores = {worker.name: cost for worker, cost in zip(WORKERS, costs, strict=True)}
    said = verdict(eligible(scores, policy), Snapshot(at=0.0, workers=WORKERS, queue=()), ())
    assert said.detail["not_eligible_reasons"] == told
    assert said.detail["metrics"] == scores, "of them the least is the best, whatever the policy"


def test_a_round_that_is_cut_before_the_turn_of_services_says_the_same_as_the_whole_one() -> None:
    queue = cluster().worker("a", cpus=16, uses=(0, 0)).worker("b", cpus=16, uses=(1, 0)).worker("c", cpus=16)
    queue.queued("job", jobs=3, priority=90).service("web", jobs=2)
    said = []
    for most in (1, 5000):
        queue.max_starts = most
        found = queue.plan().eligibility
        assert found is not None
        said.append(verdict(found, queue.snapshot(), ("a",)).shape)
    assert said[0] == said[1]
