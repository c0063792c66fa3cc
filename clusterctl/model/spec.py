"""What a user submits, and where its output goes."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from clusterctl.model.resources import Resources

MAX_ARGUMENT = 128 * 1024  # bytes: Linux's MAX_ARG_STRLEN
MAX_SPEC = 1024 * 1024  # bytes, encoded
MAX_NAME = 200  # characters
MAX_ARRAY = 100_000  # jobs in one submit

AfterCondition = Literal["ok", "any", "notok"]
OnWorkerLoss = Literal["requeue", "fail", "wait"]


class Spec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a job's process is made. The same for every job of a submission; kept once, as JSON.

    ``command`` is argv; with ``script`` set, the worker writes the script to a file and runs it with
    ``command`` as its arguments. ``stdout``/``stderr`` are patterns (``%j %A %a %x %%``), relative to
    ``cwd``; empty means the worker's spool, both streams in one file.
    """

    command: tuple[str, ...]
    script: str | None = None
    env: dict[str, str] = {}
    cwd: str = "/"
    stdout: str = ""
    stderr: str = ""


class After(msgspec.Struct, frozen=True):
    """A dependency: start only once job *job_id* has ended as *condition* says."""

    job_id: int
    condition: AfterCondition = "ok"


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """One call of submit: one spec, and one job or an array of them."""

    spec: Spec
    request: Resources
    name: str = ""
    kind: Literal["batch", "service"] = "batch"
    tenant: str = "default"
    user: str = ""
    priority: int = 50
    time_limit_s: int | None = None
    retries: int = 0
    indices: tuple[int, ...] | None = None  # None: a single job; else one job per array index
    array_limit: int | None = None  # how many of the array may run at once
    after: tuple[After, ...] = ()
    labels: dict[str, str] = {}  # the worker must carry all of them
    worker: str | None = None  # only this worker
    hold: bool = False
    on_worker_loss: OnWorkerLoss = "requeue"
    lease_s: int = 900
    key: str | None = None  # same key and same submission: the same jobs


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a submission. ``ids`` are contiguous."""

    ids: tuple[int, ...]
    array_id: int | None = None
    existing: bool = False  # the key was known: nothing new was made


def expand_pattern(pattern: str, *, job_id: int, array_id: int | None, array_index: int | None, name: str) -> str:
    """Fill in ``%j`` (job), ``%A`` (array, else job), ``%a`` (index, else empty), ``%x`` (name), ``%%``.

    A name's slashes become underscores: a pattern never leaves the directory it names through a job's name.
    Other ``%`` sequences stay as they are. Same meanings as in sbatch's filename patterns.
    """
    filled = {
        "j": str(job_id),
        "A": str(array_id if array_id is not None else job_id),
        "a": "" if array_index is None else str(array_index),
        "x": name.replace("/", "_"),
        "%": "%",
    }
    return re.sub(r"%([jAax%])", lambda found: filled[found[1]], pattern)
