"""A database of one's own, and a scene on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from clusterctl.store.connection import Database
from tests.store.scene import Scene

Connect = Callable[..., Database]


@pytest.fixture
def connect(database: str) -> Iterator[Connect]:
    """Open one more connection to the test's database, with options; closed at the end."""
    with ExitStack() as opened:
        yield lambda **options: opened.enter_context(Database(database, name="test", **options))


@pytest.fixture
def db(connect: Connect) -> Database:
    """A connection."""
    return connect()


@pytest.fixture
def scene(db: Database) -> Scene:
    """A cluster with a leader and nothing else."""
    return Scene(db)
