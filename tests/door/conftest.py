"""A cluster whose door is where a test puts one, and the cluster as whoever is behind it reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterctl.cluster import Cluster
from clusterctl.door.where import NAME
from clusterctl.settings import Settings
from tests.door.porch import door


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / NAME


@pytest.fixture
def cluster(database: str, path: Path) -> Iterator[Cluster]:
    with Cluster(Settings(database_url=database, redis_url="none"), door=door(path)) as cluster:
        yield cluster


@pytest.fixture
def behind(database: str) -> Iterator[Cluster]:
    with Cluster(Settings(database_url=database, redis_url="none"), name="behind") as cluster:
        yield cluster
