"""From an order to what a supervisor is told: paths, environment, GPUs; and files for what is too large to tell."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from agentd.environment import job_environment
from agentd.link import LARGEST_MESSAGE
from agentd.logs.places import write_note
from agentd.reports import FILE, prepare
from agentd.spool import Spool
from agentd.supervisor.care import Care
from agentd.supervisor.spawn import Start
from clusterctl.model.orders import Order
from clusterctl.model.output import default_output
from clusterctl.model.spec import expand_pattern

_encode = msgspec.json.Encoder().encode


class Briefing(msgspec.Struct, frozen=True, kw_only=True):
    """What does not change from one order to the next."""

    spool: Spool
    worker: str
    has_gpus: bool
    output_cap_mb: int  # 0 for none
    care: Care = Care()  # of replicas

    def write(self, order: Order, token: str, *, gpus: Sequence[int], cut: bool) -> bytes:
        """The message that starts *order*. Raises OSError if the spool has no room for its script."""
        spec = order.spec
        argv = list(spec.command)
        if spec.script is not None:
            argv.insert(0, self._write_script(order.allocation_id, spec.script))
        stdout, stderr = self._fill_in(spec.stdout, order), self._fill_in(spec.stderr, order)
        if stdout or stderr:
            write_note(self.spool.path, order, stdout, stderr)
        start = Start(
            op="start",
            allocation_id=order.allocation_id,
            job_id=order.job_id,
            token=token,
            argv=argv,
            env=self._environment(order, token, gpus),
            cwd=spec.cwd,
            stdout=stdout or f"{self.spool.path}/{default_output(order.job_id, order.attempt)}",
            stderr=stderr,
            in_spool=not spec.stdout,
            output_cap=self.output_cap_mb << 20,
            time_limit_s=order.time_limit_s,
            lease_s=order.lease_s,
            grace_s=order.grace_s,
            memory_mb=order.request.memory_mb,
            gpus=list(gpus),
            service=order.kind == "service",
            generation=order.generation,
            ready_cmd=spec.ready_cmd,
            ready_after_s=spec.ready_after_s,
            care=self.care._asdict(),
            cut=cut,
        )
        message = _encode(start) + b"\n"
        if len(message) <= LARGEST_MESSAGE:
            return message
        path = self.spool.orders / str(order.allocation_id)
        path.write_bytes(message)
        return _encode({"op": "start", "file": str(path)}) + b"\n"

    def _environment(self, order: Order, token: str, gpus: Sequence[int]) -> dict[str, str]:
        environment = job_environment(order, token, worker=self.worker, gpus=gpus if self.has_gpus else None)
        if order.kind == "service":
            path = self.spool.reports / str(order.allocation_id)
            prepare(path)
            environment[FILE] = str(path)
        return environment

    def _write_script(self, allocation_id: int, script: str) -> str:
        path = self.spool.scripts / str(allocation_id)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o700)
        with open(fd, "w", encoding="utf-8", newline="") as file:
            file.write(script)
        return str(path)

    def _fill_in(self, pattern: str, order: Order) -> str:
        """*pattern* with the names and numbers of *order*."""
        if "%" not in pattern:
            return pattern
        return expand_pattern(
            pattern,
            job_id=order.job_id,
            array_id=order.array_id,
            array_index=order.array_index,
            name=order.name,
            user=order.user,
            worker=self.worker,
        )
