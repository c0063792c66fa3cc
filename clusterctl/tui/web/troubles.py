"""What goes wrong with requests, a line each: whoever reaches the port must not fill the terminal of the operator."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

from clusterctl.text import masked, visible

TALKATIVE = ("aiohttp", "asyncio")  # the loggers that print tracebacks where nobody listens to them
LONGEST = 300  # cells


class Troubles(logging.Handler):
    """Tells of a trouble of ours once, however often it is met; of requests that are none, nothing.

    Who sends those is answered 400, and that is all that they are worth: he could send any number.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell
        self._told: set[tuple[str, str]] = set()

    def listen(self) -> None:
        """To all that those libraries have to say."""
        for name in TALKATIVE:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [self], False

    def emit(self, record: logging.LogRecord) -> None:
        """One trouble."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError | RequestPayloadError):
            return
        kind = (str(record.msg).partition("\n")[0], type(error).__name__)  # without what strangers have put into it
        if kind in self._told:
            return
        self._told.add(kind)
        why = "" if error is None else f": {type(error).__name__}: {error}"
        said = record.getMessage().partition("\n")[0]
        self._tell(f"{visible(masked(f'{said}{why}'), LONGEST)} (told once)")
