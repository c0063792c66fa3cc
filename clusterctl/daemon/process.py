"""What a daemon is to the machine it runs on: its name, its privacy, its word to systemd."""

from __future__ import annotations

import ctypes
import os
import signal
import socket

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NAME = 1, 4, 15  # linux/prctl.h


def hide_from_peers() -> None:
    """Keep this process's memory and environment (the database's password!) from others of the same user.

    Jobs run as the same user as agentd. An undumpable process has no core file, and its ``/proc/<pid>/environ``
    and ``mem`` belong to root. A program that it executes is dumpable again.
    """
    _prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that started it ends, even while it is stopped.

    Too late for a parent that is dead already: only a pipe from it tells that.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def name_process(name: str) -> None:
    """The name in ``ps -o comm`` and ``top``: 15 bytes are kept."""
    _prctl(_PR_SET_NAME, ctypes.create_string_buffer(name.encode()[:15]))


def tell_systemd(state: str) -> bool:
    """Say *state* (``READY=1``, ``STOPPING=1``, ``STATUS=…``) to the service manager, if there is one: sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.connect("\0" + address[1:] if address.startswith("@") else address)
            line.sendall(state.encode())
    except OSError:
        return False  # a daemon that works is worth more than one that is known to
    return True


def _prctl(option: int, argument: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, argument, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
