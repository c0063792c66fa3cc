"""A machine of the tower: an agentd, its spool, its jobs, and what can happen to all of them at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path

from tests.tower.daemons import Daemon, called, processes_with, signal_all
from tests.tower.proxy import Line

BOOT_ID = "/proc/sys/kernel/random/boot_id"
SPOOL_MB = 64
SWEEPS = 20  # over /proc, until nothing of a machine is left: a supervisor may start a job behind our back


class Machine:
    """Worker *name* with *cpus* CPUs. Where the kernel allows, it has a boot id of its own: it can be started anew."""

    def __init__(self, name: str, cpus: int, directory: Path, env: dict[str, str], lines: dict[str, Line]) -> None:
        self.name = name
        self.cpus = cpus
        self.spool = directory / f"spool-{name}"
        self.has_small_disk = False
        self.can_reboot = may_replace_boot_id()
        self._mark = f"TOWER={directory}\0".encode()
        self._boot = directory / f"boot-{name}"
        self._ballast = self.spool / "ballast"
        self.spool.mkdir()
        self.switch_on()
        self.agent = Daemon(name, self._argv, env, directory / f"{name}.log", lines)

    def give_small_disk(self) -> None:
        """Put the spool on a small file system of its own. Raises OSError where that is not allowed."""
        options = f"size={SPOOL_MB}m,mode=700"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tower", self.spool], check=False)
        if done.returncode:
            raise PermissionError(f"mount was refused with {done.returncode}")
        self.has_small_disk = True

    def take_disk_away(self) -> None:
        """Unmount what ``give_small_disk`` has mounted. What it holds is gone."""
        if self.has_small_disk:
            subprocess.run(["umount", "--lazy", self.spool], check=False)
            self.has_small_disk = False

    def fill_disk(self) -> None:
        """Leave no room in the spool, to the last byte."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                try:
                    while file.write(bytes(size)):
                        pass
                except OSError:
                    continue

    def free_disk(self) -> None:
        """Undo ``fill_disk``."""
        self._ballast.unlink(missing_ok=True)

    def supervisors(self) -> list[int]:
        """The pids of all its supervisors."""
        return [pid for pid in self._forks() if called(pid).startswith("supervisor")]

    def warm_processes(self) -> list[int]:
        """The pid of its warm process, if it has one."""
        return [pid for pid in self._forks() if called(pid) == "agentd-warm"]

    def jobs(self) -> list[int]:
        """The pids of all processes of its jobs."""
        here = f"CLUSTERCTL_WORKER={self.name}\0".encode()
        return sorted(set(processes_with(self._mark, "environ")) & set(processes_with(here, "environ")))

    def cut_power(self) -> None:
        """End everything here, at once."""
        self.agent.kill()
        for _ in range(SWEEPS):
            pids = [*self.warm_processes(), *self.supervisors(), *self.jobs()]
            if not pids:
                return
            signal_all(pids, signal.SIGKILL)
        raise AssertionError(f"{self.name} cannot be killed: {pids}")

    def freeze(self) -> None:
        """Stop everything here, as a host does with its guest."""
        self._signal_everything(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let everything here go on."""
        self._signal_everything(signal.SIGCONT)

    def switch_on(self) -> None:
        """From now on it is another start of the machine."""
        self._boot.write_text(f"{uuid.uuid4()}\n")

    def _signal_everything(self, number: signal.Signals) -> None:
        self.agent.send(number)
        signal_all([*self.warm_processes(), *self.supervisors(), *self.jobs()], number)

    def _forks(self) -> list[int]:
        return sorted(processes_with(os.fsencode(self.spool) + b"\0", "cmdline"))

    def _argv(self) -> list[str]:
        agentd = [sys.executable, "-m", "agentd", "--name", self.name, "--cpus", str(self.cpus)]
        agentd += ["--memory", "8G", "--spool", str(self.spool)]
        if not self.can_reboot:
            return agentd
        script = f'mount --bind "$0" {BOOT_ID} && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, str(self._boot), *agentd]


def may_replace_boot_id() -> bool:
    """Whether a process may be given a boot id of its own, in a mount namespace that is gone with it."""
    try:
        done = subprocess.run(
            ["unshare", "--mount", "mount", "--bind", "/dev/null", BOOT_ID], capture_output=True, check=False
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0
