"""What supervisors say, over a socket and in their journals; and what a journal tells of each attempt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from agentd.journal import read_lines
from clusterctl.model.orders import End, Replica
from clusterctl.model.states import Outcome

# A journal is a file, and may hold anything by now. What does not fit here is no record: beyond these bounds Postgres
# would refuse a report for ever, and a pid below 1 means a whole group to kill(2).
Number = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Pid = Annotated[int, Meta(ge=1, le=2**22)]  # the most that Linux gives out
Token = Annotated[str, Meta(pattern="^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\\Z")]
Words = Annotated[str, Meta(pattern="^[^\\x00]*\\Z")]
Moment = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]


LONGEST_EXIT = 300  # characters


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=str.lower):
    """One line. Moments are seconds of CLOCK_BOOTTIME, process starts are ticks since boot."""


class Hello(Record, frozen=True, kw_only=True):
    """The first line on a connection: who is at the other end."""

    pid: Pid


class Begin(Record, frozen=True, kw_only=True):
    """An attempt begins; its process may or may not exist by now."""

    allocation_id: Number
    job_id: Number
    token: Token
    boot: str
    supervisor_pid: Pid
    supervisor_start: int
    lease_s: float | None
    grace_s: Moment = 30.0  # what it was for those who did not write it down yet
    memory_mb: Count
    gpus: tuple[int, ...]
    service: bool = False
    at: Moment


class Spawned(Record, frozen=True, kw_only=True):
    """The job's own process. ``reaped_s`` is what its supervisor's earlier children had used of the CPU."""

    allocation_id: Number
    pid: Pid
    start: int
    reaped_s: float


class Condition(Record, frozen=True, kw_only=True):
    """How a replica stands: since when it is ready, until when it rests, and how its process before has ended."""

    allocation_id: Number
    ready_at: Moment | None
    restarts: Count
    rests_until: Moment | None
    generation: Count
    exit_code: Count | None = None
    signal: Count | None = None
    detail: Words = ""

    def report(self, token: str, now: float) -> Replica:
        """As Postgres is told it at *now* (BOOTTIME)."""
        return Replica(
            allocation_id=self.allocation_id,
            start_token=token,
            ready_ago_s=None if self.ready_at is None else max(0.0, now - self.ready_at),
            restarts=self.restarts,
            rests_s=None if self.rests_until is None else max(0.0, self.rests_until - now),
            last_exit=self.last_exit,
            generation=self.generation,
        )

    @property
    def last_exit(self) -> str:
        """``exit code 1``, ``signal 9: used 300 MiB of 256 MiB``; empty while there was none."""
        words = f"exit code {self.exit_code}" if self.exit_code is not None else ""
        words = f"signal {self.signal}" if self.signal is not None else words
        return ": ".join(filter(None, (words, self.detail)))[:LONGEST_EXIT]


class Ended(Record, frozen=True, kw_only=True, tag="end"):
    """Nothing of the attempt is left."""

    allocation_id: Number
    token: Token
    outcome: Outcome
    exit_code: Count | None = None
    signal: Count | None = None
    detail: Words = ""
    cpu_s: Moment = 0.0
    memory_peak_mb: Count = 0
    at: Moment

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


AnyRecord: TypeAlias = Hello | Begin | Spawned | Condition | Ended
_decoder = msgspec.json.Decoder(AnyRecord)


def decode_record(line: bytes) -> AnyRecord | None:
    """The record in *line*; None if the line is cut or spoilt."""
    try:
        record: AnyRecord = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):  # the second for a text that is none
        return None
    return record


def read_records(path: Path) -> Iterator[AnyRecord]:
    """What the journal at *path* says, without what is spoilt."""
    for line in read_lines(path):
        if line.startswith(b"{") and (record := decode_record(line)):
            yield record


def is_whole(path: Path) -> bool:
    """Whether the journal at *path* is there, and no line of it is cut or spoilt."""
    return path.is_file() and all(decode_record(line) for line in read_lines(path))


def read_stories(path: Path) -> dict[int, Story]:
    """The attempts in the journal at *path*, by allocation id, in the order in which they began."""
    return tell_stories(read_records(path))


def tell_stories(records: Iterable[AnyRecord]) -> dict[int, Story]:
    """Put *records* together; an end or a process whose beginning is missing belongs to nothing."""
    stories: dict[int, Story] = {}
    for record in records:
        match record:
            case Begin(allocation_id=id):
                stories[id] = Story(record)
            case Spawned(allocation_id=id) if id in stories:
                stories[id].spawned = record
            case Ended(allocation_id=id, token=token) if id in stories and stories[id].begin.token == token:
                stories[id].ended = record
    return stories
