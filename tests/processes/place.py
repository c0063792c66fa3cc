"""A place to run the real daemons: child processes with an empty environment, against this run's servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agentd.processes import RealProcesses
from agentd.supervisor.tree import read_process
from clusterctl import operations
from clusterctl.cluster import Cluster
from clusterctl.model.errors import Refused
from clusterctl.model.output import default_output
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec, Submission
from clusterctl.settings import Settings
from clusterctl.store.invariants import violations
from tests.until import until


class Daemon:
    """A schedd or agentd that runs as ``python -m`` would run it."""

    def __init__(self, argv: list[str], env: dict[str, str], log: Path, cwd: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *argv], env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        self.pid = self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send it *number*."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """As a crash does."""
        self.process.kill()
        self.process.wait(60)

    def terminate(self) -> int:
        """As systemd does; its exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def text(self) -> str:
        """All that was ever logged under this name."""
        return self.log.read_text()

    def tells(self, words: str, times: int = 1) -> None:
        """Wait until it has logged *words* so often."""
        self.does(lambda: self.text().count(words) >= times, f"say {words!r}")

    def does(self, predicate: Callable[[], bool], what: str) -> None:
        """Wait until *predicate* holds; a daemon that has ended will never bring it about."""
        until(lambda: predicate() or self.process.poll() is not None, what=f"{self.log.name} to {what}")
        assert predicate(), self.text()


class Place:
    """One cluster of one test. *knobs* are settings of every daemon, written as on the command line."""

    def __init__(self, directory: Path, database_url: str, redis_url: str, prefix: str) -> None:
        self.directory = directory
        self.cluster = Cluster(Settings(database_url=database_url, redis_url=redis_url, redis_prefix=prefix))
        self.daemons: list[Daemon] = []
        self._spools: set[Path] = set()
        self._environment = {
            "CLUSTERCTL_DATABASE_URL": database_url,
            "CLUSTERCTL_REDIS_URL": redis_url,
            "CLUSTERCTL_REDIS_PREFIX": prefix,
            "CLUSTERCTL_STATE_DIR": str(directory / "state"),
            "CLUSTERCTL_TERM_GRACE": "1s",
            "CLUSTERCTL_DOOR": "none",  # a process more for each schedd: what needs it, asks for it
        }

    def start(self, daemon: str, name: str, *flags: str, **knobs: str) -> Daemon:
        """Start *daemon* as *name*, and return at once."""
        settings = {f"CLUSTERCTL_{knob.upper()}": value for knob, value in knobs.items()}
        argv = [daemon, "--name", name, *flags]
        log = self.directory / f"{name}.log"
        self.daemons.append(Daemon(argv, self._environment | settings, log, self.directory))
        return self.daemons[-1]

    def schedd(self, name: str = "s1", **knobs: str) -> Daemon:
        """A scheduler that has begun to lead."""
        before = self.term()
        daemon = self.start("schedd", name, **knobs)
        daemon.does(lambda: self.term() > before, "lead")
        return daemon

    def agentd(self, name: str = "w1", *flags: str, cpus: int = 4, **knobs: str) -> Daemon:
        """An agent that has registered."""
        before = self.beats(name)
        self._spools.add(self.spool(name))
        daemon = self.start("agentd", name, "--cpus", str(cpus), "--spool", str(self.spool(name)), *flags, **knobs)
        daemon.does(lambda: self.beats(name) > before, "register")
        return daemon

    def submit(self, script: str, count: int = 1, *, cpus: float = 1, memory_mb: int = 0, **wishes: Any) -> list[int]:
        """Submit *script* for a shell; an array of *count* if that is more than 1."""
        spec = {word: wishes.pop(word) for word in ("env", "cwd", "stdout", "stderr") if word in wishes}
        submission = Submission(
            spec=Spec(command=("/bin/sh", "-c", script), **{"cwd": str(self.directory), **spec}),
            request=Resources(int(cpus * 1000), memory_mb, 0),
            indices=tuple(range(count)) if count > 1 else None,
            **wishes,
        )
        return list(operations.submit(self.cluster, submission).ids)

    def run(self, script: str, **wishes: Any) -> int:
        """Submit one job, and wait for its end."""
        (job,) = self.submit(script, **wishes)
        self.await_end(job)
        return job

    def await_end(self, *jobs: int, timeout: float = 60) -> None:
        """Wait until all have ended."""
        live = "SELECT count(*) FROM jobs WHERE id = ANY (%s) AND live"
        until(lambda: self.cluster.db.value(live, list(jobs)) == 0, timeout=timeout, what=f"the end of {jobs}")

    def await_state(self, state: str, *jobs: int, timeout: float = 60) -> None:
        """Wait until all are in *state*."""
        until(lambda: set(self.states(*jobs)) == {state}, timeout=timeout, what=f"{jobs} to be {state}")

    def states(self, *jobs: int) -> list[str]:
        """Where they are in their lives."""
        return [state for state, *_ in self.ends(*jobs)]

    def ends(self, *jobs: int) -> list[tuple[Any, ...]]:
        """State, reason, exit code and signal of each."""
        return self.cluster.db.rows(
            "SELECT state, reason, exit_code, signal FROM jobs WHERE id = ANY (%s) ORDER BY id", list(jobs)
        )

    def releases(self, job: int) -> list[str | None]:
        """Why each of its allocations was released; None: it is live."""
        return [
            row[0]
            for row in self.cluster.db.rows(
                "SELECT release_reason FROM allocations WHERE job_id = %s ORDER BY attempt", job
            )
        ]

    def output(self, job: int, worker: str = "w1", attempt: int = 1) -> str:
        """What it wrote."""
        return (self.spool(worker) / default_output(job, attempt)).read_text()

    def spool(self, worker: str) -> Path:
        """Where that worker keeps its things."""
        return self.directory / f"spool-{worker}"

    def term(self) -> int:
        """The leader's; grows with every change of leader."""
        return int(self.cluster.db.value("SELECT term FROM leader WHERE holder <> ''") or 0)

    def beats(self, worker: str) -> int:
        """How often it has been heard; -1 if it never registered."""
        found = self.cluster.db.value("SELECT beat FROM workers WHERE name = %s", worker)
        return -1 if found is None else int(found)

    def held_milli(self) -> int:
        """Thousandths of CPUs that are reserved or allocated anywhere."""
        return int(self.cluster.db.value("SELECT sum(reserved_milli + allocated_milli) FROM workers"))

    def close(self) -> None:
        """Kill every daemon, then end every job by the agents' own means; and see that the promises were kept."""
        for daemon in self.daemons:
            daemon.kill()
        for spool in self._spools:
            stop_all(spool)
        assert violations(self.cluster.db) == []
        self.cluster.close()


def stop_all(spool: Path) -> None:
    """End every job of *spool*, and its supervisors."""

    def taken() -> RealProcesses | None:
        try:
            return RealProcesses(spool, worker="nobody")
        except Refused:
            return None

    processes = until(taken, what=f"{spool} to be free")
    assert processes
    processes.close(stop_jobs=True)


def is_alive(pid: int) -> bool:
    """Whether *pid* is a process, and not only the remains of one."""
    process = read_process(pid)
    return process is not None and not process.is_zombie


def open_gate(gate: Path) -> None:
    """Let all jobs through that read from the FIFO *gate* at this moment."""
    os.close(os.open(gate, os.O_WRONLY))
