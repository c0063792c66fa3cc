"""The server's side of a call: from a request's bytes to a reply's, whatever the request."""

from __future__ import annotations

import functools
import inspect
import logging
import re
import threading
import time
from collections.abc import Callable
from typing import Any, get_type_hints

import msgspec

from clusterctl.cluster import Cluster
from clusterctl.door.frames import LONGEST_REPLY, Reply, Request, Trouble
from clusterctl.door.served import SERVED
from clusterctl.door.troubles import MISUNDERSTOOD, TOO_LONG, pack
from clusterctl.model.errors import BadInput, ClusterError

BIGGEST = 2**63 - 1  # of a bigint
NUL = b"\\u0000"  # as JSON spells it, which has no other way to
TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"')
NUMBER = re.compile(rb"[0-9]{19}|[0-9][eE]")  # one of so many digits, or with an exponent
MOST_BUGS = 10  # that are logged in a minute: who asks can make them, and a log has an end

log = logging.getLogger(__name__)


class Misunderstood(Exception):
    """This is no call of a function that we serve."""


class Unwanted(Exception):
    """Who asked has hung up: he does it himself, or wants it no more."""


def answer(cluster: Cluster, line: bytes, is_gone: Callable[[], bool] = lambda: False) -> bytes:
    """Do what *line* asks, as ``cluster.caller``; the reply, without the end of its line. Raises nothing.

    Nothing is committed once *is_gone* says that nobody waits for it any more.
    """
    name = ""
    cluster.db.before_commit = functools.partial(stop_if, is_gone)
    try:
        name, arguments = understand(line)
        found = msgspec.json.encode(SERVED[name](cluster, **arguments))
        if len(found) > LONGEST_REPLY - 1024:
            return refuse(f"has no room for an answer of {len(found)} bytes", TOO_LONG)
        return msgspec.json.encode(Reply(answer=msgspec.Raw(found)))
    except Misunderstood as error:
        return refuse(str(error))
    except Unwanted as error:
        return refuse(str(error), TOO_LONG)
    except ClusterError as error:
        return msgspec.json.encode(Reply(trouble=pack(error)))
    except Exception as error:  # a bug in one call is no reason to leave all others without an answer
        if BUGS.is_news():
            log.exception("%s failed", name)
        return msgspec.json.encode(Reply(trouble=pack(error)))
    finally:
        cluster.db.before_commit = nothing


def nothing() -> None:
    """Keeps no transaction from being committed."""


def stop_if(is_gone: Callable[[], bool]) -> None:
    """Raises Unwanted. What was slow must not come after what was asked for since."""
    if is_gone():
        raise Unwanted("who asked has hung up")


class Bugs:
    """Counts the bugs of a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._since = clock()
        self._told = 0

    def is_news(self) -> bool:
        """Whether one more is worth its traceback; of the first that is not, it is told that there are more."""
        with self._lock:
            now = self._clock()
            if now - self._since >= 60:
                self._since, self._told = now, 0
            self._told += 1
            told = self._told
        if told == MOST_BUGS + 1:
            log.error("more failed; no other is logged within this minute")
        return told <= MOST_BUGS


BUGS = Bugs()


def understand(line: bytes) -> tuple[str, dict[str, Any]]:
    """The function's name, and its arguments as it wants them. Raises Misunderstood."""
    try:
        request = msgspec.json.decode(line, type=Request)
        wanted = types_of(request.call)
        given = {name: msgspec.json.decode(raw, type=wanted[name]) for name, raw in request.arguments.items()}
        inspect.signature(SERVED[request.call]).bind(None, **given)
        if is_odd(line):
            check(msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, RecursionError) as error:
        raise Misunderstood(f"does not understand us: {error}") from None
    return request.call, given


@functools.cache
def types_of(name: str) -> dict[str, Any]:
    """Of each parameter but the cluster. Raises KeyError for what is not served."""
    hints = get_type_hints(SERVED[name], include_extras=True)
    parameters = list(inspect.signature(SERVED[name]).parameters)
    return {parameter: hints[parameter] for parameter in parameters[1:]}


def is_odd(line: bytes) -> bool:
    """Whether *line*, which is JSON, may hold what no column can: seen without making an object of all that it says."""
    return NUL in line or NUMBER.search(TEXT.sub(b"", line)) is not None


def check(said: Any) -> None:
    """Refuse what no column can hold, whatever it is for: BadInput."""
    waiting = [said]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.keys()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and "\0" in each:
            raise BadInput("a text has a NUL in it, which no text may have")
        elif isinstance(each, int | float) and abs(each) > BIGGEST:
            raise BadInput(f"{each} is out of all bounds")


def refuse(why: str, kind: str = MISUNDERSTOOD) -> bytes:
    """The reply to what has no answer."""
    return msgspec.json.encode(Reply(trouble=Trouble(kind=kind, message=why)))
