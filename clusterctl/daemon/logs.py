"""The diary of a daemon: UTC with milliseconds, on stderr or in a file that turns over, without secrets."""

from __future__ import annotations

import logging
import logging.handlers
import sys
import time
import traceback
from pathlib import Path

import msgspec

from clusterctl.text import masked, visible

FILE_BYTES = 10 * 1024 * 1024
OLD_FILES = 4  # besides the one being written: five of 10 MiB


def start_logging(daemon: str, *, level: str = "info", format: str = "text", file: Path | None = None) -> None:
    """Send everything that this process logs to *file*, or to stderr. *format* is ``text`` or ``json``.

    Passwords are masked and control characters shown as escapes: what is logged holds names that strangers chose.
    """
    out: logging.Handler
    if file is None:
        out = logging.StreamHandler(sys.stderr)
    else:
        file.parent.mkdir(parents=True, exist_ok=True)
        out = logging.handlers.RotatingFileHandler(file, maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8")
    out.setFormatter(JsonLines(daemon) if format == "json" else TextLines(daemon))
    logging.basicConfig(level=level.upper(), handlers=[out], force=True)
    logging.raiseExceptions = False  # a full disk must not fill stderr with tracebacks about the log


class TextLines(logging.Formatter):
    """``2026-11-22T06:40:53.742Z info schedd: placed 3 jobs``; a traceback follows indented."""

    def __init__(self, daemon: str) -> None:
        super().__init__()
        self._daemon = daemon

    def format(self, record: logging.LogRecord) -> str:
        """One line, unless there is a traceback."""
        line = f"{_moment(record)} {record.levelname.lower()} {self._daemon}: {_message(record)}"
        trouble = _traceback(record)
        return line if not trouble else line + "\n" + "\n".join("    " + each for each in trouble.splitlines())


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at level daemon logger message``, and ``traceback`` if there is one."""

    def __init__(self, daemon: str) -> None:
        super().__init__()
        self._daemon = daemon

    def format(self, record: logging.LogRecord) -> str:
        """One line, always."""
        fields = {
            "at": _moment(record),
            "level": record.levelname.lower(),
            "daemon": self._daemon,
            "logger": record.name,
            "message": _message(record),
        }
        if trouble := _traceback(record):
            fields["traceback"] = trouble
        return msgspec.json.encode(fields).decode()


def _moment(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"


def _message(record: logging.LogRecord) -> str:
    return visible(masked(record.getMessage()))


def _traceback(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    return visible(masked("".join(traceback.format_exception(record.exc_info[1])).rstrip()), keep="\n")
