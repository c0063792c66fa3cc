"""The command line in this process, with a database of its own and nobody's settings."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from clusterctl.cli.main import main
from clusterctl.cluster import Cluster
from clusterctl.model.registration import Registered, Registration
from clusterctl.model.resources import Resources
from clusterctl.output.reader import machine_id
from clusterctl.settings import Settings
from clusterctl.store import workers
from clusterctl.store.connection import Database
from tests.console.proposing import Desks
from tests.store.scene import Scene, registration


class Said(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture(autouse=True)
def nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither this user's files nor variables, nor a cluster that happens to run here; 80 columns."""
    home = tmp_path / "home"
    for name, folder in (("HOME", home), ("XDG_CONFIG_HOME", home / "config"), ("XDG_STATE_HOME", home / "state")):
        folder.mkdir(parents=True, exist_ok=True)
        monkeypatch.setenv(name, str(folder))
    for name in ("CLUSTERCTL_STATE_DIR", "CLUSTERCTL_DEFAULT_MEMORY", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    # Port 1 of this machine: nothing is ever there, and that is known at once.
    monkeypatch.setenv("CLUSTERCTL_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("CLUSTERCTL_REDIS_URL", "none")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line, called with words."""

    def call(*argv: str) -> Said:
        capsys.readouterr()
        code = main(argv)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return call


@pytest.fixture
def scene(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """A cluster with a leader, which the command line finds."""
    monkeypatch.setenv("CLUSTERCTL_DATABASE_URL", database)
    with Database(database, name="test") as db:
        yield Scene(db)


@pytest.fixture
def worker(scene: Scene, tmp_path: Path) -> Registered:
    """A worker on this very machine, with a spool."""
    told = registration("here", 8)
    fields = {name: getattr(told, name) for name in told.__struct_fields__}
    fields |= {"hostname": socket.gethostname(), "machine_id": machine_id()}
    fields |= {"spool": str(tmp_path), "capacity": Resources(8000, 64_000, 0)}
    return workers.register(scene.db, Registration(**fields))


@pytest.fixture
def desks(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desks]:
    """The same cluster, and two operators at it, each with a connection of their own."""
    monkeypatch.setenv("CLUSTERCTL_DATABASE_URL", database)
    settings = Settings(database_url=database, redis_url="none")
    with Cluster(settings, caller="ada") as ada, Cluster(settings, caller="bob") as bob:
        yield Desks(ada, bob)


@pytest.fixture
def w1(desks: Desks) -> Registered:
    """A worker of eight CPUs."""
    return desks.worker()


@pytest.fixture
def five(desks: Desks, w1: Registered) -> Registered:
    """Jobs 1 to 5: held, pending, scheduled, running, failed; and ``w1``, to which the last three were given."""
    desks.five(w1)
    return w1
