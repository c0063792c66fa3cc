"""Where a user's files live on Linux: the XDG Base Directory Specification 0.8.

`platformdirs` says the same for every system, and takes as long to import as all of our settings together.
"""

from __future__ import annotations

import os
from pathlib import Path


def state_home() -> Path:
    """What a program keeps from one run to the next, one directory for each program."""
    return _home("XDG_STATE_HOME", ".local/state")


def config_home() -> Path:
    """What a user has configured, one directory for each program."""
    return _home("XDG_CONFIG_HOME", ".config")


def _home(variable: str, default: str) -> Path:
    """A relative path counts as none: it would be another place for each directory that one stands in."""
    said = os.environ.get(variable, "")
    return Path(said) if os.path.isabs(said) else Path(os.path.expanduser("~"), default)
