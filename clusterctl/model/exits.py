"""What the program's end says to its caller. The only place that knows the numbers."""

from __future__ import annotations

from enum import IntEnum

from clusterctl.model import errors


class ExitCode(IntEnum):
    """Every way in which a command ends. ``wait``, and ``submit`` that waits, end as their jobs did."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    PARTLY = 5
    NOT_FOUND = 6
    SCHEMA = 78
    NAME_TAKEN = 79
    TIMED_OUT = 124
    INTERRUPTED = 130
    TERMINATED = 143


_OF_ERRORS: dict[type[errors.ClusterError], ExitCode] = {
    errors.BadInput: ExitCode.USAGE,
    errors.Outage: ExitCode.UNREACHABLE,
    errors.Refused: ExitCode.REFUSED,
    errors.Moved: ExitCode.REFUSED,
    errors.NotFound: ExitCode.NOT_FOUND,
    errors.SchemaMismatch: ExitCode.SCHEMA,
    errors.NameTaken: ExitCode.NAME_TAKEN,
}


def code_of(error: errors.ClusterError) -> ExitCode:
    """The code with which *error* ends the program."""
    return next((code for kind, code in _OF_ERRORS.items() if isinstance(error, kind)), ExitCode.FAILED)
