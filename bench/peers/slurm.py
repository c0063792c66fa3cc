"""Slurm, if it is installed: munged, slurmctld and slurmd of one node, private, in a temporary directory."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import time_ns
from typing import NamedTuple

from bench.peers.peer import AT_ONCE, Runner, moment, tree_seconds, until
from clusterctl.text import visible

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo")
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # where daemons are, which users may not have on theirs
SUBREAPER = (sys.executable, "-m", "bench.peers.subreaper")

# As its guide to high throughput says: https://slurm.schedmd.com/high_throughput.html. The builtin scheduler is first
# in, first out, and has no backfill to compute. Completions go to a file, which is cheaper to read than to ask for.
SETTINGS = """\
ClusterName=bench
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={directory}/munge.sock
StateSaveLocation={directory}/state
SlurmdSpoolDir={directory}/spool
SlurmctldPidFile={directory}/slurmctld.pid
SlurmdPidFile={directory}/slurmd.pid
SlurmctldLogFile={directory}/slurmctld.log
SlurmdLogFile={directory}/slurmd.log
SlurmctldDebug=error
SlurmdDebug=error
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={directory}/completed
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=2000,default_queue_depth=10000
MaxArraySize=20001
MaxJobCount=50000
MinJobAge=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""
SCRIPT = "#!/bin/sh\nexec {command}\n"


class Slurm:
    """One node that declares as many CPUs as we do."""

    name = "slurm"
    settings = (
        f"one private node of {AT_ONCE} CPUs, sched/builtin with no delay, select/cons_tres, no accounting, no cgroups,"
        " no output of the array; `sbatch` as a whole process, for the latency too"
    )
    jobs = (500, 100)  # it takes as long for these as others for thousands
    submits = (15, 3)

    def available(self) -> str | None:
        """Whether its daemons and munge are on PATH."""
        missing = [program for program in PROGRAMS if not shutil.which(program, path=PATH)]
        return f"not here: no {', '.join(missing)} on PATH" if missing else None

    def version(self) -> str:
        """As slurmctld says."""
        said = subprocess.run(
            [shutil.which("slurmctld", path=PATH) or "", "-V"], capture_output=True, text=True, check=True
        )
        return said.stdout.split()[-1]

    @contextmanager
    def running(self, directory: Path) -> Iterator[Runner]:
        """The three daemons, each with a subreaper."""
        environment = {"PATH": PATH, "SLURM_CONF": str(configured(directory))}
        daemons = Daemons(environment, [])
        try:
            munge = [
                f"--{what}={directory}/munge.{what.split('-')[0]}" for what in ("key-file", "pid-file", "log-file")
            ]
            daemons.start(
                "munged", "--force", "-F", "-S", f"{directory}/munge.sock", *munge, f"--seed-file={directory}/seed"
            )
            until((directory / "munge.sock").exists, "munged listens", 20)
            daemons.start("slurmctld", "-D", "-c")
            daemons.start("slurmd", "-D")
            until(daemons.idle, "Slurm's node is idle", 60)
            yield Node(daemons, directory)
        finally:
            daemons.stop()


def configured(directory: Path) -> Path:
    """The settings, and what they name."""
    for name in ("state", "spool"):
        (directory / name).mkdir(parents=True)
    key = directory / "munge.key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    control, node = free_ports(2)
    settings = directory / "slurm.conf"
    settings.write_text(
        SETTINGS.format(
            host=socket.gethostname().partition(".")[0],
            user=pwd.getpwuid(os.geteuid()).pw_name,
            directory=directory,
            control_port=control,
            node_port=node,
            cpus=AT_ONCE,
        )
    )
    return settings


def free_ports(count: int) -> list[int]:
    """TCP ports on which nobody listens now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Daemons(NamedTuple):
    """What was started, and how to ask it."""

    environment: Mapping[str, str]
    kept: list[subprocess.Popen[bytes]]

    def start(self, *argv: str) -> None:
        """Under a subreaper; it logs into its own file."""
        silent = subprocess.DEVNULL
        environment = {**self.environment, "PYTHONPATH": os.pathsep.join(sys.path)}
        self.kept.append(
            subprocess.Popen([*SUBREAPER, *argv], env=environment, stdin=silent, stdout=silent, stderr=silent)
        )

    def ask(self, *argv: str) -> str:
        """One of its commands, to its end."""
        done = subprocess.run(argv, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{argv[0]}: {visible(done.stderr.strip())}")
        return done.stdout

    def idle(self) -> bool:
        """Whether the node may be given jobs."""
        done = subprocess.run(
            ["sinfo", "-h", "-o", "%T"], env=self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip() == "idle"

    def stop(self) -> None:
        """The last first."""
        for subreaper in reversed(self.kept):
            subreaper.send_signal(signal.SIGTERM)
            try:
                subreaper.wait(20)
            except subprocess.TimeoutExpired:
                subreaper.kill()
                subreaper.wait()


class Node:
    """Slurm, up."""

    def __init__(self, daemons: Daemons, directory: Path) -> None:
        self._daemons, self._directory = daemons, directory
        self._submitted = 0
        self._outputs = itertools.count()

    def throughput(self, count: int) -> None:
        """One array."""
        self._submit("/bin/true", count, f"--array=0-{count - 1}", "--output=/dev/null")
        self._await_end()

    def latency(self, command: Sequence[str]) -> float:
        """One job."""
        file = self._directory / f"{next(self._outputs)}.out"
        script = " ".join(f"'{word}'" for word in command)
        begun = time_ns()
        self._submit(script, 1, f"--output={file}")
        acted = moment(file)
        self._await_end()
        return (acted - begun) / 1e6

    def cpu_seconds(self) -> float:
        """Of the daemons, their helpers and the jobs; sbatch is ours to add, as a child that has ended."""
        return tree_seconds(*(subreaper.pid for subreaper in self._daemons.kept))

    def _submit(self, command: str, count: int, *options: str) -> None:
        script = self._directory / "script"
        script.write_text(SCRIPT.format(command=command))
        self._daemons.ask("sbatch", "--chdir=/", *options, str(script))
        self._submitted += count

    def _await_end(self) -> None:
        file = self._directory / "completed"
        until(lambda: file.exists() and file.read_bytes().count(b"\n") >= self._submitted, "Slurm's jobs have ended")
        assert file.read_bytes().count(b"JobState=COMPLETED") == self._submitted, (
            "not all of Slurm's jobs have succeeded"
        )
