"""How the console is opened on a terminal, and what is left of it when it has ended."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from clusterctl.model.exits import ExitCode
from clusterctl.settings import Settings
from clusterctl.settings.places import state_home
from clusterctl.tui.frame.heading import cluster_name

if TYPE_CHECKING:
    from clusterctl.tui.app import Console

# Those that Textual and its event loop take for themselves, and do not give back.
TAKEN = (
    signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT,
    signal.SIGTTIN, signal.SIGTTOU, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2,
)  # fmt: skip


def open_console(settings: Settings, again: Callable[[], Settings] | None = None, **options: Any) -> int:
    """Show the cluster that the settings name until somebody leaves; the exit code. *options* are those of Setup.

    *again* finds the settings anew while nothing can be reached. A bug is told on stderr, in a line and a hint.
    """
    from clusterctl.tui.app import Console  # noqa: PLC0415 - takes 200 ms, and not before it is wanted
    from clusterctl.tui.engine.source import LiveSource  # noqa: PLC0415 - as above

    source = LiveSource(settings, again)
    console = Console(
        source,
        cluster=cluster_name(settings),
        called=lambda: cluster_name(source.settings),
        log=state_home() / "clusterctl" / "log",
        **options,
    )
    with given_back():
        console.run()
    source.close()
    if console.crash is not None:
        sys.stderr.write(console.crash.lines)
    sys.stderr.writelines(last_words(console))
    return console.return_code or (ExitCode.FAILED if console.under_way else 0)


def last_words(console: Console) -> Iterator[str]:
    """Lines about deeds whose end nobody has waited for: they may still be done after this program has gone."""
    for title in console.under_way.values():
        yield f"clusterctl: it may have been done, or not: {title}\n"


@contextmanager
def given_back() -> Iterator[None]:
    """Afterwards signals do what they did before."""
    before = {number: signal.getsignal(number) for number in TAKEN}
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # None: not set by Python, and nothing that it could set again
                signal.signal(number, handler)
