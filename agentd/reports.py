"""What replicas report of their services: lines that anybody in the job appends to a file of its own.

Nothing of it is believed. The job may put anything in the file's place: only a plain file is read, never more than
``MOST_BYTES`` of it at once, and what was too much is passed over. How far it was read stands beside it, for the next
agentd; what was read and not committed by then is lost.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from agentd.journal import open_plain
from clusterctl.model.errors import BadInput
from clusterctl.model.orders import Report
from clusterctl.model.reports import check_report

FILE = "CLUSTERCTL_REPORT"  # the variable that tells a replica where to append
MOST_BYTES = 1 << 16
LARGEST_BYTES = 1 << 20  # a file that has grown to this is begun anew
APART = ".read"
MOST_COUNTED = 10**15  # of anything, in one report: sums of what was made up must stay numbers

log = logging.getLogger(__name__)
decode = msgspec.json.Decoder(Report).decode


class Reports:
    """The files in *directory*, one for each allocation."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._offsets: dict[int, int] = {}  # how far each was read
        self._junk: set[int] = set()  # of which it was said that there is some

    def read(self, allocation_ids: Iterable[int]) -> dict[int, Report]:
        """What they say that was not read before, each as one report."""
        ids = set(allocation_ids)
        self._junk &= ids
        self._offsets = {id: offset for id, offset in self._offsets.items() if id in ids}
        reports = {}
        for id in sorted(ids):
            with suppress(OSError):  # what cannot be read says nothing
                if report := self._digest(id, self._read_lines(id)):
                    reports[id] = report
        return reports

    def _digest(self, id: int, lines: list[bytes]) -> Report | None:
        found = None
        junk = 0
        for line in lines:
            report = read_line(line)
            junk += report is None
            if report:
                found = fold(found, report) if found else report
        if junk and id not in self._junk:
            self._junk.add(id)
            log.warning("allocation %d: %d of %d lines are no reports, and are passed over", id, junk, len(lines))
        return found

    def _read_lines(self, id: int) -> list[bytes]:
        """The lines that are new and whole. Raises OSError."""
        path = self._directory / str(id)
        fd = open_plain(path)
        if fd is None:
            return []
        try:
            size = os.fstat(fd).st_size
            offset = self._offset(id) if self._offset(id) <= size else 0  # somebody has begun it anew
            begin = max(offset, size - MOST_BYTES)
            data = os.pread(fd, MOST_BYTES, begin)
        finally:
            os.close(fd)
        whole = data.rfind(b"\n") + 1
        if not whole and len(data) == MOST_BYTES:  # no line of ours is so long
            whole = len(data)
        lines = data[:whole].split(b"\n")[begin > offset : -1]  # the first may have lost its beginning
        self._move(id, begin + whole)
        if size >= LARGEST_BYTES and begin_anew(path):
            self._move(id, 0)
        return lines

    def _offset(self, id: int) -> int:
        """How far it was read, by us or by an earlier agentd."""
        if id not in self._offsets:
            fd = open_plain(self._directory / f"{id}{APART}")
            if fd is None:
                return 0
            with open(fd, "rb") as file:
                word = file.read(20)
            self._offsets[id] = int(word) if word.isdigit() else 0
        return self._offsets[id]

    def _move(self, id: int, offset: int) -> None:
        if offset == self._offsets.get(id, 0):
            return
        self._offsets[id] = offset
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        with suppress(OSError):  # a full disk: the next agentd reads it again
            fd = os.open(self._directory / f"{id}{APART}", flags, 0o600)
            try:
                os.write(fd, b"%d" % offset)
            finally:
                os.close(fd)


def read_line(text: bytes) -> Report | None:
    """The report in *text*; None if it is none, says nothing, or tells what cannot be."""
    try:
        report = decode(text)
        check_report(report)
    except (msgspec.DecodeError, UnicodeDecodeError, BadInput):
        return None
    return None if report == Report() else report


def fold(earlier: Report, later: Report) -> Report:
    """Both as one: the largest latency, and the sums."""
    known = [report.p99_ms for report in (earlier, later) if report.p99_ms is not None]
    return Report(
        p99_ms=max(known, default=None),
        requests=min(earlier.requests + later.requests, MOST_COUNTED),
        violations=min(earlier.violations + later.violations, MOST_COUNTED),
    )


def begin_anew(path: Path) -> bool:
    """Cut the file at *path*, unless it is known by another name too: then it is something else. Whether it was cut."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if os.fstat(fd).st_nlink > 1:
            return False
        os.ftruncate(fd, 0)
        return True
    finally:
        os.close(fd)


def prepare(path: Path) -> None:
    """Make the empty file that a replica appends to. Raises OSError: the spool has no room, most likely."""
    for old in (path, path.with_name(path.name + APART)):  # of another attempt with its number
        with suppress(FileNotFoundError):
            old.unlink()
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
