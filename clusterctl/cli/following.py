"""Output files: their last lines, their bytes as they come."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from clusterctl.model.errors import NotFound, Refused

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.pictures import OutputPicture

CHUNK = 1 << 16
SOONEST, LATEST = 0.02, 0.25  # seconds between two looks into a file that does not grow
STATE_EVERY = 1.0  # seconds between two looks at the attempt's state


def open_output(found: OutputPicture) -> BinaryIO | None:
    """The file; None if nothing has made it yet.

    Raises Refused for one on another machine, NotFound for one that is gone.
    """
    if found.hostname != socket.gethostname():
        raise Refused(
            f"the output of job {found.job_id} is on {found.hostname}: reading from other machines is not there yet",
            f"there it is {found.path}",
        )
    try:
        return Path(found.path).open("rb")
    except (FileNotFoundError, NotADirectoryError):
        if found.ended:
            sentence = f"the output of job {found.job_id} is gone, or was never made: {found.path}"
            raise NotFound(sentence, f"`clusterctl job {found.job_id}` tells how it ended") from None
        return None
    except OSError as error:
        raise Refused(f"cannot read {found.path}: {error.strerror}") from None


def explain_silence(cluster: Cluster, job_id: int) -> None:
    """Say why nothing was written by a job whose command was never started."""
    from clusterctl import views
    from clusterctl.text import visible

    job = views.job(cluster, job_id).job
    if job.reason == "start_failed":
        sys.stderr.write(f"job {job_id} wrote nothing: it could not be started: {visible(job.detail)}\n")


def copy(file: BinaryIO) -> int:
    """Everything from here to the end, onto stdout, byte for byte; how much that was."""
    copied = 0
    while chunk := file.read(CHUNK):
        sys.stdout.buffer.write(chunk)
        copied += len(chunk)
    sys.stdout.buffer.flush()
    return copied


def seek_tail(file: BinaryIO, lines: int) -> None:
    """Go to where the last *lines* lines begin: backwards, block by block, as `tail` does."""
    position = file.seek(0, os.SEEK_END)
    ends = lines + 1  # line ends to pass; a last line without its own counts as if it had one
    if position and byte_at(file, position - 1) != b"\n":
        ends -= 1
    while position > 0 and lines:
        start = max(0, position - CHUNK)
        file.seek(start)
        block = file.read(position - start)
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            ends -= 1
            if ends == 0:
                file.seek(start + at + 1)
                return
        position = start
    file.seek(0, os.SEEK_SET if lines else os.SEEK_END)


def byte_at(file: BinaryIO, position: int) -> bytes:
    """One byte."""
    file.seek(position)
    return file.read(1)


def follow(
    cluster: Cluster, job_id: int, *, stderr: bool = False, attempt: int | None = None, tail: int | None = None
) -> None:
    """Copy a job's output as it is written, until the job has ended; a retry's follows that of the attempt before."""
    from clusterctl import views
    from clusterctl.model.states import TERMINAL

    shown = 0
    waiting = False
    while True:
        # The state first: an attempt that begins after this look makes the job not ended in the next.
        state = views.job(cluster, job_id).job.state
        try:
            found = views.output(cluster, job_id, attempt=attempt, stderr=stderr)
        except Refused:
            found = None
        if found is not None and found.attempt > shown:
            follow_attempt(cluster, found, stderr=stderr, tail=tail if shown == 0 else None)
            shown = found.attempt
            if attempt is not None:
                return
            continue
        if state in TERMINAL:
            return
        if not waiting and not shown:
            sys.stderr.write(f"job {job_id} is {state}, waiting for its output\n")
            waiting = True
        time.sleep(LATEST)


def follow_attempt(cluster: Cluster, found: OutputPicture, *, stderr: bool, tail: int | None) -> None:
    """Copy one attempt's output until it has ended and all is copied."""
    from clusterctl import views

    file = None
    rest, asked = SOONEST, time.monotonic()
    ended = found.ended
    while True:
        if file is None and (file := open_output(found)) is not None and tail is not None:
            seek_tail(file, tail)
        if file is not None and copy(file):
            rest = SOONEST
        elif ended:
            break
        if not ended and time.monotonic() - asked >= min(STATE_EVERY, rest * 8):
            ended = views.output(cluster, found.job_id, attempt=found.attempt, stderr=stderr).ended
            asked = time.monotonic()
        else:
            time.sleep(rest)
            rest = min(rest * 1.5, LATEST)
    if file is not None:
        file.close()
