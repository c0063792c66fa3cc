"""The door: ``clusterctl``, and ``python -m clusterctl``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, and end with its code."""
    from clusterctl.cli.main import main as run

    sys.exit(run())


if __name__ == "__main__":
    main()
