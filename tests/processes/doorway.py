"""The door of a schedd in its place."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

import psutil

from clusterctl.door.client import Door, Shut
from tests.processes.place import Daemon, Place
from tests.until import until


def open_door(place: Place, name: str = "s1", **knobs: str) -> Daemon:
    """A schedd that leads, with a door that answers."""
    daemon = place.schedd(name, **{"door": str(socket_of(place)), **knobs})
    daemon.does(lambda: answers(place), "answer at its door")
    return daemon


def socket_of(place: Place) -> Path:
    """Where it is."""
    return place.directory / "door.sock"


def answers(place: Place) -> bool:
    """Whether somebody is behind it who answers."""
    with closing(Door(socket_of(place), {})) as door, suppress(Shut):
        door.ask("views.schema.check_schema", {}, int)
        return True
    return False


def process_behind(schedd: Daemon) -> psutil.Process:
    """Schedd's one child."""
    return until(lambda: psutil.Process(schedd.pid).children(), what="a process behind the door")[0]
