"""What is said of a wait for what is measured or claimed: with the figures that lead to the mend."""

from __future__ import annotations

import pytest

from clusterctl.model.resources import Resources
from clusterctl.model.snapshot import QueueGroup
from clusterctl.scheduling.words import SENTENCES, TELLERS, in_words
from tests.scheduling.cluster import Picture, cluster


def said(queue: Picture) -> str:
    (wait,) = queue.plan().waits
    return in_words(wait, queue.queue[0], queue.snapshot())


def test_workers_that_use_too_much_are_told_with_what_is_short() -> None:
    queue = cluster("resource_usage").worker("w1", uses=(3.5, 0)).worker("w2", uses=(0, 900))
    assert said(queue.queued("x", memory_mb=300)) == (  # what an agent may use itself is not counted
        "needs 1 CPU, 300 MiB; those that have so much free use too much as it is: "
        "w1: CPU insufficient: free 0.60 cores < req 1.00 cores; "
        "w2: memory insufficient: free 228 MiB < req 300 MiB"
    )


def test_three_workers_are_named_and_that_there_are_more() -> None:
    queue = cluster("slo").worker("ok", cpus=1, uses=(0, 0))
    for name in "abcd":
        queue.worker(name)
    assert said(queue.queued("x", cpus=2)) == (
        "needs 2 CPUs; of those that could hold it, it is not known what they use: "
        "a: nothing was measured; b: nothing was measured; c: nothing was measured; …"
    )


@pytest.mark.parametrize(
    "uses, ago, flaw",
    [
        ((0, 0), 130, "measured 130 s ago"),
        ((0, 2048), 0, "uses 2048 MiB of 1000M, more than it has"),
        ((-1, 0), 0, "says that it uses -1000 thousandths of CPUs, 0 MiB"),
    ],
)
def test_it_is_told_what_is_wrong_with_a_measure(uses: tuple[float, float], ago: float, flaw: str) -> None:
    queue = cluster("slo").worker("ok", cpus=1, uses=(0, 0)).worker("w", uses=uses, ago=ago)
    assert said(queue.queued("x", cpus=2)).endswith(f"what they use: w: {flaw}")


def test_a_claim_that_is_put_off_says_how_many_each_worker_takes() -> None:
    queue = cluster().worker("w", uses=(0, 0)).service("web", jobs=2)
    assert said(queue) == (
        "its best worker has had its share of this round (1 replica for each worker); its turn comes in a later one"
    )


def test_each_kind_names_the_setting_that_places_it() -> None:
    assert said(cluster("none").queued("x")) == "batch_placement is none: nothing is placed"
    queue = cluster().ruled(service_placement="none").service("x")
    assert said(queue) == "service_placement is none: nothing is placed"


def test_every_hole_in_a_sentence_can_be_filled() -> None:
    group = QueueGroup(shape="x", request=Resources(1000), worker="w", ids=(1,), submitted=(0.0,))
    snapshot = cluster().worker("w").snapshot()
    for sentence in SENTENCES.values():
        told = {name: str(tell(group, snapshot)) for name, tell in TELLERS.items()}
        assert "{" not in sentence.format(**told)
