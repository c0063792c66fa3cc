"""What is said to Redis: signs of life, wake-ups, and a cache of totals. All of it hints.

Law: nothing here decides, and nothing here can fail a caller. Redis may be empty, down, slow, lying, or no Redis at
all: a verb that writes answers False, one that reads answers "nothing there", at a cost of one timeout to connect and
two to hear everything, and of nothing while the breaker is open. Only ``Connection.ping`` and ``Connection.talk``
raise: an ``Outage``. The driver's errors never leave this package. JSON only; every value read is a stranger's until
it has been checked.
"""

from clusterctl.live import bell, cache, heartbeats
from clusterctl.live.bell import Listener
from clusterctl.live.cache import Totals
from clusterctl.live.connection import Connection
from clusterctl.live.heartbeats import WorkerBeat

__all__ = ["Connection", "Listener", "Totals", "WorkerBeat", "bell", "cache", "heartbeats"]
