"""A ward with a Postgres of its own and a Redis of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clusterctl.cluster import Cluster
from clusterctl.settings import Settings
from tests.doctor.ward import Ward


@pytest.fixture
def cluster(database: str, redis_url: str, redis_prefix: str) -> Iterator[Cluster]:
    """A cluster as the command line reaches it."""
    with Cluster(
        Settings(database_url=database, redis_url=redis_url, redis_prefix=redis_prefix), caller="doctor"
    ) as cluster:
        yield cluster


@pytest.fixture
def ward(cluster: Cluster) -> Ward:
    """A cluster with a leader and nothing else."""
    return Ward(cluster)
