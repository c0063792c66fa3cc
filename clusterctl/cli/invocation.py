"""What every command is given: the settings that were flags, and the way to the cluster."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from clusterctl.model.errors import BadInput

if TYPE_CHECKING:
    import typer

    from clusterctl.cluster import Cluster
    from clusterctl.settings import Settings


class Invocation:
    """One run of the program. ``flags`` maps settings to what stood on the command line; only those given."""

    def __init__(self) -> None:
        self.flags: dict[str, str] = {}
        self.debug = False

    def settings(self) -> Settings:
        """The settings in force. Raises BadInput with the sentence that names the culprit."""
        from clusterctl.settings import load

        try:
            settings = load(self.flags)
            # redis-py would refuse a bad port only when the bell is rung: after a submit, too late to say so.
            _ = urlsplit(settings.redis_url).port
        except ValueError as error:
            raise BadInput(str(error), "`clusterctl config show` tells where each setting comes from") from None
        return settings

    def cluster(self) -> Cluster:
        """The cluster, as a context manager, with the schema that we speak.

        Raises BadInput, Outage, SchemaMismatch.
        """
        from clusterctl import views

        with ExitStack() as opened:
            cluster = opened.enter_context(self.reach())
            views.check_schema(cluster)
            opened.pop_all()  # all is well: from here on it is the caller's to close
        return cluster

    def reach(self) -> Cluster:
        """The cluster, nothing asked of it so far: for commands that report what they cannot reach."""
        from clusterctl.cluster import Cluster

        return Cluster(self.settings())


def invocation(ctx: typer.Context) -> Invocation:
    """The invocation that *ctx* belongs to."""
    return cast(Invocation, ctx.obj)


def login_name() -> str:
    """Who submits: the name of our uid, or its number where it has none."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
