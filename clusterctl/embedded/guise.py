"""As whom Postgres runs: it refuses root, and its initdb refuses a uid that has no name.

So it is shown another face. First choice is a user namespace that maps our uid to one it accepts: the files stay
ours. Where namespaces are refused (Docker's default), root becomes ``nobody``, keeping the one capability that lets it
pass through our private directories. Neither adds a user nor touches a directory that is not the stack's.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from clusterctl.model.errors import Refused

# <linux/sched.h>, <linux/prctl.h>, <linux/capability.h>
CLONE_NEWUSER = 0x10000000
PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 8, 47, 2
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)  # before any fork: a child between fork and exec must not load libraries


class Guise(NamedTuple):
    """What a child does to itself before it becomes Postgres (None: nothing), and who then owns Postgres's files."""

    put_on: Callable[[], None] | None
    uid: int
    gid: int


def choose(program: Path) -> Guise:
    """The guise in which *program* will run here. Raises Refused where there is none."""
    uid, gid = os.geteuid(), os.getegid()
    names = {entry.pw_uid: entry for entry in pwd.getpwall()}
    if uid and uid in names:
        return Guise(None, uid, gid)
    face = min((known for known in names if known), default=65534)
    guises = [Guise(lambda: _map_to(face, uid, gid), uid, gid)]
    if uid == 0:
        nobody = next((entry for entry in names.values() if entry.pw_name == "nobody"), None)
        to, group = (nobody.pw_uid, nobody.pw_gid) if nobody else (65534, 65534)
        guises.append(Guise(lambda: _become(to, group), to, group))
    for guise in guises:
        if _is_possible(guise, program):
            return guise
    raise Refused(
        "Postgres runs neither as root nor as a uid without a name, and this machine allows no other",
        hint="run as an ordinary user, or set database_url and redis_url to servers of your own",
    )


def _is_possible(guise: Guise, program: Path) -> bool:
    try:
        tried = subprocess.run(
            [program, "--version"], preexec_fn=guise.put_on, capture_output=True, cwd="/", check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return tried.returncode == 0


def _map_to(face: int, uid: int, gid: int) -> None:
    """Enter a user namespace in which we are *face*. Source: user_namespaces(7)."""
    _call(_libc.unshare, CLONE_NEWUSER)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{face} {uid} 1"), ("gid_map", f"{face} {gid} 1")):
        fd = os.open(f"/proc/self/{name}", os.O_WRONLY)
        os.write(fd, text.encode())
        os.close(fd)


def _become(uid: int, gid: int) -> None:
    """Become *uid*, and still be let into directories of mode 0700. Source: capabilities(7), on ambient sets."""
    _call(_libc.prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    mask = 1 << CAP_DAC_OVERRIDE
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    _call(_libc.capset, header, struct.pack("6I", mask, mask, mask, 0, 0, 0))
    _call(_libc.prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


def _call(function: Callable[..., int], *args: int | bytes) -> None:
    if function(*args):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def give(directory: Path, guise: Guise) -> None:
    """Make *directory* and all in it belong to *guise*, if it does not yet: the guise may change between two starts."""
    if (directory.stat().st_uid, directory.stat().st_gid) == (guise.uid, guise.gid):
        return
    for path, _, files in os.walk(directory, topdown=False):
        for name in files:
            os.chown(Path(path, name), guise.uid, guise.gid, follow_symlinks=False)
        os.chown(path, guise.uid, guise.gid)  # the top comes last: whoever finds it changed knows that all is
