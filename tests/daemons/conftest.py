"""Clusters in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.cluster import Cluster
from tests.embedded_server import Servers

ClusterMaker = Callable[..., Cluster]


@pytest.fixture
def make_cluster(database: str, servers: Servers) -> Iterator[ClusterMaker]:
    """Makes an empty cluster on this test's database, without Redis unless told; keywords are settings."""
    with ExitStack() as made:

        def make(**knobs: Any) -> Cluster:
            return made.enter_context(closing(Cluster(database, servers.admin_url, **knobs)))

        yield make


@pytest.fixture
def cluster(make_cluster: ClusterMaker) -> Cluster:
    """An empty one."""
    return make_cluster()
