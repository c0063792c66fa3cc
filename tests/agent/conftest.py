"""Rigs that clean up after themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.rig import Rig, RigMaker


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
