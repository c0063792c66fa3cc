"""The demo on its stage: a cluster of its own, the workload, what is seen of it, and the curtain."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from clusterctl.cli.display.narration import Narration
from clusterctl.cli.stage import playbill
from clusterctl.cluster import Cluster
from clusterctl.daemon.signals import handling
from clusterctl.demo import verdicts, workload
from clusterctl.demo.course import Course
from clusterctl.embedded import keeper, stack
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.readiness import await_ready
from clusterctl.embedded.stack import Wanted
from clusterctl.model.errors import ClusterError, Refused
from clusterctl.model.exits import ExitCode
from clusterctl.settings import SETTINGS, load, running_stack
from clusterctl.settings.resolve import written
from clusterctl.store import migrations

if TYPE_CHECKING:
    from clusterctl.settings import Settings


def perform(chosen: Path | None, *, keep: bool, top: bool = False) -> ExitCode:
    """The whole demo, in the directory *chosen* or a temporary one. FAILED if anything was not as it should be.

    *top*: the console is open while the jobs run, until somebody leaves it.
    """
    began = time.monotonic()
    forget_settings()
    workers = Wanted(workers=workload.WORKERS, cpus=workload.WORKER_CPUS, memory=workload.WORKER_MEMORY)
    with stage(chosen, workers, keep=keep) as root:
        results = root / "demo"
        shutil.rmtree(results, ignore_errors=True)  # of the last demo here: its files would pass for ours
        results.mkdir()
        with Cluster(settings_of(root)) as cluster:
            course = Course(cluster, workload.GROUPS, results)
            good = play(course, (lambda: watch(root)) if top else None)
    if keep:
        playbill.invite_to_jobs(root, course.ids, temporary=chosen is None)
    took = time.monotonic() - began
    sys.stderr.write(f"{'all' if good else 'not all'} as it should be, in {took:.0f} s\n")
    return ExitCode.DONE if good else ExitCode.FAILED


def play(course: Course, watch: Callable[[], None] | None = None) -> bool:
    """Submit, *watch* it go, judge, sum up; whether all was good."""
    for group in course.groups:
        course.submit(group)
    if watch:
        watch()
    standings = playbill.show(course)
    told = [(standing, course.attempts(standing)) for standing in standings]
    judged = [verdicts.judge(standing, attempts, course.directory) for standing, attempts in told]
    rows = [verdicts.summarize(*each, verdict) for each, verdict in zip(told, judged, strict=True)]
    first, second = (standing for standing in standings if standing.group.name in workload.RIVALS)
    judged.append(verdicts.judge_rivals(first, second))
    playbill.sum_up(rows, judged)
    return all(verdict.good for verdict in judged)


def watch(root: Path) -> None:
    """The console, until somebody leaves it; what ends the console otherwise ends the demo."""
    from clusterctl.tui.opening import open_console

    playbill.tell(["the console opens; q leaves it, and the summary follows"])
    code = open_console(settings_of(root))
    if code == ExitCode.INTERRUPTED:
        raise KeyboardInterrupt
    if code:
        raise SystemExit(code)


def forget_settings() -> None:
    """Let the defaults hold from here on, in the daemons too.

    What the operator has set is about another cluster; one in which nothing is placed, say, would make no demo.
    """
    os.environ.update({each.variable: written(each, each.default) for each in SETTINGS.values()})


def settings_of(root: Path) -> Settings:
    """The defaults, and the servers of the stack in *root*."""
    found = running_stack(root)
    if found is None:
        raise Refused("the demo's cluster has gone", f"its logs are in {root / 'log'}")
    return load({"state_dir": str(root), "database_url": found.database_url, "redis_url": found.redis_url})


@contextmanager
def stage(chosen: Path | None, workers: Wanted, *, keep: bool) -> Iterator[Path]:
    """A cluster of small *workers*, gone afterwards unless the demo ran to its end and is to be kept.

    What the cluster itself could not do leaves the directory: its logs tell why.
    """
    if chosen is not None and running_stack(chosen) is not None:
        raise Refused(f"a cluster runs in {chosen} already", "the demo wants one of its own; it needs no --state-dir")
    kept, doomed = False, chosen is None
    with handling(leave, signal.SIGHUP):  # a closed terminal
        root = chosen or Path(tempfile.mkdtemp(prefix="clusterctl-demo-"))
        try:
            with Narration() as narration:
                build(root, workers, narration)
            yield root
            if keep:
                keeper.keep_in_background(root)
                kept = True
        except ClusterError:
            doomed = False
            raise
        finally:
            if not kept:
                clear(root, wholly=doomed)


def build(root: Path, wanted: Wanted, narration: Narration) -> None:
    """Raise it."""
    stack.up(root, wanted, migrate=migrations.migrate, tell=narration.tell)
    await_ready(root, tell=narration.tell)


def clear(root: Path, *, wholly: bool) -> None:
    """Raze it; *wholly*: the directory too.

    Further Ctrl-C change nothing: to leave nothing behind was promised, and takes a second.
    """
    with handling(lambda *_: None, signal.SIGINT, signal.SIGTERM, signal.SIGHUP), Narration() as narration:
        narration.tell("stopping the cluster")
        stack.down(root)
        if wholly:
            shutil.rmtree(StateDirectory(root).sockets(), ignore_errors=True)  # may lie elsewhere
            shutil.rmtree(root, ignore_errors=True)


def leave(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Unwind, and end as a terminated program does."""
    raise SystemExit(ExitCode.TERMINATED)
