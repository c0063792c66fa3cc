"""Who stands at the door, as the kernel knows him: never as he says himself."""

from __future__ import annotations

import array
import errno
import socket
import struct
from typing import NamedTuple

_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
_SO_PEERGROUPS = 59  # asm-generic/socket.h, since Linux 4.13; Python has no name for it
_MOST_BYTES = 1024  # that Python lets a socket's option have: 256 groups
_NOT_TOLD = (errno.ENOPROTOOPT, errno.EINVAL, errno.ERANGE)


class Peer(NamedTuple):
    """A process's user and groups at the moment when it connected."""

    uid: int
    groups: frozenset[int]


def peer_of(line: socket.socket) -> Peer:
    """Who connected. Raises OSError if he has gone."""
    size = _CREDENTIALS.size
    _, uid, gid = _CREDENTIALS.unpack(line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return Peer(uid, frozenset((gid, *supplementary(line))))


def supplementary(line: socket.socket) -> tuple[int, ...]:
    """The other groups. None where the kernel is too old to tell, or they are too many: that lets fewer in."""
    try:
        return tuple(array.array("I", line.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_BYTES)))
    except OSError as error:
        if error.errno in _NOT_TOLD:
            return ()
        raise


def refusal(peer: Peer, owner: int, group: int | None) -> str:
    """Why *peer* may not speak; empty if he may: the owner, root, and members of *group*.

    The socket's mode says the same, and the kernel obeys it; but a mode can be changed by anyone's chmod.
    """
    if peer.uid in (owner, 0) or (group is not None and group in peer.groups):
        return ""
    whom = f"uid {owner}" if group is None else f"uid {owner} and group {group}"
    return f"uid {peer.uid} is a stranger: the door is open to {whom}"
