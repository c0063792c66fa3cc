"""What every command is given: the settings that were flags, and the way to the cluster."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from clusterctl.model.errors import BadInput, Outage

if TYPE_CHECKING:
    import typer

    from clusterctl.cluster import Cluster
    from clusterctl.settings import Settings


ORIGINS = "`clusterctl config show` tells where each setting comes from"


class Invocation:
    """One run of the program. ``flags`` maps settings to what stood on the command line; only those given.

    ``command``: the one that was asked for, once it is known.
    """

    def __init__(self) -> None:
        self.flags: dict[str, str] = {}
        self.debug = False
        self.command = ""

    def settings(self) -> Settings:
        """The settings in force. Raises BadInput with the sentence that names the culprit."""
        from clusterctl.settings import load

        try:
            settings = load(self.flags)
        except ValueError as error:
            raise BadInput(str(error), ORIGINS) from None
        try:
            # redis-py would refuse a bad port only when the bell is rung: after a submit, too late to say so.
            _ = urlsplit(settings.redis_url).port
        except ValueError:
            raise BadInput("redis_url has a port that is none: it is a number from 0 to 65535", ORIGINS) from None
        return settings

    def export_flags(self) -> None:
        """Put the settings that were flags where programs that we start read theirs."""
        from clusterctl.settings import SETTINGS

        os.environ.update({SETTINGS[name].variable: text for name, text in self.flags.items()})

    def cluster(self) -> Cluster:
        """The cluster, as a context manager, with the schema that we speak.

        Raises BadInput, Outage, SchemaMismatch.
        """
        from clusterctl import views

        with ExitStack() as opened:
            cluster = opened.enter_context(self.reach())
            try:
                views.check_schema(cluster)
            except Outage as outage:
                outage.hint = self.nowhere(cluster.door_trouble) or outage.hint
                raise
            opened.pop_all()  # all is well: from here on it is the caller's to close
        return cluster

    def nowhere(self, door_trouble: str = "") -> str:
        """What to do if nobody has said where Postgres is and no ``up`` runs here; empty if somebody has.

        *door_trouble*: why the door that somebody named is of no use.
        """
        from clusterctl.settings import origins

        found = {each.name: each for each in origins(self.flags)}
        if found["database_url"].origin != "default":
            return ""
        if found["door"].origin != "default" and door_trouble:
            return f"{door_trouble}: is schedd up? And no database_url is set, to go without it"
        return f"no Postgres of `up` runs in {found['state_dir'].value}: `clusterctl up` starts it; or set database_url"

    def reach(self) -> Cluster:
        """The cluster, nothing asked of it so far: for commands that report what they cannot reach."""
        from clusterctl.cluster import Cluster
        from clusterctl.door.client import find_door

        settings = self.settings()
        return Cluster(settings, door=find_door(settings), on_leaving_door=self.note)

    def note(self, sentence: str) -> None:
        """Tell on stderr what only matters to somebody who looks for a fault."""
        if self.debug:
            sys.stderr.write(f"{sentence}\n")


def invocation(ctx: typer.Context) -> Invocation:
    """The invocation that *ctx* belongs to."""
    return cast(Invocation, ctx.obj)
