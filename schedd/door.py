"""``python -m schedd.door FD``: answers what is asked at the listening socket FD, while its schedd lives.

A process of its own, so that neither a long answer nor a fault of one holds up a round. Its standard input is the
leash: a pipe that nobody writes to, whose other end closes with schedd, however that ends.
"""

from __future__ import annotations

import functools
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable

import msgspec

from clusterctl import __version__, operations, views
from clusterctl.cluster import Cluster, name_of
from clusterctl.daemon import die_with_parent, hide_from_peers, name_process, start_logging
from clusterctl.daemon.life import settled
from clusterctl.door import dispatch
from clusterctl.door.frames import PROTOCOL, Greeting
from clusterctl.door.peers import peer_of, refusal
from clusterctl.door.server import Gone, Name, Server
from clusterctl.door.where import group_id
from clusterctl.model.errors import ClusterError
from clusterctl.model.exits import code_of
from clusterctl.settings import Settings
from clusterctl.text import masked

NAME = "door"
LEASH = 0  # stdin
NAME_LASTS = 60.0  # seconds
YOUNG = 50_000  # objects, after which garbage is looked for among them
OFFERED = (operations, views)

log = logging.getLogger(__name__)


def main() -> int:
    """Serve until the leash is cut; the exit code."""
    die_with_parent()
    start_logging(NAME)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is schedd's to heed
    try:
        settings = settled()
        # To stderr, which is schedd's own, and never to log_file: two processes cannot both turn it over.
        start_logging(NAME, level=settings.log_level, format=settings.log_format)
        name_process("schedd-door")
        hide_from_peers()
        for package in OFFERED:
            for name in package.__all__:  # what is served is known only once it is imported
                getattr(package, name)
        spare_garbage()
        listener = socket.socket(fileno=int(sys.argv[1]))
        porter = Porter(settings, group_id(settings))
        Server(listener, porter.admit, porter.work).run(LEASH)
    except ClusterError as error:
        log.error("%s", error)
        return code_of(error)
    os._exit(0)  # whatever is being worked on: nobody waits for it, and it is safe to repeat


def spare_garbage() -> None:
    """Look for garbage seldom, and never among what is imported: an answer makes 100,000 objects, and hardly a cycle.

    To look for some at every 700th took a fifth of the time of an ``explain``.
    """
    gc.freeze()
    gc.set_threshold(YOUNG)


class Names:
    """What users are called. Asked for by many threads; *look*, which may take its time, is asked only now and then."""

    def __init__(self, look: Callable[[int], str], clock: Callable[[], float]) -> None:
        self._look = look
        self._clock = clock
        self._known: dict[int, tuple[str, float]] = {}

    def of(self, uid: int) -> str:
        """Its name, perhaps that of a minute ago: one thread looks again, and the others need not wait for it."""
        name, until = self._known.get(uid, ("", 0.0))
        now = self._clock()
        if name and now < until:
            return name
        if name:
            self._known[uid] = (name, now + NAME_LASTS)
        name = self._look(uid)
        self._known[uid] = (name, now + NAME_LASTS)
        return name


class Porter:
    """Lets people in, and does what they ask: in each thread with connections of its own, which stay open."""

    def __init__(self, settings: Settings, group: int | None) -> None:
        self._settings = settings
        self._group = group
        self._refused: set[int] = set()
        self._names = Names(name_of, time.monotonic)
        self._own = threading.local()

    def admit(self, line: socket.socket) -> tuple[bytes, Name | None]:
        """The greeting, and how to learn who it is; None with a refusal. Raises OSError. Waits for nobody."""
        peer = peer_of(line)
        why = refusal(peer, os.geteuid(), self._group)
        if why and peer.uid not in self._refused:
            self._refused.add(peer.uid)  # told once: a log is no place for strangers to write
            log.warning("refused: %s", why)
        return self._greeting(why), None if why else functools.partial(self._names.of, peer.uid)

    def work(self, caller: str, request: bytes, is_gone: Gone) -> bytes:
        """The reply to *request*; what has not been done when he *is_gone* is not done. Raises nothing."""
        cluster: Cluster | None = getattr(self._own, "cluster", None)
        if cluster is None:
            cluster = self._own.cluster = Cluster(self._settings, name=NAME)
        cluster.caller = caller
        cluster.db.forget_if_cut()
        return dispatch.answer(cluster, request, is_gone)

    def _greeting(self, refusal: str) -> bytes:
        if refusal:
            return msgspec.json.encode(Greeting(clusterctl=__version__, protocol=PROTOCOL, refusal=refusal))
        settings = self._settings
        return msgspec.json.encode(
            Greeting(
                clusterctl=__version__,
                protocol=PROTOCOL,
                database=masked(settings.database_url),
                redis=masked(settings.redis_url),
                redis_prefix=settings.redis_prefix,
            )
        )


if __name__ == "__main__":
    sys.exit(main())
