"""An hour in a lab: eight workers, three tenants, two services, and then things that go wrong."""

from __future__ import annotations

import random
from collections.abc import Mapping

from agentd.running import Running
from agentd.sampler import Host, Sample, Sampler
from clusterctl import __version__
from clusterctl.model.orders import Usage
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.model.states import AdminState
from clusterctl.store import administration, audit, submissions
from tests.cluster import Cluster, Worker
from tests.machine import Machine

MINUTE, HOUR = 60.0, 3600.0
STEP = 30.0  # seconds between two moments at which somebody hands in
# Tenant, name, CPUs, MiB, how long one runs at most, and how many come in an hour when it begins and when it ends.
HABITS = (
    ("vision", "train resnet", 4, 8192, 40 * MINUTE, 8, 40),
    ("vision", "evaluate", 2, 2048, 10 * MINUTE, 30, 90),
    ("physics", "sweep", 1, 1024, 8 * MINUTE, 120, 500),
    ("physics", "fit spectra", 8, 16384, 30 * MINUTE, 4, 16),
    ("teaching", "exercise 4", 1, 512, 2 * MINUTE, 60, 120),
)
RESERVED_ON = "SELECT w.name FROM allocations a JOIN workers w ON w.id = a.worker_id WHERE a.reserved ORDER BY a.id"


class BusySampler(Sampler):
    """Every job uses most of what it asked for; some use more."""

    def __init__(self, machine: Machine, chance: random.Random) -> None:
        super().__init__()
        self._machine = machine
        self._chance = chance
        self._busy: dict[int, float] = {}

    def sample(self, running: Mapping[int, Running]) -> Sample:
        """What the simulated jobs use just now."""
        usages = {}
        for id in running:
            if (attempt := self._machine.attempts.get(id)) is not None:
                busy = self._busy.setdefault(id, self._chance.uniform(0.35, 1.05))
                asked = attempt.order.request
                memory_mb = int(asked.memory_mb * min(busy, 0.95))
                usages[id] = Usage(
                    cpus=round(asked.cpu_milli / 1000 * busy * self._chance.uniform(0.9, 1.0), 2),
                    memory_mb=memory_mb,
                    memory_peak_mb=memory_mb,
                    processes=1 + asked.cpu_milli // 1000,
                )
        jobs = Usage(
            cpus=sum(usage.cpus for usage in usages.values()),
            memory_mb=sum(usage.memory_mb for usage in usages.values()),
        )
        host = Host(load1=round(jobs.cpus * 1.02, 2), memory_available_mb=32768, jobs=jobs, agent=Usage(memory_mb=48))
        return Sample(taken_at=0.0, usages=usages, host=host)


class Lab:
    """The cluster of the pictures. Two calls for the same *seed* make the same rows."""

    def __init__(self, url: str, admin_url: str, seed: int = 7) -> None:
        self.cluster = Cluster(url, admin_url, keep_samples=30 * 86400.0)
        self._chance = random.Random(seed)
        self.cluster.new_sampler = lambda machine: BusySampler(machine, self._chance)

    def live_an_hour(self) -> None:
        """Everything up to now: busier and busier, one worker drained, and one that has just fallen silent."""
        self.cluster.schedd("head")
        for number in range(1, 7):
            self._worker(f"cpu-{number:02d}", 8, 65536, zone="a" if number < 4 else "b")
        for number in range(1, 3):
            self._worker(f"gpu-{number:02d}", 16, 131072, zone="b", gpu="a100")
        self._service("web", 3, 1000, slo_p99_ms=50)
        self._service("search", 2, 2000)
        for moment in range(int(HOUR / STEP)):
            self._hand_in(moment * STEP / HOUR)
            self.cluster.pass_time(STEP)
        self._drain("cpu-04", "new disk on Thursday")
        self._submit("vision", "train vit", 8, 32768, HOUR, labels={"gpu": "h100"})
        self.cluster.workers["gpu-02"].die()
        self.cluster.pass_time(40)

    def lose_the_leader(self) -> None:
        """It dies when it has reserved CPUs, and so does the agent that was to start the job: nobody releases them."""
        while not (reserved := self.cluster.db.value(RESERVED_ON)):
            self.cluster.pass_time(0.25)
        self.cluster.workers[reserved].die()
        self.cluster.kill_schedd("head")
        self.cluster.pass_time(3 * MINUTE)

    def close(self) -> None:
        """Hang up."""
        self.cluster.close()

    def _worker(self, name: str, cpus: int, memory_mb: int, **labels: str) -> Worker:
        return self.cluster.worker(name, cpus, memory_mb, labels=labels, version=__version__)

    def _hand_in(self, share: float) -> None:
        """Somebody submits, oftener and oftener."""
        for tenant, name, cpus, memory_mb, longest, first, last in HABITS:
            expected = (first + (last - first) * share) * STEP / HOUR
            count = int(expected) + (self._chance.random() < expected % 1)
            for _ in range(count):
                self._submit(tenant, name, cpus, memory_mb, self._chance.uniform(0.2, 1.0) * longest)

    def _submit(
        self,
        tenant: str,
        name: str,
        cpus: int,
        memory_mb: int,
        seconds: float,
        *,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        code = 1 if self._chance.random() < 0.03 else 0
        submissions.submit(
            self.cluster.db,
            Submission(
                spec=Spec(command=("simulate", f"{seconds:.0f}", str(code), "")),
                request=Resources(cpus * 1000, memory_mb, 0),
                name=name,
                tenant=tenant,
                user={"vision": "ada", "physics": "lise"}.get(tenant, "kurt"),
                labels=dict(labels or {}),
            ),
        )

    def _service(self, name: str, replicas: int, cpu_milli: int, slo_p99_ms: int | None = None) -> None:
        submissions.submit(
            self.cluster.db,
            Submission(
                spec=Spec(command=("simulate", "inf", "0", ""), ready_after_s=1.0),
                request=Resources(cpu_milli, 1024, 0),
                kind="service",
                name=name,
                tenant="platform",
                user="grace",
                slo_p99_ms=slo_p99_ms,
                indices=tuple(range(replicas)),
            ),
        )

    def _drain(self, name: str, reason: str) -> None:
        administration.administer(self.cluster.db, [name], AdminState.DRAINING, reason, None)
        audit.note(self.cluster.db, "grace", "drain", [f"worker:{name}"], reason)
