"""File systems of a test's own, small enough to be filled."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = 4096


@contextmanager
def mounted(place: Path, kind: str, options: str = "defaults") -> Iterator[Path]:
    """A new file system of *kind* at *place*; needs root. Afterwards it is gone, whoever still uses it."""
    place.mkdir()
    subprocess.run(["mount", "-t", kind, "-o", options, "none", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(file: Path) -> None:
    """Make *file* as large as its file system allows."""
    with file.open("ab", buffering=0) as filler:
        for size in (1 << 20, BLOCK, 1):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def fill_last_block(file: Path) -> None:
    """Add a line to *file*, so that whoever appends to it needs a new block."""
    with file.open("ab") as appended:
        left = -os.fstat(appended.fileno()).st_size % BLOCK
        appended.write(b"x" * (left - 1) + b"\n" if left else b"")
