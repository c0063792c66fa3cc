"""What can go wrong, in the words of the product. Drivers' own errors never leave ``store`` and ``live``."""

from __future__ import annotations


class ClusterError(Exception):
    """Anything an operator is told in one line. ``hint`` says what to do about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class BadInput(ClusterError):
    """What was asked for makes no sense, whatever the state of the cluster."""


class NotFound(ClusterError):
    """No such job, worker or allocation."""


class Refused(ClusterError):
    """It makes sense, but not now: a precondition does not hold."""


class Changed(Refused):
    """It was to be done only to what was seen, and that is another by now: nothing was done, look again."""


class Moved(ClusterError):
    """The world has changed since it was looked at: nothing was done, look again."""


class Superseded(Moved):
    """A newer incarnation of this worker writes now, or it was declared lost: it must register again."""


class NotTold(ClusterError):
    """It may have been done; what became of it could not be told."""


class SchemaMismatch(ClusterError):
    """The database speaks another version of the schema."""


class NameTaken(ClusterError):
    """Another machine already is the worker of this name."""


class Outage(ClusterError):
    """Postgres or Redis cannot be reached. Waited out by daemons, told by the command line."""

    is_told_as = "unreachable"

    def __init__(self, what: str, message: str, hint: str = "") -> None:
        super().__init__(f"{what} {self.is_told_as}: {message}", hint)
        self.what = what


class Slow(Outage):
    """It is up, but gave up what it was asked: that took too long. Waited out all the same, and never told as down."""

    is_told_as = "is up, but slow"
