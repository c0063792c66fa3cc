"""Where a job's output is when it did not say."""

from __future__ import annotations

JOBS_PER_DIRECTORY = 1000


def default_output(job_id: int, attempt: int) -> str:
    """The file of both streams, relative to the worker's spool: ``output/42/42137-1.out``.

    A thousand jobs share a directory, so that none grows until listing it is slow.
    """
    return f"output/{job_id // JOBS_PER_DIRECTORY}/{job_id}-{attempt}.out"
