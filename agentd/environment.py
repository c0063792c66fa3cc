"""A job's environment: clean, and nothing of the daemon's own."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from functools import lru_cache

from agentd import slurm
from clusterctl.model.marks import ALLOCATION, TOKEN
from clusterctl.model.orders import Order
from clusterctl.model.validity import LINE

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@lru_cache(maxsize=1)
def clean_environment() -> tuple[tuple[str, str], ...]:
    """PATH, HOME, USER, LANG, TZ of the user that agentd runs as.

    PATH is fixed. LANG and TZ say where the machine is and hold no secret, so they are taken from agentd's own
    environment; without a TZ the machine's zone holds.
    """
    uid = os.getuid()
    try:
        name, home = (entry := pwd.getpwuid(uid)).pw_name, entry.pw_dir
    except KeyError:  # a container's nameless user
        name, home = str(uid), "/"
    base = {"PATH": PATH, "HOME": home, "USER": name, "LANG": os.environ.get("LANG", "C.UTF-8")}
    if "TZ" in os.environ:
        base["TZ"] = os.environ["TZ"]
    return tuple(base.items())


def job_environment(order: Order, token: str, *, worker: str, gpus: Sequence[int] | None = None) -> dict[str, str]:
    """The whole environment of *order*'s process: the clean base, what the user gave, what the cluster says.

    In this order, so that a user may replace PATH but not the job's id. *gpus* are indices; None on a worker that has
    none, where CUDA_VISIBLE_DEVICES is left alone.
    """
    environment = dict(clean_environment())
    if order.spec.slurm:
        environment.update(slurm.surroundings(order, worker))
    environment.update(order.spec.env)
    environment.update(identity(order, worker))
    environment[TOKEN] = token
    if gpus is not None:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, gpus))
    return environment


def identity(order: Order, worker: str) -> dict[str, str]:
    """The variables ``CLUSTERCTL_*``, and the ``SLURM_*`` that scripts expect."""
    cpu_milli = order.request.cpu_milli
    variables = {
        "CLUSTERCTL_JOB_ID": str(order.job_id),
        "CLUSTERCTL_ATTEMPT": str(order.attempt),
        ALLOCATION: str(order.allocation_id),
        "CLUSTERCTL_WORKER": worker,
        "CLUSTERCTL_CPUS": f"{cpu_milli / 1000:.3f}".rstrip("0").rstrip("."),
        "CLUSTERCTL_MEMORY_MB": str(order.request.memory_mb),
        "SLURM_JOB_ID": str(order.job_id),
    }
    if "SLURM_CPUS_PER_TASK" not in order.spec.env:  # a script for several tasks, which share the CPUs, says how many
        variables["SLURM_CPUS_PER_TASK"] = str(slurm.whole_cpus(cpu_milli))
    if order.array_id is not None:
        variables["CLUSTERCTL_ARRAY_ID"] = variables["SLURM_ARRAY_JOB_ID"] = str(order.array_id)
    if order.array_index is not None:
        variables["CLUSTERCTL_ARRAY_INDEX"] = variables["SLURM_ARRAY_TASK_ID"] = str(order.array_index)
    if order.array_line is not None:
        variables[LINE] = order.array_line
    return variables
