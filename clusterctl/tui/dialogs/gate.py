"""Whether anything may be done from the console now, and if not, why not. Pure: the one gate before every deed."""

from __future__ import annotations

from typing import NamedTuple

from clusterctl.tui.engine.connection import ConnectionState

READ_ONLY = "this console only looks: it was started with --read-only"


class Circumstances(NamedTuple):
    """How the console stands to the cluster just now.

    ``connection``: to Postgres. ``paused``: what is shown stands still. ``filter_trouble``: why what stands in the
    filter line is no filter, empty if it is one. ``is_slow``: Postgres is up, but gives looks up. ``is_behind``: the
    list is still that of another filter.
    """

    read_only: bool = False
    connection: ConnectionState = "live"
    paused: bool = False
    filter_trouble: str = ""
    is_slow: bool = False
    is_behind: bool = False


def why_not(now: Circumstances, subjects: int = 1) -> str:
    """Why nothing may be done to so many *subjects*, in words; empty if it may."""
    if now.read_only:
        return READ_ONLY
    if now.connection != "live":
        return SLOW if now.is_slow and now.connection == "retrying" else UNSEEN[now.connection]
    if now.paused:
        return "the view is paused: what is shown may be old; p goes on"
    if now.filter_trouble and subjects > 1:
        return f"the filter is not valid ({now.filter_trouble}): nobody knows which rows are meant"
    if now.is_behind and subjects > 1:
        return "the list does not fit the filter yet: wait until it has come"
    return ""


UNSEEN: dict[ConnectionState, str] = {
    "connecting": "nothing has been seen of the cluster yet",
    "stale": "what is shown is old: Postgres has not answered of late; r looks again",
    "retrying": "Postgres cannot be reached; r tries again now",
}
SLOW = "what is shown is old: Postgres is too slow to tell more; r tries again now"
