"""A daemon's beginning and end: settings, log, name, privacy; and one line for whatever ends it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from clusterctl.daemon.logs import start_logging
from clusterctl.daemon.process import hide_from_peers, name_process
from clusterctl.model.errors import BadInput, ClusterError
from clusterctl.model.exits import code_of
from clusterctl.settings import Settings, load

log = logging.getLogger(__name__)


def live_as(daemon: str, run: Callable[[Settings], None]) -> int:
    """*run* the daemon called *daemon* with the settings in force, until it returns; the exit code.

    What is no ClusterError is a bug, and ends the process with its traceback.
    """
    start_logging(daemon)
    try:
        settings = settled()
        start_logging(daemon, level=settings.log_level, format=settings.log_format, file=settings.log_file)
        name_process(daemon)
        hide_from_peers()
        run(settings)
    except ClusterError as error:
        log.error("%s%s", error, f"; {error.hint}" if error.hint else "")
        return code_of(error)
    return 0


def settled() -> Settings:
    """The settings. Raises BadInput."""
    try:
        return load()
    except ValueError as error:
        raise BadInput(str(error), "`clusterctl config check` tells more") from None
