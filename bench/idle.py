"""What the daemons cost while there is nothing to do, and what each running job costs beside itself.

A fresh stack with no job: memory of agentd, of its warm process and of schedd, and the CPU that they use in half a
minute, in percent of one core (the kernel counts in 10 ms). Then 20 sleeping jobs: private memory of their supervisors,
which is what a running job adds; the job's own process is not in it. RSS counts pages that are shared with others, PSS
divides those by their users, private leaves them out.
"""

from __future__ import annotations

import json
from statistics import median
from time import monotonic, sleep

from agentd.supervisor.tree import CLOCK_TICKS, children_of, read_process, read_processes
from bench import stack
from bench.footprint import mapped_kb
from clusterctl import operations

SETTLING = 6.0  # seconds: the first beat and the first sample are over
SLEEPERS = 20


def measure(quick: bool) -> dict[str, object]:
    """By daemon; then per job."""
    with stack.running() as running:
        sleep(SETTLING)
        pids = {"agentd": running.pid(stack.WORKER), "schedd": running.pid("schedd")}
        pids["warm"] = warm_process(pids["agentd"])
        cores = core_percent(pids, 10.0 if quick else 30.0)
        return {
            **{name: {**memory_mb(pid), "core_percent": cores[name]} for name, pid in pids.items()},
            "running_job": running_job(running, pids["warm"]),
        }


def running_job(running: stack.Running, warm: int) -> dict[str, object]:
    """Median memory of a supervisor whose job sleeps."""
    ids = running.submit(["/bin/sleep", "600"], count=SLEEPERS)
    running.await_running(SLEEPERS)
    sleep(1.0)  # what a start needs is given back
    each = [memory_mb(child.pid) for child in children_of(read_processes())[warm]]
    assert len(each) == SLEEPERS
    operations.cancel(running.cluster, ids)
    running.await_end()
    return {"jobs": SLEEPERS, **{kind: round(median(memory[kind] for memory in each), 2) for kind in each[0]}}


def warm_process(agent: int) -> int:
    """The pid of the agent's only child."""
    (warm,) = children_of(read_processes())[agent]
    return warm.pid


def memory_mb(pid: int) -> dict[str, float]:
    """RSS, PSS and private memory in MiB."""
    kb = mapped_kb(pid)
    private = kb["Private_Clean"] + kb["Private_Dirty"]
    return {
        "rss_mb": round(kb["Rss"] / 1024, 2),
        "pss_mb": round(kb["Pss"] / 1024, 2),
        "private_mb": round(private / 1024, 2),
    }


def core_percent(pids: dict[str, int], seconds: float) -> dict[str, float]:
    """What each uses of one core, over *seconds*."""
    begun, before = monotonic(), {name: ticks(pid) for name, pid in pids.items()}
    sleep(seconds)
    taken = monotonic() - begun
    return {name: round(100 * (ticks(pid) - before[name]) / CLOCK_TICKS / taken, 2) for name, pid in pids.items()}


def ticks(pid: int) -> int:
    """CPU time of the process."""
    process = read_process(pid)
    assert process is not None
    return process.own_ticks + process.reaped_ticks


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
