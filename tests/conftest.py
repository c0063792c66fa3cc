"""Fixtures for everything that talks to real servers. Tests that ask for none of them start none."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator

import psycopg
import pytest
import redis
from hypothesis import HealthCheck, settings

from tests import embedded_server
from tests.embedded_server import TEMPLATE, Servers
from tests.unhurried import unhurried

_numbers = itertools.count(1)

# How long an example takes is the machine's affair: Hypothesis would call it a fault from a fifth of a second on.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


def pytest_configure(config: pytest.Config) -> None:
    """The leader of the run names the servers' directory; xdist's workers inherit the name.

    A shell starts what runs in its background deaf to Ctrl-C, and all that is started from there inherits it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        directory = embedded_server.announce()
        config.add_cleanup(lambda: embedded_server.bury(directory))


@pytest.fixture(scope="session")
def servers() -> Servers:
    """The one Postgres and the one Valkey of this test run; what is in memory is lost with it."""
    return embedded_server.servers()


@pytest.fixture
def database(servers: Servers) -> Iterator[str]:
    """The URL of a migrated, empty database that no other test sees."""
    name = f"t_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(
            f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY"
        )  # 10–16 ms; the default takes 50
        yield servers.database(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def redis_url(servers: Servers) -> Iterator[str]:
    """The URL of a logical database of Valkey that is empty, and that no test at the same time uses.

    Channels are the whole server's; a test of wake-ups also wants ``redis_prefix``.
    """
    lane = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    url = unhurried(f"{servers.redis_url}?db={lane % 16}")
    with redis.Redis.from_url(url) as connection:
        connection.flushdb()
        yield url
        connection.flushdb()


@pytest.fixture
def redis_prefix() -> str:
    """A prefix for keys and channels that is this test's alone."""
    return f"t{os.getpid()}-{next(_numbers)}:"
