"""From an order to a process: working directory, output files, command."""

from __future__ import annotations

import errno
import os
import signal
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Literal, TypedDict

from agentd.supervisor.kernel import spread_children

NOT_FOUND, NOT_EXECUTABLE = 127, 126  # what a shell would exit with
LONGEST_SHOWN = 200  # characters of a path in a detail
NOT_RUN_BY_DEFAULT = (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores these two; a job must not inherit that
# Where the spool is concerned these are the worker's fault, not the job's.
WORKERS_FAULT = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE)
APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY


class Start(TypedDict):
    """What agentd sends to have an attempt run. Paths are absolute, or relative to ``cwd``."""

    op: Literal["start"]
    allocation_id: int
    job_id: int
    token: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    stdout: str
    stderr: str  # empty: into the same file
    in_spool: bool  # stdout is the worker's own file: its directory may be made
    output_cap: int  # bytes of the disk that each stream may hold; 0 for any number
    time_limit_s: float | None
    lease_s: float | None
    grace_s: float  # from TERM to KILL, whoever stops it
    memory_mb: int
    gpus: list[int]
    service: bool  # a replica: its process is started again whenever it ends
    generation: int  # which restart its first process follows
    ready_cmd: str  # a shell command that succeeds once it can serve; or if there is none
    ready_after_s: float  # it is thought to once it has been up for so long
    care: dict[str, Any]  # the fields of ``Care``
    cut: bool  # all that stands in the journal is acknowledged


class CannotStartError(Exception):
    """Why there is no process, in the user's words, and what a shell would have exited with.

    ``outcome`` is ``never_started`` if the worker is to blame, and another one may do better.
    """

    def __init__(self, detail: str, exit_code: int | None = None, *, outcome: str = "start_failed") -> None:
        super().__init__(detail)
        self.exit_code = exit_code
        self.outcome = outcome


def spawn(start: Start, null: int, check: Callable[[], None]) -> tuple[int, list[tuple[int, os.stat_result]]]:
    """Start the job's process in a session of its own; its pid, and its one or two outputs. Raises CannotStartError.

    An output is a descriptor and what stood in the file before there was the process: it writes at once.
    *null* is open on ``/dev/null``. *check* is called last, for what comes before may hang, on a dead file server say:
    what it raises keeps the process from being made. This process enters the job's directory and leaves it again: an
    idle supervisor must not keep a file system busy.
    """
    try:
        os.chdir(start["cwd"])
    except (OSError, ValueError) as error:
        raise CannotStartError(f"working directory {shown(start['cwd'])} {reason(error)}") from None
    opened: list[int] = []
    try:
        opened.append(open_output(start["stdout"], in_spool=start["in_spool"]))
        if start["stderr"]:
            opened.append(open_output(start["stderr"], in_spool=False))
        before = [os.fstat(fd) for fd in opened]
        pid = run(start["argv"], start["env"], (null, opened[0], opened[-1]), check)
        return pid, list(zip(opened, before, strict=True))
    except CannotStartError:
        for fd in opened:
            os.close(fd)
        raise
    finally:
        os.chdir("/")


def open_output(path: str, *, in_spool: bool) -> int:
    """Open *path* for appending: never truncated, not even by another attempt."""
    try:
        if not in_spool:
            return open_existing(path, 0o666)
        try:
            return os.open(path, APPEND | os.O_EXCL, 0o600)
        except FileExistsError:  # of this attempt before an earlier start failed, or a trap that another job has laid
            return open_existing(path, 0o600, os.O_NOFOLLOW)
        except FileNotFoundError:
            make_directory(os.path.dirname(path))
            return os.open(path, APPEND | os.O_EXCL, 0o600)
    except FileNotFoundError:
        raise CannotStartError(f"output {shown(path)} cannot be made: its directory does not exist") from None
    except (OSError, ValueError) as error:
        ours = in_spool and isinstance(error, OSError) and error.errno in WORKERS_FAULT
        outcome = "never_started" if ours else "start_failed"
        raise CannotStartError(f"output {shown(path)} {reason(error)}", outcome=outcome) from None


def make_directory(path: str) -> None:
    """Make *path*, of the spool, unless it is there. Others may do the same at this moment."""
    parent = os.path.dirname(path)
    os.makedirs(parent, 0o700, exist_ok=True)
    with suppress(OSError):
        spread_children(parent)
    os.makedirs(path, 0o700, exist_ok=True)


def open_existing(path: str, mode: int, more: int = 0) -> int:
    """Open *path*, whatever it is. Without O_NONBLOCK a FIFO that nobody reads would hold this process for ever."""
    fd = os.open(path, APPEND | os.O_NONBLOCK | more, mode)
    os.set_blocking(fd, True)
    return fd


def run(argv: list[str], env: dict[str, str], streams: tuple[int, int, int], check: Callable[[], None]) -> int:
    """Spawn *argv* with exactly *env* and *streams*, default signals and an empty mask."""
    path = ""
    try:
        path = find_command(argv[0], env.get("PATH", ""))
        check()
        try:
            return spawn_file(path, argv, env, streams)
        except OSError as error:
            if error.errno != errno.ENOEXEC:
                raise
            # No shebang: the shell's own rule, which execvp has and posix_spawn has not.
            check()
            return spawn_file("/bin/sh", ["/bin/sh", path, *argv[1:]], env, streams)
    except ValueError as error:
        raise CannotStartError(f"command cannot be run: {error}") from None
    except FileNotFoundError:
        if os.path.exists(path):
            raise CannotStartError(f"the interpreter of {shown(path)} does not exist", NOT_FOUND) from None
        raise CannotStartError(f"command not found: {shown(path)}", NOT_FOUND) from None
    except OSError as error:
        raise CannotStartError(f"command {shown(path)} {reason(error)}", NOT_EXECUTABLE) from None


def spawn_file(path: str, argv: list[str], env: dict[str, str], streams: tuple[int, int, int]) -> int:
    """One ``posix_spawn``: no copy of this process is ever made, which is most of what a start costs."""
    return os.posix_spawn(
        path,
        argv,
        env,
        file_actions=[(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(streams)],
        setsid=True,
        setsigmask=(),
        setsigdef=NOT_RUN_BY_DEFAULT,
    )


def find_command(command: str, path: str) -> str:
    """Where *command* is on the job's own *path*; a command with a slash is taken as it stands."""
    if "/" in command:
        return command
    refused = False
    for directory in path.split(":"):
        candidate = f"{directory or '.'}/{command}"
        if os.access(candidate, os.X_OK) and not os.path.isdir(candidate):
            return candidate
        refused = refused or is_file(candidate)
    if refused:
        raise CannotStartError(f"command {shown(command)} is not executable", NOT_EXECUTABLE)
    raise CannotStartError(f"command not found: {shown(command)}", NOT_FOUND)


def is_file(path: str) -> bool:
    """Whether *path* is a plain file."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def reason(error: OSError | ValueError) -> str:
    """*error* as the end of a sentence whose subject is a path."""
    if isinstance(error, ValueError):
        return f"is no path: {error}"
    known = {
        errno.ENOENT: "does not exist",
        errno.ENOTDIR: "is not a directory",
        errno.EISDIR: "is a directory",
        errno.EACCES: "may not be used: permission denied",
        errno.E2BIG: "was given more arguments and environment than Linux allows",
        errno.ENXIO: "is a pipe that nobody reads",
        errno.ELOOP: "is a symbolic link that cannot be followed",
        errno.ENOSPC: "cannot be made: its disk is full",
    }
    return known.get(error.errno or 0, f"cannot be used: {error.strerror}")


def shown(path: str) -> str:
    """*path*, short enough for one line."""
    return path if len(path) <= LONGEST_SHOWN else f"{path[:LONGEST_SHOWN]}…"
