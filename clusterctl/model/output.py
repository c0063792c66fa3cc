"""Where a job's output is when it did not say, and where an attempt's lies."""

from __future__ import annotations

from typing import Literal

import msgspec

JOBS_PER_DIRECTORY = 1000

Stream = Literal["stdout", "stderr"]


def default_output(job_id: int, attempt: int) -> str:
    """The file of both streams, relative to the worker's spool: ``output/42/42137-1.out``.

    A thousand jobs share a directory, so that none grows until listing it is slow.
    """
    return f"output/{job_id // JOBS_PER_DIRECTORY}/{job_id}-{attempt}.out"


class OutputPicture(msgspec.Struct, frozen=True, kw_only=True):
    """Where an attempt's output lies, and who serves it to other machines.

    ``path`` and ``spool`` are on the machine ``hostname``. ``logs_url`` is empty if its agent serves nothing.
    ``logs_token`` is a secret: it opens all outputs of that worker, and is never printed.
    """

    job_id: int
    attempt: int
    allocation_id: int
    stream: Stream
    worker: str
    live_state: str  # the worker's
    live_reason: str
    hostname: str
    machine_id: str
    spool: str
    path: str
    logs_url: str
    logs_token: str
    ended: bool
