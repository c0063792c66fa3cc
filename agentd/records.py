"""What supervisors say, over a socket and in their journals; and what a journal tells of each attempt."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

import msgspec

from agentd.journal import read_lines
from clusterctl.model.orders import End
from clusterctl.model.states import Outcome


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower):
    """One line. Moments are seconds of CLOCK_BOOTTIME, process starts are ticks since boot."""


class Hello(Record, frozen=True, kw_only=True):
    """The first line on a connection: who is at the other end."""

    pid: int


class Begin(Record, frozen=True, kw_only=True):
    """An attempt begins; its process may or may not exist by now."""

    allocation_id: int
    job_id: int
    token: str
    boot: str
    supervisor_pid: int
    supervisor_start: int
    lease_s: float | None
    memory_mb: int
    gpus: tuple[int, ...]
    at: float


class Spawned(Record, frozen=True, kw_only=True):
    """The job's own process. ``reaped_s`` is what its supervisor's earlier children had used of the CPU."""

    allocation_id: int
    pid: int
    start: int
    reaped_s: float


class Ended(Record, frozen=True, kw_only=True, tag="end"):
    """Nothing of the attempt is left."""

    allocation_id: int
    token: str
    outcome: Outcome
    exit_code: int | None = None
    signal: int | None = None
    detail: str = ""
    cpu_s: float = 0.0
    memory_peak_mb: int = 0
    at: float

    def report(self, now: float) -> End:
        """As Postgres is told it at *now* (BOOTTIME)."""
        return End(
            allocation_id=self.allocation_id,
            start_token=self.token,
            outcome=self.outcome,
            exit_code=self.exit_code,
            signal=self.signal,
            detail=self.detail,
            cpu_s=self.cpu_s,
            memory_peak_mb=self.memory_peak_mb,
            # A moment of an earlier boot may seem to lie ahead.
            ago_s=max(0.0, now - self.at),
        )


class Story(msgspec.Struct):
    """What a journal tells of one attempt."""

    begin: Begin
    spawned: Spawned | None = None
    ended: Ended | None = None


AnyRecord: TypeAlias = Hello | Begin | Spawned | Ended
_decoder = msgspec.json.Decoder(AnyRecord)


def decode_record(line: bytes) -> AnyRecord | None:
    """The record in *line*; None if the line is cut or spoilt."""
    try:
        record: AnyRecord = _decoder.decode(line)
    except msgspec.DecodeError:
        return None
    return record


def read_stories(path: Path) -> dict[int, Story]:
    """The attempts in the journal at *path*, by allocation id, in the order in which they began."""
    return tell_stories(filter(None, map(decode_record, read_lines(path))))


def tell_stories(records: Iterable[AnyRecord]) -> dict[int, Story]:
    """Put *records* together; an end or a process whose beginning is missing belongs to nothing."""
    stories: dict[int, Story] = {}
    for record in records:
        match record:
            case Begin(allocation_id=id):
                stories[id] = Story(record)
            case Spawned(allocation_id=id) if id in stories:
                stories[id].spawned = record
            case Ended(allocation_id=id) if id in stories:
                stories[id].ended = record
    return stories
