"""Where the outputs of attempts lie, by numbers.

What an attempt writes into the spool is found by its job's number and its own. Whoever named files elsewhere
(``--stdout``) has had them written down beside that, in a *note*, before the attempt began: only such files are served.
A note is as old as its attempt's beginning, and is pruned as an output is.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from clusterctl.model.orders import Order
from clusterctl.model.output import Stream, default_output
from clusterctl.output.here import open_plain

MOST_NOTE = 1 << 16  # bytes
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """The files of an attempt that named some. Empty: the spool's own."""

    allocation_id: int
    stdout: str = ""
    stderr: str = ""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Of which an output is asked for."""

    job_id: int
    number: int
    allocation_id: int


class Gone(Exception):
    """There is no such output here, or not any more."""


def note_name(job_id: int, number: int) -> str:
    """The note of an attempt, relative to the spool."""
    return default_output(job_id, number).removesuffix(".out") + ".where"


def write_note(spool: Path, order: Order, stdout: str, stderr: str) -> None:
    """Write down where *order*'s attempt writes. On a full disk others cannot read its output, and that is all."""
    cwd = Path(order.spec.cwd)
    note = Note(
        allocation_id=order.allocation_id,
        stdout=str(cwd / stdout) if stdout else "",
        stderr=str(cwd / stderr) if stderr else "",
    )
    path = spool / note_name(order.job_id, order.attempt)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(path, flags, 0o600), "wb") as file:
            file.write(msgspec.json.encode(note))


class Places:
    """The outputs of *spool*. *runs* tells whether an allocation is at work here; it is asked by many threads."""

    def __init__(self, spool: Path, runs: Callable[[int], bool]) -> None:
        self._spool = spool
        self.runs = runs

    def open(self, attempt: Attempt, stream: Stream) -> int:
        """A descriptor of that output. Raises Gone, OSError, and Refused for what is no plain file.

        A link is not followed: it was no output when the attempt began.
        """
        note = self._note(attempt)
        if note is not None and note.allocation_id != attempt.allocation_id:
            raise Gone
        if note is not None and (path := note.stderr if stream == "stderr" else note.stdout):
            return open_there(path)
        if stream == "stderr":
            raise Gone
        return self._open_in_spool(default_output(attempt.job_id, attempt.number))

    def _note(self, attempt: Attempt) -> Note | None:
        try:
            fd = self._open_in_spool(note_name(attempt.job_id, attempt.number))
        except Gone:
            return None
        with open(fd, "rb") as file, suppress(msgspec.DecodeError, UnicodeDecodeError):
            return msgspec.json.decode(file.read(MOST_NOTE), type=Note)
        raise Gone

    def _open_in_spool(self, name: str) -> int:
        """Open *name*, step by step: jobs can write in here, and put a link in any place."""
        *directories, file = name.split("/")
        try:
            here = os.open(self._spool, DIRECTORY)
            try:
                for directory in directories:
                    inner = os.open(directory, DIRECTORY, dir_fd=here)
                    os.close(here)
                    here = inner
                return open_plain(file, follow=False, directory=here)
            finally:
                os.close(here)
        except (FileNotFoundError, NotADirectoryError):
            raise Gone from None


def open_there(path: str) -> int:
    """Open a file that is not in the spool."""
    try:
        return open_plain(path, follow=False)
    except (FileNotFoundError, NotADirectoryError):
        raise Gone from None
