"""How a console is started: what stood on the command line, and what it is given besides."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

ThemeName = Literal["dark", "light", "ansi"]


class Setup(NamedTuple):
    """``cluster``: how it is called in the header. ``nowhere``: asked while Postgres has never answered, what to do.

    ``called``: asked at the first look how it is called, for the stack may have begun since; empty: as before.
    ``log``: the directory that takes the traceback of a crash; None for that of temporary files. ``clock``: seconds.
    """

    cluster: str = "cluster"
    interval: float = 2.0
    read_only: bool = False
    ascii: bool = False
    theme: ThemeName = "dark"
    screen: str = "overview"
    filter: str = ""
    sort: tuple[str, ...] = ()
    nowhere: Callable[[], str] = lambda: ""
    called: Callable[[], str] = lambda: ""
    log: Path | None = None
    clock: Callable[[], float] = time.monotonic
