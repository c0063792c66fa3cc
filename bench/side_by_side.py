"""How others do the same, in the same minutes: many `/bin/true`, and one while there is nothing else to do.

All that can run here are up together, idle, and take turns. In each of several rounds each runs an array of
`/bin/true`, 64 at once, from before the submit until a look (every 20 ms) finds all of them completed. Then single
jobs, one after another, from before the submit until the first act of the job, which is to write down the time (the
program and the clock of the benchmark of latency). CPU is what the kernel accounts to all processes of the one whose
turn it is, its jobs included, and to the client that submits. *Ahead* is how many times better we are: of pace and CPU
round by round, and then the median; of latency by the quantiles over all jobs.

HyperQueue keeps all in memory, and Slurm does so between the savings of its state; `xargs -P` schedules nothing. Ours
commits every job to Postgres, waits for the disk where a promise hangs on it, and keeps each job's output. What is not
installed is told as not here.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter, sleep
from typing import NamedTuple

from bench import latency, processor, spawn_limit
from bench.peers.hyperqueue import HyperQueue
from bench.peers.ours import Ours
from bench.peers.peer import AT_ONCE, Peer, Runner
from bench.peers.slurm import Slurm
from bench.peers.xargs import Xargs
from bench.quantiles import quantiles

PEERS: tuple[Peer, ...] = (Ours(), HyperQueue(files=False), HyperQueue(files=True), Slurm(), Xargs())
OURS = "clusterctl"
ROUNDS = 3
PAUSE = 0.05  # seconds between the end of a single job and the next submit
WARM_UP = 200  # jobs that are not counted
SINGLES = 5  # likewise


class Run(NamedTuple):
    """One array of one peer."""

    jobs_per_s: float
    cpu_ms: float
    others_percent: float


def measure(quick: bool) -> dict[str, object]:
    """By peer: pace, CPU and latency; and how many times better we are."""
    away = {peer.name: why for peer in PEERS if (why := peer.available())}
    here = [peer for peer in PEERS if peer.name not in away]
    with tempfile.TemporaryDirectory(prefix="clusterctl-bench-") as directory, ExitStack() as up:
        command = latency.compile_program(Path(directory)) or latency.DATE
        runners = {peer.name: up.enter_context(peer.running(made(Path(directory) / peer.name))) for peer in here}
        warm_up(here, runners, command)
        limit = spawn_limit.spawn(500)
        rounds = [one_round(here, runners, quick) for _ in range(1 if quick else ROUNDS)]
        acts = {peer.name: singles(peer, runners[peer.name], command, quick) for peer in here if peer.submits[quick]}
    first_act = {name: quantiles(values) for name, values in acts.items()}
    return {
        "at_once": AT_ONCE,
        "rounds": len(rounds),
        "spawn_limit_per_s": round(limit.per_s),
        "spawn_cpu_ms": round(limit.cpu_ms, 3),
        "others_percent": round(median(run.others_percent for each in rounds for run in each.values()), 1),
        "setup": {peer.name: {"version": peer.version(), "settings": peer.settings} for peer in here},
        "not_here": away,
        "array": {peer.name: {"jobs": peer.jobs[quick], **told([each[peer.name] for each in rounds])} for peer in here},
        "first_act_ms": first_act,
        "submits": {name: len(values) for name, values in acts.items()},
        "ahead": ahead(rounds, first_act),
    }


def made(directory: Path) -> Path:
    """The directory, which is there now."""
    directory.mkdir()
    return directory


def warm_up(here: Sequence[Peer], runners: Mapping[str, Runner], command: Sequence[str]) -> None:
    """What comes into being with the first jobs is not counted for anybody."""
    for peer in here:
        runners[peer.name].throughput(min(WARM_UP, *peer.jobs))
        if min(peer.submits):
            runners[peer.name].latency(command)


def one_round(here: Sequence[Peer], runners: Mapping[str, Runner], quick: bool) -> dict[str, Run]:
    """An array of each."""
    return {peer.name: run(runners[peer.name], peer.jobs[quick]) for peer in here}


def run(runner: Runner, count: int) -> Run:
    """One array, with what it used and what others did."""
    used, client, machine, begun = runner.cpu_seconds(), client_seconds(), processor.Machine.now(), perf_counter()
    runner.throughput(count)
    seconds = perf_counter() - begun
    cpu = runner.cpu_seconds() - used + client_seconds() - client
    busy = processor.Machine.now().busy - machine.busy
    others = 100 * (busy - cpu) / (seconds * len(os.sched_getaffinity(0)))
    return Run(count / seconds, 1000 * cpu / count, max(others, 0.0))


def client_seconds() -> float:
    """Our own CPU time, and that of commands which we have called."""
    both = getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def singles(peer: Peer, runner: Runner, command: Sequence[str], quick: bool) -> list[float]:
    """Milliseconds of each; the first are not counted."""
    found = []
    for _ in range(SINGLES + peer.submits[quick]):
        sleep(PAUSE)
        found.append(runner.latency(command))
    return found[SINGLES:]


def told(runs: Sequence[Run]) -> dict[str, object]:
    """Medians, and every run."""
    medians = {
        field: round(median(values), 3) for field, values in zip(Run._fields, zip(*runs, strict=True), strict=True)
    }
    return {
        **medians,
        "runs_per_s": [round(run.jobs_per_s) for run in runs],
        "runs_cpu_ms": [round(run.cpu_ms, 3) for run in runs],
        "runs_others_percent": [round(run.others_percent, 1) for run in runs],
    }


def ahead(rounds: Sequence[Mapping[str, Run]], first_act: Mapping[str, Mapping[str, float]]) -> dict[str, object]:
    """How many times better we are than each peer."""
    peers = [name for name in rounds[0] if name != OURS]
    waiting = [name for name in first_act if name != OURS]
    return {
        "pace": {
            peer: round(median(each[OURS].jobs_per_s / each[peer].jobs_per_s for each in rounds), 3) for peer in peers
        },
        "cpu": {peer: round(median(each[peer].cpu_ms / each[OURS].cpu_ms for each in rounds), 3) for peer in peers},
        **{
            f"first_act_{quantile}": {
                peer: round(first_act[peer][quantile] / first_act[OURS][quantile], 3) for peer in waiting
            }
            for quantile in ("p50", "p99")
        },
    }


if __name__ == "__main__":
    print(json.dumps(measure(quick=False), indent=2))
