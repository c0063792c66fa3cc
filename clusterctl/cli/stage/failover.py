"""The demo of services on its stage: they settle, a worker is killed, they come up elsewhere, and it comes back."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from clusterctl import views
from clusterctl.cli.display import listing
from clusterctl.cli.display.narration import Narration
from clusterctl.cli.display.round_rows import rounds_listing
from clusterctl.cli.stage import playbill
from clusterctl.cli.stage.performance import forget_settings, settings_of, stage
from clusterctl.cluster import Cluster
from clusterctl.demo import failover, ledger
from clusterctl.demo.failover import Failover
from clusterctl.embedded import identity, record, stack
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.readiness import await_ready
from clusterctl.embedded.stack import Wanted
from clusterctl.model.errors import Refused
from clusterctl.model.exits import ExitCode
from clusterctl.settings import SETTINGS
from clusterctl.store import migrations

if TYPE_CHECKING:
    from clusterctl.demo.verdicts import Verdict
    from clusterctl.model.pictures import JobPicture

VICTIM, SURVIVOR = "w1", "w2"
LOOK_AROUND = (
    "clusterctl services",
    "clusterctl claims --rounds",
    "clusterctl claims --event ClaimEligibility",
    "clusterctl explain last",
)


def perform(chosen: Path | None, *, keep: bool) -> ExitCode:
    """The whole demo, in the directory *chosen* or a temporary one. FAILED if anything was not as it should be."""
    began = time.monotonic()
    forget_settings()
    os.environ.update({SETTINGS[name].variable: value for name, value in failover.HURRY.items()})
    workers = Wanted(workers=failover.WORKERS, cpus=failover.WORKER_CPUS, memory=failover.WORKER_MEMORY)
    with stage(chosen, workers, keep=keep) as root:
        results = root / "demo"
        shutil.rmtree(results, ignore_errors=True)  # of the last demo here: its ledger would pass for ours
        results.mkdir()
        with Cluster(settings_of(root)) as cluster:
            verdicts = play(Failover(cluster, results), root, workers)
            playbill.tell_verdicts(verdicts)
            rounds = views.round_list(cluster)
            listing.show(rounds_listing(rounds, listing.form_of(None)), rounds, None)
    if keep:
        playbill.invite(root, LOOK_AROUND, temporary=chosen is None)
    good = all(verdict.good for verdict in verdicts)
    sys.stderr.write(f"{'all' if good else 'not all'} as it should be, in {time.monotonic() - began:.0f} s\n")
    return ExitCode.DONE if good else ExitCode.FAILED


def play(course: Failover, root: Path, workers: Wanted) -> list[Verdict]:
    """All four acts; what was found in each."""
    course.submit()
    tell(f"{failover.SERVICES} services handed in: each worker takes one a round, the one with the least load first")
    settled = show(course, failover.all_run, "that all of them run")
    judged = [failover.judge_settling(settled)]
    tell(f"kill -9 of {VICTIM}'s agent: until its lease is out, what it started runs on, and nobody else may")
    killed_at = kill(root, VICTIM)
    moved = show(course, failover.all_on(SURVIVOR), f"that all run on {SURVIVOR}")
    judged.append(failover.judge_fence(killed_at, ledger.read(course.directory), VICTIM))
    tell(f"{VICTIM} comes back, empty")
    with Narration() as narration:
        stack.up(root, workers, migrate=migrations.migrate)
        await_ready(root, tell=narration.tell)
    time.sleep(failover.ROUNDS_TO_WAIT)
    judged.append(failover.judge_return(moved, course.look()))
    judged.append(failover.judge_claims(course.claims()))
    judged.append(failover.judge_ledger(ledger.read(course.directory)))
    return judged


def show(course: Failover, holds: failover.Goal, what: str) -> list[JobPicture]:
    """Say how many run where, whenever that has changed, until it *holds*; how all stands then."""
    told: dict[str, int] | None = None
    jobs: list[JobPicture] = []
    for jobs in course.watch(holds, what):
        found = failover.shares(jobs)
        if found != told:
            waiting = len(jobs) - sum(found.values())
            tell("  " + "  ".join(f"{worker} {count:2}" for worker, count in found.items()) + f"  waiting {waiting}")
            told = found
    return jobs


def kill(root: Path, worker: str) -> float:
    """kill -9 of its agent, and of nothing else; when, in seconds of CLOCK_MONOTONIC. Raises Refused."""
    directory = StateDirectory.find(root)
    known = record.read(directory) if directory else None
    found = known.find("agentd", worker) if known else None
    if found is None:
        raise Refused(f"the agent of {worker} has gone", f"its log is in {root / 'log'}")
    identity.send(found.pid, found.started, signal.SIGKILL)
    return time.monotonic()


def tell(sentence: str) -> None:
    """On stderr."""
    playbill.tell([sentence])
