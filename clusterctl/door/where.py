"""Where the door is, and how to get there however long the way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clusterctl.model.errors import Refused
from clusterctl.settings import Settings

NAME = "door.sock"
NO_DOOR = "none"
LONGEST_ADDRESS = 107  # bytes: sun_path has 108, with a zero at its end (unix(7))


def door_path(settings: Settings) -> Path | None:
    """The socket; None if none is wanted."""
    if settings.door == NO_DOOR:
        return None
    return Path(settings.door).expanduser() if settings.door else settings.state_dir / NAME


@contextmanager
def address(path: Path) -> Iterator[str]:
    """What to bind or connect to for *path*: itself, or if it is too long a way through its open directory.

    Raises OSError if there is no such directory.
    """
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


def group_id(settings: Settings) -> int | None:
    """Whose door it is besides its owner's; None if nobody's. Raises Refused for a group that there is not."""
    if not settings.door_group:
        return None
    import grp  # noqa: PLC0415 - who only asks need not know

    try:
        return grp.getgrnam(settings.door_group).gr_gid
    except KeyError:
        raise Refused(f"there is no group {settings.door_group!a}", "see the setting door_group") from None
