"""One cluster, as one process reaches it: its settings, its Postgres, its Redis, or the door to somebody nearer."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from clusterctl.settings import Settings
from clusterctl.store.connection import Database

if TYPE_CHECKING:
    from clusterctl import live
    from clusterctl.store.memory import Memory


class Way(Protocol):
    """Through which ``operations`` and ``views`` can be asked of another process: see ``clusterctl.door``."""

    def ask(self, call: str, arguments: Mapping[str, object], answer: Any) -> Any:
        """What *call* answers, as the type *answer*."""

    def close(self) -> None:
        """Hang up."""


class Cluster:
    """What ``operations`` and ``views`` are given. Nothing is connected before it is used.

    ``caller``: who asks, as jobs and the audit name them; the owner of this process, unless told. ``door``: through
    which it is asked while that works; ``door_trouble``: why it no longer is, as *on_leaving_door* is told.
    *statement_timeout*: after which Postgres gives an answer up, in its own words.
    ``repeats``: what is being changed may have been changed so by us already, and nobody could tell us.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        name: str = "cli",
        caller: str = "",
        door: Way | None = None,
        on_leaving_door: Callable[[str], object] = lambda _: None,
        statement_timeout: str = "30s",
    ) -> None:
        self.settings = settings
        self.caller = caller or login_name()
        self.door = door
        self.door_trouble = ""
        self.repeats = False
        self._on_leaving_door = on_leaving_door
        self.db = Database(settings.database_url, name=name, statement_timeout=statement_timeout, lock_timeout="5s")

    @cached_property
    def redis(self) -> live.Connection:
        """Hints only: nothing here may fail a caller."""
        from clusterctl import live  # noqa: PLC0415 - its driver takes 50 ms to import, and most commands need none

        return live.Connection(self.settings.redis_url, self.settings.redis_prefix)

    @cached_property
    def memory(self) -> Memory:
        """Of looks at the queue and the workers; nothing of it is believed before it was compared, see there."""
        from clusterctl.store.memory import Memory  # noqa: PLC0415 - few commands look at all that

        return Memory()

    def leave_door(self, trouble: str) -> None:
        """Do everything here from now on."""
        self.door_trouble = trouble
        if self.door is not None:
            self.door.close()
        self.door = None
        self._on_leaving_door(trouble)

    def close(self) -> None:
        """Hang up."""
        if self.door is not None:
            self.door.close()
        self.db.close()
        if "redis" in self.__dict__:
            self.redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def login_name() -> str:
    """The name of our uid, or its number where it has none."""
    return name_of(os.getuid())


def name_of(uid: int) -> str:
    """Its name, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
