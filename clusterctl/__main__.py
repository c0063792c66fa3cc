"""The door: ``clusterctl``, and ``python -m clusterctl``."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn


def main() -> NoReturn:
    """Run the command line, and end with its code."""
    gc.disable()  # what a command imports stays to its end: to look for garbage in it takes a tenth of its start
    from clusterctl.cli.main import main as run

    leave(run())


def leave(code: int) -> NoReturn:
    """End at once. To take all modules apart first, as Python would, takes as long as to ask a question."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # it has been tried before, and told
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
