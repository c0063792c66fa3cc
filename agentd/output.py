"""What jobs have written into the spool: deleted when it is old enough, and its attempt reported."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path

from agentd.records import read_stories
from agentd.spool import Spool
from agentd.supervisor.kernel import punch_hole
from agentd.supervisor.output import HOPELESS

REST_S = 3600.0  # between two passes over the whole directory
NAMES = re.compile(r"(?P<job>[0-9]+)-[0-9]+\.out")
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

log = logging.getLogger(__name__)


class Pruner:
    """Deletes output in *spool* that nobody has written to for *keep_s* seconds.

    Not that of an attempt which stands in a journal: it may be running, silent for weeks, or its end may still have to
    be reported.
    """

    def __init__(self, spool: Spool, keep_s: float) -> None:
        self._spool = spool
        self._keep_s = keep_s
        self._left: list[str] = []  # directories of this pass, the next one last
        self._next_pass = 0.0

    @property
    def has_begun(self) -> bool:
        """Whether a pass is under way."""
        return bool(self._left)

    def bite(self, now: float) -> int:
        """See to one directory, a thousand jobs, and return how many files are gone. *now* is seconds of the epoch."""
        with suppress(OSError):  # gone, or unreadable: it comes again in the next pass
            if not self._left:
                if 0 < self._next_pass - now <= REST_S:
                    return 0
                self._left, self._next_pass = directories(self._spool.output), now + REST_S
            if self._left:
                return prune(self._spool.output, self._left.pop(), before=now - self._keep_s, standing=self._standing)
        return 0

    def _standing(self) -> set[int]:
        """The jobs that stand in the journals."""
        journals = [self._spool.journal(number) for number in self._spool.numbers()]
        return {story.begin.job_id for journal in journals for story in read_stories(journal).values()}


def directories(output: Path) -> list[str]:
    """The directories that supervisors make in *output*, highest number first."""
    return sorted((name for name in os.listdir(output) if name.isdecimal()), key=int, reverse=True)


def prune(output: Path, name: str, *, before: float, standing: Callable[[], Collection[int]]) -> int:
    """Delete what is older than *before* in directory *name* of *output*, and the directory once it is empty.

    Only what is called as we call it, and nothing through a symbolic link: jobs can write here. *standing* is asked
    only if there is something to delete, for the numbers of the jobs that keep theirs. Returns the number of files.
    """
    root = os.open(output, DIRECTORY)
    try:
        inner = os.open(name, DIRECTORY, dir_fd=root)
        try:
            old = list(older(inner, before))
            kept = standing() if old else ()
            gone = [file for job_id, file in old if job_id not in kept and delete(file, inner)]
            if gone or os.fstat(inner).st_mtime < before:
                with suppress(OSError):  # not empty. A supervisor that needs it just now makes it again
                    os.rmdir(name, dir_fd=root)
        finally:
            os.close(inner)
    finally:
        os.close(root)
    if gone:
        log.info("pruned %d outputs of jobs, the first %s", len(gone), gone[0])
    return len(gone)


def older(directory: int, before: float) -> Iterator[tuple[int, str]]:
    """The outputs in *directory* that were written to for the last time *before*: number of the job, and name."""
    for name in sorted(os.listdir(directory)):
        if found := NAMES.fullmatch(name):
            with suppress(FileNotFoundError):
                if os.stat(name, dir_fd=directory, follow_symlinks=False).st_mtime < before:
                    yield int(found["job"]), name


def delete(name: str, directory: int) -> bool:
    """Whether *name* is gone because of us."""
    try:
        os.unlink(name, dir_fd=directory)
    except OSError:
        return False
    return True


def can_punch(directory: Path) -> bool:
    """Whether files in *directory* can lose their middle; also if a full disk keeps us from finding out."""
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            punch_hole(file.fileno(), 0, 1)
    except OSError as error:
        return error.errno not in HOPELESS
    return True
