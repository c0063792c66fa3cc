"""What an agentd costs that has much to watch: 200 running jobs with 1,000 processes.

Each job is a shell with four children that sleep; one of a hundred children spins, and another starts a process ten
times a second (both give way to everybody else). After the start has been digested, for more than a minute: the CPU of
the whole agentd at the default intervals, in percent of one core (the kernel counts in 10 ms), and of sampling alone,
by agentd's own sampler in this process, with the same rests, on the same processes. So too with a memory limit, which
has it look once a second. At the end the memory of agentd (RSS), and the median private memory of the jobs'
supervisors, which is what a running job adds. The pass goes over all processes of the machine: there were more.
"""

from __future__ import annotations

import json
import sys
from statistics import median
from time import monotonic, process_time, sleep

from agentd.journal import boottime
from agentd.running import Running
from agentd.sampler import Sampler
from agentd.supervisor.tree import CLOCK_TICKS, children_of, descendants, read_processes
from bench import stack
from bench.idle import memory_mb, ticks, warm_process
from clusterctl import operations
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.settings import Settings

SLEEPS = "sleep 900 & "
SPINS = "nice -n 19 sh -c 'while :; do :; done' & "
SPAWNS = "nice -n 19 sh -c 'while :; do sleep 0.1; done' & "
CHILDREN = 4
EVERY = 100  # jobs, of which one spins, and another spawns
SETTLING_S = 12.0  # two samples: what a start needs is given back


def measure(quick: bool) -> dict[str, object]:
    """Of agentd, of sampling, and of a job."""
    jobs, seconds = (40, 6.0) if quick else (200, 66.0)
    with stack.running() as running:
        agent = running.pid(stack.WORKER)
        submit(running, jobs)
        running.await_running(jobs, 120)
        sleep(SETTLING_S / 4 if quick else SETTLING_S)
        watched = attempts(warm_process(agent))
        before, begun = ticks(agent), monotonic()
        sampled = sampling(watched, seconds, Settings().sample_every)
        spent = (ticks(agent) - before) / CLOCK_TICKS / (monotonic() - begun)
        limited = sampling(watched, seconds / 4, Settings().memory_check_every)
        private = [memory_mb(each.supervisor_pid) for each in watched.values()]
        found = {
            "jobs": len(watched),
            "processes": len(beneath(watched)),
            "of_the_machine": len(read_processes()),
            "sampling_core_percent": sampled["core_percent"],
            "sampling": sampled,
            "sampling_each_second": limited,
            "agentd": {"core_percent": round(100 * spent, 2), **memory_mb(agent)},
            "running_job": {kind: round(median(each[kind] for each in private), 2) for kind in private[0]},
        }
        operations.cancel(running.cluster, range(1, jobs + 1))
        running.await_end()
    return found


def submit(running: stack.Running, jobs: int) -> None:
    """Arrays of jobs that share the worker's CPUs; a hundredth of them is busy."""
    busy = max(1, jobs // EVERY)
    for first, count in ((SLEEPS, jobs - 2 * busy), (SPINS, busy), (SPAWNS, busy)):
        request = Submission(
            spec=Spec(command=("/bin/sh", "-c", first + (CHILDREN - 1) * SLEEPS + "wait")),
            request=Resources(1000 * stack.CPUS // jobs),
            indices=tuple(range(count)),
        )
        operations.submit(running.cluster, request)


def attempts(warm: int) -> dict[int, Running]:
    """What runs, as agentd knows it: a supervisor each."""
    now = boottime()
    return {
        number: Running(allocation_id=number, job_id=number, start_token="", supervisor_pid=child.pid, began_at=now)
        for number, child in enumerate(children_of(read_processes())[warm])
    }


def beneath(watched: dict[int, Running]) -> list[int]:
    """The pids of all processes of these jobs."""
    children = children_of(read_processes())
    return [process.pid for each in watched.values() for process in descendants(each.supervisor_pid, children)]


def sampling(watched: dict[int, Running], seconds: float, every: float) -> dict[str, float]:
    """CPU of so many seconds of sampling, and of the dearest sample."""
    sampler = Sampler()
    sampler.sample(watched)  # the first is dearer: everything is new
    begun = monotonic()
    each: list[float] = []
    while (rest := begun + every * (len(each) + 1) - monotonic()) < begun + seconds - monotonic():
        sleep(max(0.0, rest))
        before = process_time()
        sampler.sample(watched)
        each.append(process_time() - before)
    return {
        "core_percent": round(100 * sum(each) / (every * len(each)), 2),
        "sample_ms": round(1000 * sum(each) / len(each), 2),
        "dearest_ms": round(1000 * max(each), 2),
    }


if __name__ == "__main__":
    print(json.dumps(measure(quick="--quick" in sys.argv), indent=2))
