"""Errors on their way through the door: a ClusterError becomes data here and the same error there."""

from __future__ import annotations

from clusterctl.door.frames import Trouble
from clusterctl.model.errors import ClusterError
from clusterctl.text import masked

BUG, MISUNDERSTOOD, TOO_LONG = "bug", "misunderstood", "too_long"


class ServerBug(Exception):
    """Something failed on the other side that is no trouble of the cluster. Its log has the traceback."""


def pack(error: Exception) -> Trouble:
    """*error* as data; what is no ClusterError is told in one line, as a bug."""
    if not isinstance(error, ClusterError):
        return Trouble(kind=BUG, message=masked(f"{type(error).__name__}: {error}"))
    fields = {name: str(value) for name, value in vars(error).items() if name != "hint"}
    return Trouble(kind=type(error).__name__, message=str(error), hint=error.hint, fields=fields)


def unpack(trouble: Trouble) -> Exception:
    """The error that *trouble* was."""
    kind = kinds().get(trouble.kind)
    if kind is None:
        return ServerBug(f"{trouble.message} (behind the door; the log of schedd's door has the traceback)")
    error = kind.__new__(kind, trouble.message)  # made like this, __init__ cannot add to the message once more
    vars(error).update(trouble.fields, hint=trouble.hint)
    return error


def kinds() -> dict[str, type[ClusterError]]:
    """Every class of our errors, by its name."""
    found, waiting = {}, [ClusterError]
    while waiting:
        kind = waiting.pop()
        found[kind.__name__] = kind
        waiting.extend(kind.__subclasses__())
    return found
