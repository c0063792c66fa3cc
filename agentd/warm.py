"""The warm process: small, without threads, ready to be forked into a supervisor at once.

``python -m agentd.warm SOCKET LOCK SPOOL``, started by agentd with two descriptors. Each request on SOCKET (a number,
and the connection to hand over) makes one supervisor. The warm process ends when agentd does; its supervisors do not.
LOCK, which a supervisor keeps until its journal is locked and its socket listens, tells the next agentd when no more
supervisors of the old one can appear.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import sys

from agentd.journal import boot_id
from agentd.supervisor.kernel import adopt_orphans, name_process
from agentd.supervisor.life import Inheritance, Supervisor

REQUEST_BYTES = 64


def main() -> None:
    """Fork a supervisor per request, until agentd is gone."""
    requests, lock, spool = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), sys.argv[3]
    for fd in (requests.fileno(), lock):
        os.set_inheritable(fd, False)
    adopt_orphans()
    name_process("agentd-warm")
    os.ftruncate(lock, 0)
    os.pwrite(lock, b"%d\n" % os.getpid(), 0)
    prepare_for_jobs()
    inherited = inherit(spool)
    gc.collect()
    gc.freeze()  # what is shared now stays shared: no collection writes to it
    gc.disable()
    while True:
        request, descriptors, _, _ = socket.recv_fds(requests, REQUEST_BYTES, 1)
        if not request:
            return
        # A job that inherited the connection would keep agentd from seeing its supervisor die. (recv_fds of Python 3.11
        # drops its flags, MSG_CMSG_CLOEXEC among them.)
        os.set_inheritable(descriptors[0], False)
        if os.fork() == 0:
            requests.close()
            become_supervisor(int(request), socket.socket(fileno=descriptors[0]), lock, inherited)
        os.close(descriptors[0])


def prepare_for_jobs() -> None:
    """Undo what a job should not inherit: whatever agentd was started with, and Python's own habits."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE, signal.SIGXFSZ}:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever ends below needs no waiting for
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))  # cores would fill the disk of whoever runs a thousand jobs
    os.chdir("/")


def inherit(spool: str) -> Inheritance:
    """Open what every supervisor needs, once."""
    synced = os.open(f"{spool}/synced", os.O_RDONLY)
    directory = os.open(f"{spool}/supervisors", os.O_RDONLY | os.O_DIRECTORY)
    return Inheritance(directory, synced, os.open(os.devnull, os.O_RDWR), boot_id())


def become_supervisor(number: int, connection: socket.socket, lock: int, inherited: Inheritance) -> None:
    """Live as one, in the child; never returns."""
    os.setsid()
    supervisor = Supervisor(number, connection, inherited)
    os.close(lock)
    supervisor.live()
    os._exit(0)


if __name__ == "__main__":
    main()
