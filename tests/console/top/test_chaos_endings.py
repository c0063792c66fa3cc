"""However the console ends, the terminal is left as it was, and the exit code says why."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.console.top.terminal import Terminal, console
from tests.until import until

NOBODY = "postgresql://nobody@127.0.0.1:1/nothing"  # port 1 of this machine: nothing is ever there


@contextmanager
def alone(tmp_path: Path, *before: str) -> Iterator[Terminal]:
    """A console without a cluster, that is drawn and hears keys."""
    with console(before=before, state_dir=str(tmp_path), database_url=NOBODY, redis_url="none") as terminal:
        terminal.shows("pg down", "retry now")
        yield terminal


@pytest.mark.parametrize(
    "number, code", [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGQUIT, 131)]
)
def test_a_signal_ends_it_with_its_own_code_and_a_clean_terminal(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with alone(tmp_path) as terminal:
        terminal.process.send_signal(number)
        assert terminal.ends() == code
        assert terminal.is_clean()


@pytest.mark.parametrize("key, code", [("q", 0), ("\x03", 130)])
def test_a_key_ends_it(tmp_path: Path, key: str, code: int) -> None:
    with alone(tmp_path) as terminal:
        terminal.press(key)
        assert terminal.ends() == code
        assert terminal.is_clean()


def test_a_closed_terminal_ends_it(tmp_path: Path) -> None:
    with alone(tmp_path) as terminal:
        terminal.hang_up()
        assert terminal.process.wait(60) == 129


def test_a_closed_terminal_ends_it_also_where_nobody_tells_it_and_without_spinning(tmp_path: Path) -> None:
    with alone(tmp_path, "env", "--ignore-signal=HUP") as terminal:
        before = terminal.cpu_s()
        terminal.hang_up()
        used = [before]

        def ended() -> bool:
            if terminal.process.poll() is None:
                used.append(terminal.cpu_s())
            return terminal.process.poll() is not None

        until(ended, what="the console to see that it is alone")
        assert terminal.process.returncode == 129
        assert used[-1] - before < 3.0  # whoever spins until it is killed uses all that there is


def test_it_stops_with_a_clean_terminal_and_draws_all_of_it_when_it_goes_on(tmp_path: Path) -> None:
    with alone(tmp_path) as terminal:
        for number in (0, signal.SIGTSTP, signal.SIGSTOP):  # 0: by a key. SIGSTOP leaves nobody time to clean up
            if number:
                terminal.process.send_signal(number)
            else:
                terminal.press("\x1a")
            until(lambda: read(terminal) and is_stopped(terminal), what="it to stop")
            assert terminal.is_clean() or number == signal.SIGSTOP
            terminal.picture.clear()  # as a shell does that writes there meanwhile
            terminal.process.send_signal(signal.SIGCONT)
            terminal.shows("pg down", "4 Stuck", "Last decisions", "? help")
            assert not terminal.is_clean()
        terminal.press("q")
        assert terminal.ends() == 0
        assert terminal.is_clean()


def test_what_daemons_take_for_a_question_does_no_harm(tmp_path: Path) -> None:
    with alone(tmp_path) as terminal:
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            terminal.process.send_signal(number)
        terminal.press("?")
        terminal.shows("Help")


def is_stopped(terminal: Terminal) -> bool:
    """Whether it is, as jobs of a shell are."""
    return bool(psutil.Process(terminal.process.pid).status() == psutil.STATUS_STOPPED)


def read(terminal: Terminal) -> str:
    """All that was written so far."""
    terminal.read()
    return terminal.written


def test_it_rests_while_nothing_happens(tmp_path: Path) -> None:
    with alone(tmp_path) as terminal:
        try_number = "try 6"
        before = terminal.cpu_s()
        terminal.shows(try_number)  # some seconds, in which it did nothing but try
        assert terminal.cpu_s() - before < 3.0
