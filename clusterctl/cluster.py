"""One cluster, as one process reaches it: its settings, its Postgres, its Redis."""

from __future__ import annotations

import os
import pwd
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from clusterctl.settings import Settings
from clusterctl.store.connection import Database

if TYPE_CHECKING:
    from clusterctl import live


class Cluster:
    """What ``operations`` and ``views`` are given. Nothing is connected before it is used.

    ``caller``: who asks, as jobs and the audit name them; the owner of this process, unless told.
    """

    def __init__(self, settings: Settings, *, name: str = "cli", caller: str = "") -> None:
        self.settings = settings
        self.caller = caller or login_name()
        self.db = Database(settings.database_url, name=name, statement_timeout="30s", lock_timeout="5s")

    @cached_property
    def redis(self) -> live.Connection:
        """Hints only: nothing here may fail a caller."""
        from clusterctl import live  # noqa: PLC0415 - its driver takes 50 ms to import, and most commands need none

        return live.Connection(self.settings.redis_url, self.settings.redis_prefix)

    def close(self) -> None:
        """Hang up."""
        self.db.close()
        if "redis" in self.__dict__:
            self.redis.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def login_name() -> str:
    """The name of our uid, or its number where it has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
