"""Lines of a journal that cannot be ours are no records: Postgres, or kill(2), would take them badly."""

from __future__ import annotations

import json
import os
import signal
import uuid
from pathlib import Path

import pytest

from agentd.journal import is_held
from agentd.records import decode_record, is_whole, read_stories
from clusterctl.model.states import Outcome
from tests.agent.rig import TOKEN, RigMaker, another_agentd, is_alive
from tests.until import until

BEGIN = {
    "kind": "begin",
    "allocation_id": 5,
    "job_id": 6,
    "token": TOKEN,
    "boot": "a boot",
    "supervisor_pid": 70,
    "supervisor_start": 8,
    "lease_s": None,
    "memory_mb": 0,
    "gpus": [],
    "at": 1.5,
}
SPAWNED = {"kind": "spawned", "allocation_id": 5, "pid": 71, "start": 9, "reaped_s": 0.0}
END = {"kind": "end", "allocation_id": 5, "token": TOKEN, "outcome": "exited", "exit_code": 3, "at": 2.5}


def line(record: dict[str, object], **changes: object) -> bytes:
    """*record*, changed, as it would stand in a journal."""
    return json.dumps(record | changes).encode() + b"\n"


@pytest.mark.parametrize("record", [BEGIN, SPAWNED, END])
def test_what_a_supervisor_writes_is_read(record: dict[str, object]) -> None:
    assert decode_record(line(record)) is not None


@pytest.mark.parametrize(
    "record, change",
    [
        (BEGIN, {"allocation_id": 0}),
        (BEGIN, {"allocation_id": 2**63}),
        (BEGIN, {"job_id": "6"}),
        (BEGIN, {"token": "mine"}),
        (BEGIN, {"token": TOKEN + "\n"}),
        (BEGIN, {"supervisor_pid": -1}),  # everybody, to kill(2)
        (BEGIN, {"supervisor_pid": 0}),  # our own group
        (BEGIN, {"at": -1.0}),
        (SPAWNED, {"pid": -71}),
        (SPAWNED, {"pid": 2**40}),
        (END, {"outcome": "vanished"}),
        (END, {"exit_code": 2**31}),
        (END, {"detail": "a\0b"}),
        (END, {"cpu_s": -1.0}),
        (END, {"memory_peak_mb": 2**31}),
        (END, {"at": -1e300}),
    ],
)
def test_what_no_supervisor_would_write_is_not(record: dict[str, object], change: dict[str, object]) -> None:
    assert decode_record(line(record, **change)) is None


def test_the_end_of_another_attempt_with_the_same_number_ends_nothing(tmp_path: Path) -> None:
    journal = tmp_path / "1.journal"
    journal.write_bytes(line(BEGIN) + line(END, token=str(uuid.uuid4())) + line(SPAWNED))
    story = read_stories(journal)[5]
    assert story.spawned is not None
    assert story.ended is None
    journal.write_bytes(line(BEGIN) + line(END))
    ended = read_stories(journal)[5].ended
    assert ended is not None
    assert ended.outcome == Outcome.EXITED


def test_a_journal_is_whole_if_it_is_there_and_every_line_can_be_read(tmp_path: Path) -> None:
    journal = tmp_path / "1.journal"
    assert not is_whole(journal)
    journal.touch()
    assert is_whole(journal)
    journal.write_bytes(line(BEGIN) + line(SPAWNED))
    assert is_whole(journal)
    journal.write_bytes(line(BEGIN) + line(SPAWNED)[:-5])
    assert not is_whole(journal)
    journal.unlink()
    journal.mkdir()
    assert not is_whole(journal)


@pytest.mark.parametrize("spoilt", [b"\xff", b"\xc3\x28", b"\x00", b"\xed\xa0\x80"])
@pytest.mark.parametrize("at", [0, 3, 10, 40, 60, -3])
def test_bytes_that_are_no_text_spoil_a_line_and_no_more(spoilt: bytes, at: int) -> None:
    whole = line(BEGIN)
    assert decode_record(whole[:at] + spoilt + whole[at + len(spoilt) :]) is None


def test_a_journal_of_the_first_version_is_whole_and_tells_of_batch_jobs(tmp_path: Path) -> None:
    journal = tmp_path / "1.journal"
    journal.write_bytes(line(BEGIN) + line(SPAWNED) + line(END))
    assert is_whole(journal)
    story = read_stories(journal)[5]
    assert (story.begin.service, story.begin.grace_s) == (False, 30.0)


@pytest.mark.parametrize("has_ended", [False, True])
def test_the_next_version_tells_the_end_of_what_an_older_one_began(
    make_rig: RigMaker, tmp_path: Path, has_ended: bool
) -> None:
    with another_agentd(tmp_path / "spool", "[order(5, 'sleep', '1000')]") as agentd:
        (journal,) = (tmp_path / "spool" / "supervisors").glob("*.journal")
        story = read_stories(journal)[5]
        agentd.kill()
        agentd.wait()
    assert story.spawned
    os.kill(story.begin.supervisor_pid, signal.SIGKILL)
    if has_ended:
        os.kill(story.spawned.pid, signal.SIGKILL)
    until(lambda: not is_held(journal), what="it to be gone")
    records = [json.loads(each) for each in journal.read_bytes().splitlines()]
    for record in records:
        record.pop("service", None)
    journal.write_bytes(b"".join(map(line, [*records, *[END] * has_ended])))
    end = make_rig().end_of(5)
    assert end.outcome == (Outcome.EXITED if has_ended else Outcome.SUPERVISOR_LOST)
    assert not is_alive(story.spawned.pid)
