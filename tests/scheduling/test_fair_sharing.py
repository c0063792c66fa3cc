"""What dominant resource fairness promises, where jobs are small enough that they can be shared out.

(Ghodsi et al., "Dominant Resource Fairness", NSDI 2011, section 3.) Each tenant asks for jobs of one shape, without
end; one worker, so that nothing is lost between machines. A job is at most a hundredth of what there is, and
by a few of these a share may miss the ideal.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from clusterctl.model.resources import Resources
from clusterctl.scheduling.measures import dominant_share
from tests.scheduling.cluster import cluster

CPUS, MEMORY = 800, 800_000
CAPACITY = Resources(CPUS * 1000, MEMORY)
MISSED = (
    0.1  # what is left when no job of the others fits any more goes to the smallest: up to seven jobs of a hundredth
)


class Demand(NamedTuple):
    """The jobs of one tenant: what each asks for, and the tenant's weight."""

    cpus: int
    memory_mb: int
    weight: float

    @property
    def share(self) -> float:
        return dominant_share(Resources(self.cpus * 1000, self.memory_mb), CAPACITY)

    def jobs_of(self, cpus: float, memory_mb: float) -> float:
        """How many of its jobs so much would hold."""
        return min(cpus / self.cpus, memory_mb / self.memory_mb)


demands = st.lists(
    st.builds(Demand, st.integers(1, 8), st.integers(1000, 8000), st.sampled_from([1.0, 1.0, 2.0])),
    min_size=2,
    max_size=5,
)


def shared_out(tenants: list[Demand]) -> list[int]:
    """Whose jobs start, in turn, until the cluster is full."""
    queue = cluster(max_starts=10_000).worker("w", cpus=CPUS, memory_mb=MEMORY)
    for number, demand in enumerate(tenants):
        queue.weighs(str(number), demand.weight)
        queue.queued(str(number), tenant=str(number), cpus=demand.cpus, memory_mb=demand.memory_mb, jobs=CPUS, at=0)
    return [int(shape) for shape in queue.started()]


def counted(tenants: list[Demand]) -> list[int]:
    """How many jobs each tenant has then."""
    started = Counter(shared_out(tenants))
    return [started[number] for number in range(len(tenants))]


@given(demands)
def test_nobody_does_worse_than_with_a_cluster_of_its_own_of_its_weight(tenants: list[Demand]) -> None:
    """Sharing incentive."""
    together = sum(demand.weight for demand in tenants)
    for demand, jobs in zip(tenants, counted(tenants), strict=True):
        part = demand.weight / together
        alone = demand.jobs_of(CPUS * part, MEMORY * part)
        assert jobs * demand.share >= alone * demand.share - MISSED


@given(demands)
def test_nobody_would_rather_have_what_another_has(tenants: list[Demand]) -> None:
    """No envy, by their weights."""
    counts = counted(tenants)
    for mine, my_jobs in zip(tenants, counts, strict=True):
        for other, their_jobs in zip(tenants, counts, strict=True):
            with_theirs = mine.jobs_of(their_jobs * other.cpus, their_jobs * other.memory_mb)
            assert my_jobs * mine.share >= with_theirs * mine.share * mine.weight / other.weight - MISSED


@given(demands)
def test_every_job_that_starts_is_of_the_poorest_tenant_that_can_still_be_given_one(tenants: list[Demand]) -> None:
    turns = shared_out(tenants)
    left, counts = Counter(turns), Counter[int]()
    for turn in turns:
        shares = {at: counts[at] * tenants[at].share / tenants[at].weight for at in +left}
        assert shares[turn] <= min(shares.values()) + 1e-9
        counts[turn] += 1
        left[turn] -= 1


def test_nobody_gains_by_asking_for_more_than_it_needs() -> None:
    """Strategy-proofness, in the example of the paper: who asks for three times the CPUs runs fewer jobs."""
    honest, rival = Demand(1, 4000, 1.0), Demand(3, 1000, 1.0)
    assert counted([honest._replace(cpus=3), rival])[0] <= counted([honest, rival])[0]


def test_use_of_late_counts_like_use_of_now() -> None:
    queue = cluster().worker("w", cpus=4).held_lately("ann", cpus=3)
    queue.queued("x", tenant="ann", jobs=4, at=1).queued("y", tenant="bob", jobs=4, at=2)
    assert queue.started() == ["y", "y", "y", "x"]
