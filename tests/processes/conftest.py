"""Places that clean up after themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.processes.place import Place


@pytest.fixture
def place(tmp_path: Path, database: str, redis_url: str, redis_prefix: str) -> Iterator[Place]:
    """A cluster without daemons so far; all that is started in it is gone after the test."""
    with closing(Place(tmp_path, database, redis_url, redis_prefix)) as place:
        yield place


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """A FIFO that jobs wait at."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path
