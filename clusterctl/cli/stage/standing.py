"""A cluster of ``up`` from its start to its end: what the operator is told, and what to type next."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from clusterctl.cli.display.narration import Narration
from clusterctl.embedded import keeper, record, stack
from clusterctl.embedded.directory import StateDirectory
from clusterctl.embedded.readiness import await_ready
from clusterctl.settings import origins
from clusterctl.store import migrations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clusterctl.cli.invocation import Invocation
    from clusterctl.embedded.record import Process
    from clusterctl.embedded.stack import Report, Wanted


def run_here(root: Path, wanted: Wanted, asked: Invocation) -> None:
    """Start what is missing, and keep it running until Ctrl-C or ``down``; if another ``up`` keeps it, only start."""
    began = time.monotonic()
    ours = False
    with Narration() as narration:

        def ready(report: Report) -> None:
            nonlocal ours
            ours = report.keeper is None
            narration.rest()
            present(root, report, asked, took=time.monotonic() - began, here=ours)

        keeper.run(root, wanted, tell=narration.tell, ready=ready)
    if ours:
        sys.stderr.write(f"stopped; the data stay in {root}\n")


def leave_running(root: Path, wanted: Wanted, asked: Invocation) -> None:
    """Start what is missing, and leave it to a keeper in the background. Interrupted, it stops what has no keeper."""
    began = time.monotonic()
    with Narration() as narration:
        try:
            report = stack.up(root, wanted, migrate=migrations.migrate, tell=narration.tell)
            await_ready(root, tell=narration.tell)
            if report.keeper is None:
                narration.tell("leaving it to the background")
                keeper.keep_in_background(root)
        except (KeyboardInterrupt, SystemExit):
            if not is_kept(root):
                stack.down(root, tell=narration.tell)
            raise
    present(root, report, asked, took=time.monotonic() - began, here=False)


def stop(root: Path) -> None:
    """Take it down, and say what that was."""
    with Narration() as narration:
        stopped = stack.down(root, tell=narration.tell)
    if stopped:
        sys.stderr.write(f"stopped {named(stopped)}; the data stay in {root}\n")
    else:
        sys.stderr.write(f"nothing runs in {root}\n")


def is_kept(root: Path) -> bool:
    """Whether some ``up`` looks after it."""
    directory = StateDirectory.find(root)
    found = record.read(directory) if directory else None
    return found is not None and found.living_keeper is not None


def present(root: Path, report: Report, asked: Invocation, *, took: float, here: bool) -> None:
    """Where it answers, on stdout; and on stderr what was done for it, and what one would type now."""
    facts = {
        "database_url": report.stack.database_url,
        "redis_url": report.stack.redis_url,
        "state_dir": str(root),
        "workers": " ".join(worker_names(report)) or "none",
    }
    gap = "{:<14}{}\n" if sys.stdout.isatty() else "{}\t{}\n"
    sys.stdout.writelines(gap.format(*fact) for fact in facts.items())
    sys.stdout.flush()
    sys.stderr.writelines(
        f"{line}\n" for line in (*done(report, took), *obstacles(report, asked), *next_steps(report, asked))
    )
    sys.stderr.write(f"{ending(report, here)}\n")
    sys.stderr.flush()


def worker_names(report: Report) -> list[str]:
    """The workers that it has."""
    return [process.name for process in report.stack.processes if process.role == "agentd"]


def done(report: Report, took: float) -> list[str]:
    """What was started, and what ran before."""
    if not report.found:
        return [f"up in {took:.1f} s"]
    started = f"started {named(report.started)}" if report.started else "nothing was missing"
    return [f"already up: {named(report.found)}", f"{started}; ready in {took:.1f} s"]


def named(processes: Iterable[Process]) -> str:
    """``postgres, valkey, schedd, w1``."""
    return ", ".join(process.name for process in processes)


def obstacles(report: Report, asked: Invocation) -> list[str]:
    """What keeps other commands from finding this cluster by themselves: servers named elsewhere outrank it."""
    ours = {"database_url": report.stack.database_url, "redis_url": report.stack.redis_url}
    return [
        f"warning: {each.name} is set by {each.origin}: other commands reach that one, not this"
        for each in origins(asked.flags)
        if each.name in ours and each.value != ours[each.name]
    ]


def next_steps(report: Report, asked: Invocation) -> list[str]:
    """What one would type now."""
    steps = []
    if "state_dir" in asked.flags:
        steps.append(f"export CLUSTERCTL_STATE_DIR={shlex.quote(str(asked.settings().state_dir))}")
    if not worker_names(report):
        steps.append("clusterctl agentd --name w1 --cpus 1 &")
    steps += [
        "clusterctl submit -- sh -c 'echo hello from $CLUSTERCTL_WORKER'",
        "clusterctl logs last -f",
        "clusterctl",
    ]
    return ["", "next, in another terminal:", *(f"  {step}" for step in steps), ""]


def ending(report: Report, here: bool) -> str:
    """How it is stopped."""
    if here:
        return "Ctrl-C here, or `clusterctl down`, stops all of it, its jobs too"
    other = f"`up` (pid {report.keeper.pid}) looks after it; " if report.keeper else ""
    return f"{other}`clusterctl down` stops all of it, its jobs too"
