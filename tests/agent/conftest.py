"""Rigs that clean up after themselves."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agentd.journal import Journal, boot_id, boottime
from agentd.supervisor.attempt import Attempt, Surroundings
from agentd.supervisor.spawn import Start
from agentd.supervisor.tree import start_time
from tests.agent.rig import TOKEN, Rig, RigMaker


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[RigMaker]:
    """Makes rigs, on the spool of this test unless told otherwise, and closes them."""
    rigs: list[Rig] = []

    def make(spool: Path | None = None, **settings: float) -> Rig:
        rigs.append(Rig(spool or tmp_path / "spool", **settings))  # type: ignore[arg-type]  # of Rig
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


@pytest.fixture
def rig(make_rig: RigMaker) -> Rig:
    """One rig."""
    return make_rig()


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A FIFO that jobs wait at: writing into it lets one through, or all that read at that moment."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


@pytest.fixture
def attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Attempt]]:
    """Makes an attempt within this process, whose last sync has just been sent."""
    monkeypatch.chdir(tmp_path)  # and back again: an attempt leaves for the root
    synced = os.open(tmp_path / "synced", os.O_RDWR | os.O_CREAT)
    null = os.open(os.devnull, os.O_RDWR)
    directory = os.open(tmp_path, os.O_RDONLY)
    os.pwrite(synced, struct.pack("d", boottime()), 0)

    def make(kind: type[Attempt] = Attempt, **changes: Any) -> Attempt:
        start = Start(op="start", allocation_id=1, job_id=1, token=TOKEN, argv=["/bin/sh", "-c", ":"], env={},
                      cwd=str(tmp_path), stdout=str(tmp_path / "output"), stderr="", in_spool=False, output_cap=0,
                      time_limit_s=None, lease_s=None, grace_s=1000.0, memory_mb=0, gpus=[], service=False,
                      generation=0, ready_cmd="", ready_after_s=0.0, care={}, cut=False)  # fmt: skip
        journal = Journal("1.journal", directory=directory)
        pid = os.getpid()
        return kind(
            {**start, **changes},  # type: ignore[typeddict-item]  # of Start
            Surroundings(journal, synced, null, boot_id(), pid, start_time(pid)),
        )

    yield make
    for fd in (synced, null, directory):
        os.close(fd)
