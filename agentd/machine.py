"""What the machine is and has, as this worker registers it."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

import psutil

from clusterctl.model.errors import Refused
from clusterctl.model.registration import Registration
from clusterctl.model.resources import Resources

MACHINE_ID = Path("/etc/machine-id")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def describe(
    *, name: str, spool: Path, cpu_milli: int | None, memory_mb: int | None, gpus: int, labels: dict[str, str]
) -> Registration:
    """The registration; what is not given is measured: the CPUs that we may use, all memory."""
    from importlib.metadata import version  # noqa: PLC0415 - slow to import, needed once

    return Registration(
        name=name,
        agent_id=agent_id(spool),
        machine_id=MACHINE_ID.read_text().strip() if MACHINE_ID.exists() else "",
        boot_id=BOOT_ID.read_text().strip(),
        hostname=socket.gethostname(),
        version=version("clusterctl"),
        spool=str(spool),
        capacity=Resources(
            cpu_milli=len(os.sched_getaffinity(0)) * 1000 if cpu_milli is None else cpu_milli,
            memory_mb=psutil.virtual_memory().total // 2**20 if memory_mb is None else memory_mb,
            gpus=gpus,
        ),
        labels=labels,
    )


def agent_id(spool: Path) -> str:
    """Who the agent of this spool is, across restarts; made up once. Written aside and renamed: whole or not at all.

    Raises Refused if something else has written there.
    """
    file = spool / "agent_id"
    if file.exists():
        try:
            return str(uuid.UUID(file.read_text().strip()))
        except ValueError:
            hint = "put it back; if you delete it, this is another worker, and waits until the old one is lost"
            raise Refused(f"{file} does not say who this agent is", hint) from None
    fresh = str(uuid.uuid4())
    aside = file.with_suffix(".new")
    aside.write_text(fresh + "\n")
    aside.replace(file)
    return fresh
