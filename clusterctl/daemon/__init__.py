"""How every daemon lives: a cycle and a rest, a bell, signals, outages, a log, and word to systemd.

Law: a daemon is one function, its cycle, and this package is the life around it. It never knows what a daemon
does, never speaks to Postgres or Redis, and is never imported but by daemons and what starts them.
"""

from clusterctl.daemon.agenda import Agenda
from clusterctl.daemon.life import live_as
from clusterctl.daemon.logs import start_logging
from clusterctl.daemon.loop import Rest, keep_running
from clusterctl.daemon.process import die_with_parent, hide_from_peers, name_process, tell_systemd
from clusterctl.daemon.signals import Signals

__all__ = [
    "Agenda",
    "Rest",
    "Signals",
    "die_with_parent",
    "hide_from_peers",
    "keep_running",
    "live_as",
    "name_process",
    "start_logging",
    "tell_systemd",
]
