"""What a user submits, and where its output goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

import msgspec

from clusterctl.model.resources import Resources

MAX_ARGUMENT = 128 * 1024  # bytes: Linux's MAX_ARG_STRLEN
MAX_SPEC = 1024 * 1024  # bytes, encoded
MAX_NAME = 200  # characters
MAX_ARRAY = 100_000  # jobs in one submit
MAX_REPLICAS = 1000  # of one service
MAX_CALL = 15 * 1024 * 1024  # bytes, encoded, of all that is submitted at once: what the door takes, and an envelope

AfterCondition = Literal["ok", "any", "notok"]
OnWorkerLoss = Literal["requeue", "fail", "wait"]


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Which indices an array has. ``step`` is 1 unless all are equally far apart."""

    count: int
    first: int
    last: int
    step: int = 1


class Spec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a job's process is made. The same for every job of a submission; kept once, as JSON.

    ``command`` is argv; with ``script`` set, the worker writes the script to a file and runs it with
    ``command`` as its arguments. ``stdout``/``stderr`` are patterns (see ``expand_pattern``), relative to
    ``cwd``; empty means the worker's spool, both streams in one file. ``slurm``: the script was written for sbatch,
    and is told in Slurm's own variables what it may ask for.

    A service is ready once ``ready_cmd``, a shell command that its worker runs beside it, exits with 0; or without one
    once it has been up for ``ready_after_s``; or else as soon as it runs.
    """

    command: tuple[str, ...]
    script: str | None = None
    env: dict[str, str] = {}
    cwd: str = "/"
    stdout: str = ""
    stderr: str = ""
    slurm: bool = False
    ready_cmd: str = ""
    ready_after_s: float = 0.0
    array: Span | None = None  # written when it is taken in, from the submission's indices


class After(msgspec.Struct, frozen=True):
    """A dependency: start only once job *job_id* has ended as *condition* says."""

    job_id: int
    condition: AfterCondition = "ok"


class Submission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call of submit: one spec, and one job or an array of them."""

    spec: Spec
    request: Resources
    name: str = ""
    kind: Literal["batch", "service"] = "batch"  # of a service ``indices`` are those of its replicas, from 0
    every_worker: bool = False  # a service with a replica for each worker: begins with one, schedd makes the others
    slo_p99_ms: int | None = None
    tenant: str = "default"
    user: str = ""
    priority: int = 50
    time_limit_s: int | None = None
    deadline_s: float | None = None  # by when it should have ended, counted from the submit
    deadline_at: float | None = None  # or, in seconds since the epoch
    retries: int = 0
    indices: tuple[int, ...] | None = None  # None: a single job; else one job per array index
    lines: tuple[str, ...] | None = None  # one for each index: what that job is told as its line
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


def span_of(indices: Sequence[int]) -> Span:
    """What *indices*, which are ascending, have in common. Raises IndexError for none."""
    steps = {later - former for former, later in pairwise(indices)}
    return Span(count=len(indices), first=indices[0], last=indices[-1], step=steps.pop() if len(steps) == 1 else 1)


def expand_pattern(
    pattern: str,
    *,
    job_id: int,
    array_id: int | None,
    array_index: int | None,
    name: str,
    user: str = "",
    worker: str = "",
) -> str:
    """Fill in ``%j`` (job), ``%A`` (array, else job), ``%a`` (index, else empty), ``%x`` (name), ``%u`` (user).

    And ``%N`` (worker) and ``%%``. Same meanings as in sbatch's filename patterns, of which the rest is told as there
    for a job of one task: ``%J`` is the job, ``%b`` the index modulo ten, ``%t``, ``%n`` and ``%s`` are 0. A number
    fills with zeros: ``%4a`` is 0007. A name's slashes become underscores: a pattern never leaves the directory it
    names through a job's name. Other ``%`` sequences stay as they are.
    """
    numbers = {
        "j": job_id,
        "J": job_id,
        "A": job_id if array_id is None else array_id,
        "a": array_index,
        "b": None if array_index is None else array_index % 10,
        **dict.fromkeys("nst", 0),
    }
    words = {"x": name, "u": user, "N": worker}

    def fill(found: re.Match[str]) -> str:
        width, letter = found.groups()
        if letter == "%":
            return "%"
        if letter in words:
            return words[letter].replace("/", "_")
        return "" if numbers[letter] is None else f"{numbers[letter]:0{width or 0}d}"

    return re.sub(r"%((?:0?[0-9]|10)?)([jJAabnstxuN]|(?<=%)%)", fill, pattern)
