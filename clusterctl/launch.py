"""The door to the daemons: become one, or start one as a child. Nothing else in ``clusterctl`` knows their names.

A child started here is *held*: it waits, before it runs a line of the daemon, for its parent to say go, and leaves if
the parent dies first. So a parent can write down whom it started without a moment in which a daemon lives unrecorded.
"""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

Daemon = Literal["schedd", "agentd"]
DAEMONS: tuple[Daemon, ...] = get_args(Daemon)

_HELD = "CLUSTERCTL_HELD"
_GO = b"go\n"

_children: list[subprocess.Popen[bytes]] = []  # kept: a Popen that is forgotten while its process lives complains


def become(daemon: Daemon, args: Sequence[str] = ()) -> None:
    """Run *daemon* in this process, as ``python -m <daemon> <args>`` would. Returns when it stops."""
    _await_go()
    sys.argv = [daemon, *args]
    runpy.run_module(daemon, run_name="__main__", alter_sys=True)


def spawn(daemon: Daemon, args: Sequence[str], env: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start *daemon* as a held child: the same program, told to become it. It runs after `release`.

    *env* is added to this process's environment. Raises OSError.
    """
    held = {**os.environ, **import_path(), **env, _HELD: "1"}
    return start([*this_program(), daemon, *args], held, log, stdin=subprocess.PIPE)


def is_held() -> bool:
    """Whether this process was spawned to become a daemon.

    Until it is one it must not handle signals: who stops it waits until it heeds them, and then expects a daemon.
    """
    return bool(os.environ.get(_HELD))


def release(child: subprocess.Popen[bytes]) -> None:
    """Let a held child go. Harmless if it is dead already."""
    if child.stdin is not None:
        with suppress(BrokenPipeError), child.stdin as word:
            word.write(_GO)


def run_again(args: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """Start this program once more, with other *args*, in the background. Raises OSError."""
    return start([*this_program(), *args], {**os.environ, **import_path()}, log)


def start(
    argv: Sequence[str | Path],
    env: Mapping[str, str],
    log: Path,
    *,
    stdin: int = subprocess.DEVNULL,
    home: Path | None = None,
    keeps: Sequence[int] = (),
    first: Callable[[], None] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process that outlives this one and hears no Ctrl-C; what it prints is appended to *log*.

    *home* is its working directory, *keeps* are descriptors that it inherits, *first* runs in the child before the
    program. Raises OSError, and subprocess.SubprocessError if *first* failed.
    """
    with log.open("ab", buffering=0) as output:
        child = subprocess.Popen(
            argv,
            bufsize=0,
            stdin=stdin,
            stdout=output,  # a file, never a pipe: it must outlive us
            stderr=output,
            env=env,
            cwd=home,
            pass_fds=keeps,
            preexec_fn=first,  # noqa: PLW1509  # ours make system calls and nothing else, so threads do no harm
            start_new_session=True,
        )
    _children.append(child)
    return child


def this_program() -> list[str]:
    """How to run this very program once more.

    ``-P``, because ``-m`` alone would let a ``random.py`` in the operator's directory shadow the library's.
    """
    frozen = getattr(sys, "frozen", False)
    return [sys.executable] if frozen else [sys.executable, "-P", "-m", "clusterctl"]


def import_path() -> dict[str, str]:
    """What lets a child find the packages when they run from a checkout that was never installed."""
    root = Path(__file__).resolve().parent.parent
    if root.name in ("site-packages", "dist-packages"):
        return {}
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))}


def _await_go() -> None:
    """In a held child, wait for the parent's word; leave if it died without giving it."""
    if not os.environ.pop(_HELD, ""):
        return
    word = os.read(0, len(_GO))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    if word != _GO:
        raise SystemExit("started by a program that died before it could write down that it had")
