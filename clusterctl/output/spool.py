"""Output in a worker's spool that is old enough to go."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from clusterctl.model.errors import Refused

NAMES = re.compile(r"(?P<job>[0-9]+)-[0-9]+\.(?:out|where)")  # what was written, or a note of where else that was
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Standing = Callable[[Collection[int]], Collection[int]]  # of these jobs, those whose output stays


class Swept(NamedTuple):
    """How many files went, or would go, from one spool, and the bytes that they held on the disk."""

    spool: str
    files: int
    size: int


def sweep(spools: Iterable[str], *, before: float, standing: Standing, rehearse: bool = False) -> list[Swept]:
    """``prune`` all directories of these *spools* of this machine; those from which something went, or would go.

    A spool that is not there, of a worker that was here once, is passed over. Raises Refused for one that is another
    user's.
    """
    swept = []
    for spool in spools:
        try:
            sizes = list(sweep_one(Path(spool, "output"), before, standing, rehearse))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Refused(f"cannot prune {spool!a}: {error.strerror}", "only the user of its agent can") from error
        if sizes:
            swept.append(Swept(spool, len(sizes), sum(sizes)))
    return swept


def sweep_one(output: Path, before: float, standing: Standing, rehearse: bool) -> Iterator[int]:
    """The bytes of each file that goes, or would go. Raises OSError."""
    for name in directories(output):
        with suppress(FileNotFoundError):  # the agent deletes there, too
            yield from (size for _, size in prune(output, name, before=before, standing=standing, rehearse=rehearse))


def directories(output: Path) -> list[str]:
    """The directories that supervisors make in *output*, highest number first. Raises OSError."""
    return sorted((name for name in os.listdir(output) if name.isdecimal()), key=int, reverse=True)


def prune(
    output: Path, name: str, *, before: float, standing: Standing, rehearse: bool = False, most: int | None = None
) -> list[tuple[str, int]]:
    """Delete what is older than *before* in directory *name* of *output*, and the directory once it is empty.

    At *most* so many files, only what is called as we call it, and nothing through a symbolic link: jobs can write
    here. *standing* is asked only if there is something to delete. Returns the names of the files and the bytes that
    they held; if it is to *rehearse*, of those that would go. Raises OSError if the directory cannot be entered.
    """
    root = os.open(output, DIRECTORY)
    try:
        inner = os.open(name, DIRECTORY, dir_fd=root)
        try:
            old = list(older(inner, before))
            kept = set(standing({job_id for job_id, _, _ in old})) if old else set()
            going = [(file, size) for job_id, file, size in old if job_id not in kept][:most]
            if rehearse:
                return going
            gone = [(file, size) for file, size in going if delete(file, inner)]
            if gone or os.fstat(inner).st_mtime < before:
                with suppress(OSError):  # not empty. A supervisor that needs it just now makes it again
                    os.rmdir(name, dir_fd=root)
            return gone
        finally:
            os.close(inner)
    finally:
        os.close(root)


def older(directory: int, before: float) -> Iterator[tuple[int, str, int]]:
    """The outputs in *directory* last written to *before*: number of the job, name, and bytes on the disk."""
    for name in sorted(os.listdir(directory)):
        if found := NAMES.fullmatch(name):
            with suppress(FileNotFoundError):
                facts = os.stat(name, dir_fd=directory, follow_symlinks=False)
                if facts.st_mtime < before:
                    yield int(found["job"]), name, facts.st_blocks * 512


def delete(name: str, directory: int) -> bool:
    """Whether *name* is gone because of us."""
    try:
        os.unlink(name, dir_fd=directory)
    except OSError:
        return False
    return True
