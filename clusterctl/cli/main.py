"""The one way in and out: argv becomes a command, whatever happens becomes an exit code and at most two lines."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from clusterctl import launch
from clusterctl.cli import root
from clusterctl.cli.display.letters import PLAINLY
from clusterctl.cli.invocation import Invocation
from clusterctl.model.errors import BadInput, ClusterError, NotFound, Outage, Refused
from clusterctl.model.exits import ExitCode, code_of
from clusterctl.text import masked, visible

LONGEST_LINE = 600  # cells of an error: enough for any sentence of ours around a stranger's word
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # what stdout says of a disk that takes no more
OUR_WORDS = (
    (r"is not a valid int(eger)?( range)?", "is not a whole number"),
    (r"is not in the range (-?\d+)<=x<=(-?\d+)", r"is not from \1 to \2"),
    (r"is not in the range x>=(-?\d+)", r"is less than \1"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((.*)\)", r"one word too many: \1"),
)  # typer's sentences, and how we say it
NO_OPTION = re.compile(r"No such option: (?P<word>\S+)(?: \(Possible options: (?P<known>.*)\))?")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit code. Prints one line and a hint for whatever goes wrong."""
    prepare_streams()
    asked = Invocation()
    try:
        if not launch.is_held():
            with contextlib.suppress(ValueError):  # only the main thread may, and only it is ever signalled
                signal.signal(signal.SIGTERM, leave_on_term)
        return run(list(sys.argv[1:] if argv is None else argv), asked)
    except ClusterError as error:
        tell(asked, error, str(error), error.hint or hint_for(error, asked.command))
        return code_of(error)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return ExitCode.DONE
    except OSError as error:
        if error.errno not in FULL:
            return tell_bug(asked, error)
        root.hush()
        tell(asked, error, f"cannot write the output: {error.strerror}", "make room, or write it elsewhere")
        return ExitCode.FAILED
    except Exception as error:  # noqa: BLE001  # the last border: whatever it is, the operator gets one line
        return tell_bug(asked, error)


def tell_bug(asked: Invocation, error: Exception) -> ExitCode:
    """Say that we have failed, not the operator."""
    tell(asked, error, f"{type(error).__name__}: {error}", "this is a bug; run again with --debug for the traceback")
    return ExitCode.FAILED


def run(argv: list[str], asked: Invocation) -> int:
    """Parse *argv*, do what it asks, and see that what was printed has left the process."""
    from typer import Abort, TyperException

    check_words(argv)
    try:
        code = root.console().main(argv, prog_name=root.PROGRAM, standalone_mode=False, obj=asked)
        sys.stdout.flush()
    except TyperException as error:
        raise usage_error(error, asked.command) from error
    except Abort:
        return ExitCode.INTERRUPTED
    return code if isinstance(code, int) else ExitCode.DONE


def check_words(argv: Sequence[str]) -> None:
    """BadInput for a word that is no UTF-8: nothing that has a name here could have such a one.

    What stands behind ``--`` is a command's, and judged there.
    """
    ours = argv[: argv.index("--")] if "--" in argv else argv
    for word in ours:
        if any("\ud800" <= letter <= "\udfff" for letter in word):
            raise BadInput(f"{word!a:.80} is no UTF-8", "write it in a terminal or a file whose encoding is UTF-8")


def usage_error(error: Exception, command: str) -> BadInput:
    """What typer found wrong with the words of *command*, in our own."""
    from typer import TyperException

    message = error.format_message() if isinstance(error, TyperException) else str(error)
    for theirs, ours in OUR_WORDS:
        message = re.sub(theirs, ours, message)
    message = " ".join(message.split()).rstrip(".")
    if found := NO_OPTION.fullmatch(message):
        return no_option(error, command, found["word"], (found["known"] or "").split(", "))
    return BadInput(message, help_on(command))


def no_option(error: Exception, command: str, word: str, near: Sequence[str]) -> BadInput:
    """That *command* has no option *word*: what other tools call so, or one that is written much alike."""
    import difflib

    from clusterctl.cli import foreign_options as foreign

    ctx = getattr(error, "ctx", None)
    known = {flag for param in ctx.command.params for flag in param.opts} if ctx else set()
    sentence = f"no such option: {word}"
    if ours := foreign.meant(command, word, known):
        return BadInput(sentence, f"here that is `{ours}`; {help_on(command)}")
    if command == "submit" and foreign.is_of_sbatch(word):
        return BadInput(sentence, f"nothing here does what it does for sbatch; {help_on(command)}")
    if re.match("-[0-9]", word):
        return BadInput(sentence, f"before a value that begins with a dash write `--`; {help_on(command)}")
    guess = next(iter(difflib.get_close_matches(word, near, n=1)), "")
    return BadInput(sentence, (f"did you mean {guess}? " if guess else "") + help_on(command))


def tell(asked: Invocation, error: Exception, message: str, hint: str) -> None:
    """One line, a hint; before them the traceback if it was asked for. Python's own never shows locals."""
    with contextlib.suppress(OSError):
        if asked.debug:
            import traceback

            sys.stderr.write(masked("".join(traceback.format_exception(error))))
        sys.stderr.write(f"clusterctl: error: {visible(masked(message), LONGEST_LINE)}\n")
        sys.stderr.write(f"hint: {visible(masked(hint), LONGEST_LINE)}\n")
        sys.stderr.flush()


def help_on(command: str) -> str:
    """Where it says how *command* is called; without one, which there are."""
    return f"see `{root.PROGRAM} {command}".rstrip() + " --help`"


def hint_for(error: ClusterError, command: str) -> str:
    """What to do about an error of *command* that does not say so itself."""
    if isinstance(error, Outage):
        return "`clusterctl status` shows what can be reached from here"
    if isinstance(error, NotFound | Refused):
        return "`clusterctl jobs --all` lists the jobs, and `clusterctl job ID` tells all about one"
    return help_on(command)


def prepare_streams() -> None:
    """Nothing that anyone named a job may be unprintable, whatever the locale; what is closed (`>&-`) takes nothing."""
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115  # it stays open as long as the process
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115  # the same
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=PLAINLY)


def leave_on_term(_signal: int, _frame: FrameType | None) -> NoReturn:
    """Unwind, so that a terminal gets its cursor back, and end as a terminated program does."""
    raise SystemExit(ExitCode.TERMINATED)
