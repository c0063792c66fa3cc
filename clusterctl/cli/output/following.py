"""Output files, found and followed: their bytes as they come."""

from __future__ import annotations

import os
import socket
import stat
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from clusterctl.cli.outage import patiently
from clusterctl.cli.output.gaps import pieces, seek_tail
from clusterctl.model.errors import NotFound, Refused

if TYPE_CHECKING:
    from clusterctl.cluster import Cluster
    from clusterctl.model.pictures import OutputPicture

SOONEST, LATEST = 0.02, 0.25  # seconds between two looks into a file that does not grow
NULL_DEVICE = os.makedev(1, 3)  # where output goes that nobody wants: as good as an empty file
STATE_EVERY = 1.0  # seconds between two looks at the attempt's state


def open_output(found: OutputPicture) -> BinaryIO | None:
    """The file; None if nothing has made it yet.

    Raises Refused for one on another machine, or what is no file, NotFound for one that is gone.
    """
    if found.hostname != socket.gethostname():
        raise Refused(
            f"the output of job {found.job_id} is on {found.hostname}: reading from other machines is not there yet",
            f"there it is {found.path}",
        )
    try:
        return open_plain(found.path)
    except (FileNotFoundError, NotADirectoryError):
        if found.ended:
            sentence = f"the output of job {found.job_id} is gone, or was never made: {found.path}"
            raise NotFound(sentence, f"`clusterctl job {found.job_id}` tells how it ended") from None
        return None
    except OSError as error:
        raise Refused(f"cannot read {found.path}: {error.strerror}") from None


def open_plain(path: str) -> BinaryIO:
    """The plain file at *path*. Raises OSError and Refused. A pipe would keep us waiting, and take from its readers."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode) and status.st_rdev != NULL_DEVICE:
        os.close(fd)
        raise Refused(f"{path} is not a plain file: what was written there is not kept")
    return os.fdopen(fd, "rb", buffering=0)


def explain_silence(cluster: Cluster, job_id: int) -> None:
    """Say why nothing was written by a job whose command was never started."""
    from clusterctl import views
    from clusterctl.text import visible

    job = views.job(cluster, job_id).job
    if job.reason == "start_failed":
        sys.stderr.write(f"job {job_id} wrote nothing: it could not be started: {visible(job.detail)}\n")


def copy(file: BinaryIO) -> int:
    """Everything from here to the end, onto stdout, byte for byte but for what was dropped; how much that was."""
    copied = 0
    for piece in pieces(file):
        sys.stdout.buffer.write(piece)
        copied += len(piece)
    sys.stdout.buffer.flush()
    return copied


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
        state = patiently(lambda: views.job(cluster, job_id)).job.state
        try:
            found = patiently(lambda: views.output(cluster, job_id, attempt=attempt, stderr=stderr))
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
            look = partial(views.output, cluster, found.job_id, attempt=found.attempt, stderr=stderr)
            ended = patiently(look).ended
            asked = time.monotonic()
        else:
            time.sleep(rest)
            rest = min(rest * 1.5, LATEST)
    if file is not None:
        file.close()
