"""A worker's processes with a throwaway spool, and words to drive them."""

from __future__ import annotations

import math
import os
import select
import shlex
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from agentd.journal import boottime, is_held
from agentd.processes import RealProcesses, Running
from agentd.supervisor.care import Care
from agentd.supervisor.tree import read_processes
from clusterctl.model.orders import End, Order, Replica
from clusterctl.model.output import default_output
from clusterctl.model.resources import Resources
from clusterctl.model.spec import Spec
from clusterctl.model.states import Outcome
from tests.until import until

# Of this run alone: tests beside it have allocations of the same numbers. Children inherit it.
TOKEN = os.environ.setdefault("CLUSTERCTL_TEST_TOKEN_" + os.environ.get("PYTEST_XDIST_WORKER", ""), str(uuid.uuid4()))
SHORT_GRACE_S = 0.3
# As the real one, in less time; nothing is given up.
BRISK = Care(
    first_rest=0.05, longest_rest=0.4, most_quick=1_000_000, probe_soon=0.05, probe_late=0.1, probe_timeout=0.5
)
ROOT = Path(__file__).resolve().parents[2]


def order(
    number: int,
    *command: str,
    attempt: int = 1,
    name: str = "",
    array: tuple[int, int] | None = None,
    script: str | None = None,
    env: dict[str, str] | None = None,
    cwd: str = "/",
    stdout: str = "",
    stderr: str = "",
    memory_mb: int = 0,
    gpus: int = 0,
    time_limit_s: int | None = None,
    lease_s: int | None = None,
    grace_s: float = SHORT_GRACE_S,
    kind: Literal["batch", "service"] = "batch",
    generation: int = 0,
    ready_cmd: str = "",
    ready_after_s: float = 0.0,
) -> Order:
    """Allocation *number* of the job with the same number, one CPU; *array* is (array id, index)."""
    return Order(
        allocation_id=number,
        job_id=number,
        attempt=attempt,
        name=name,
        array_id=array[0] if array else None,
        array_index=array[1] if array else None,
        spec=Spec(
            command=command,
            script=script,
            env=env or {},
            cwd=cwd,
            stdout=stdout,
            stderr=stderr,
            ready_cmd=ready_cmd,
            ready_after_s=ready_after_s,
        ),
        request=Resources(cpu_milli=1000, memory_mb=memory_mb, gpus=gpus),
        time_limit_s=time_limit_s,
        lease_s=lease_s,
        grace_s=grace_s,
        kind=kind,
        generation=generation,
    )


def shell(number: int, text: str, **changes: object) -> Order:
    """Allocation *number*, which runs *text* in a shell."""
    return order(number, "/bin/sh", "-c", text, **changes)  # type: ignore[arg-type]  # the changes of order()


def replica(number: int, text: str, **changes: object) -> Order:
    """Allocation *number* of a service, each of whose processes runs *text* in a shell."""
    return shell(number, text, kind="service", **changes)


class Rig:
    """RealProcesses on *spool*, with the ends that it has collected."""

    def __init__(
        self,
        spool: Path,
        *,
        gpus: int = 0,
        output_cap_mb: int = 1024,
        keep_logs_s: float = math.inf,
        care: Care = BRISK,
    ) -> None:
        self.spool = spool
        self.processes = RealProcesses(
            spool,
            worker="w1",
            gpus=gpus,
            output_cap_mb=output_cap_mb,
            keep_logs_s=keep_logs_s,
            care=care,
        )
        self.processes.renew(boottime())
        self.ends: dict[int, End] = {}
        self.is_open = True

    def start(self, *orders: Order) -> None:
        """Order them all."""
        for each in orders:
            self.processes.start(each, TOKEN)

    def run(self, each: Order) -> End:
        """Order it, and wait for its end."""
        self.start(each)
        return self.end_of(each.allocation_id)

    def end_of(self, number: int) -> End:
        """Wait for the end of allocation *number*, as a loop would: on the descriptor."""
        until(lambda: number in self.listen(), what=f"the end of {number}")
        return self.ends[number]

    def listen(self) -> dict[int, End]:
        """Collect once something can be read, or after a moment. No end may come twice."""
        select.select([self.processes.fileno()], [], [], 0.05)
        for end in self.processes.collect():
            assert end.allocation_id not in self.ends, f"told twice: {end}"
            self.ends[end.allocation_id] = end
        return self.ends

    def running(self, number: int) -> Running:
        """Allocation *number*, once its pid is known."""

        def known() -> Running | None:
            assert number not in self.listen(), f"ended: {self.ends[number]}"
            found = self.processes.running()[number]
            return found if found.pid and found.supervisor_pid else None

        found = until(known, what=f"the pid of {number}")
        assert found is not None
        return found

    def replica(self, number: int) -> Replica | None:
        """How replica *number* stands; None if nobody knows yet. It has not ended."""
        assert number not in self.listen(), f"ended: {self.ends[number]}"
        return self.processes.replica(number) if number in self.processes.replicas() else None

    def replica_until(self, number: int, good: Callable[[Replica], bool], what: str) -> Replica:
        """Wait until replica *number* stands so."""

        def stands() -> Replica | None:
            found = self.replica(number)
            return found if found and good(found) else None

        found = until(stands, what=what)
        assert found
        return found

    def stop(self, number: int, outcome: Outcome = Outcome.CANCELLED, grace_s: float = SHORT_GRACE_S) -> End:
        """Stop it, and wait for its end."""
        self.processes.stop(number, outcome, grace_s)
        return self.end_of(number)

    def start_until_ready(self, each: Order) -> Running:
        """Order it, and wait until it runs and has written ``ready``."""
        number = each.allocation_id
        self.start(each)
        running = self.running(number)
        until(lambda: "ready" in self.output(number), what=f"{number} to be ready")
        return running

    def output(self, number: int, attempt: int = 1) -> str:
        """What both its streams said."""
        return (self.spool / default_output(number, attempt)).read_text()

    def close(self, *, stop_jobs: bool = True) -> None:
        """Leave, and see that no supervisor stays behind without a job."""
        if self.is_open:
            self.is_open = False
            self.processes.close(stop_jobs=stop_jobs)
            if stop_jobs:
                until(lambda: not held(self.spool), what="the supervisors to leave")


def held(spool: Path) -> list[Path]:
    """The journals whose supervisors live."""
    return [path for path in (spool / "supervisors").glob("*.journal") if is_held(path)]


def is_alive(pid: int) -> bool:
    """Whether *pid* is a process, and not only the remains of one."""
    process = read_processes().get(pid)
    return process is not None and not process.is_zombie


@contextmanager
def another_agentd(spool: Path, orders_of: str, care: Care = BRISK) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that starts the orders in the Python expression *orders_of*, and then only listens."""
    source = f"""
import sys
from pathlib import Path
from agentd.supervisor.care import Care
from tests.agent.rig import Rig, order, replica, shell
rig = Rig(Path({str(spool)!r}), care={care!r})
rig.start(*({orders_of}))
for running in list(rig.processes.running()):
    rig.running(running)
print("ready", flush=True)
while True:
    rig.listen()
"""
    with subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True, cwd=ROOT) as agentd:
        try:
            assert agentd.stdout
            assert agentd.stdout.readline() == "ready\n"
            yield agentd
        finally:
            agentd.kill()


def waiting_for(gate: Path, then: str = "exit 0") -> str:
    """Shell text that waits until *gate*, a FIFO, is opened, and does *then*."""
    return f"read line < {shlex.quote(str(gate))}; {then}"


RigMaker = Callable[..., Rig]
