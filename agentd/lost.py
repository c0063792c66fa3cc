"""What becomes of a job whose supervisor is gone: nobody else would ever end it."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterable, Mapping

from agentd.environment import mark
from agentd.records import Begin, Story
from agentd.supervisor.tree import (
    CLOCK_TICKS,
    Process,
    children_of,
    descendants,
    read_processes,
    send_signals,
)

ROUNDS = 5
ROUND_S = 0.2


def kill_tree(story: Story) -> bool:
    """Kill everything that *story*'s attempt has left. True once two looks in a row have found nothing.

    False after about a second: something is stuck in the kernel. Then try again later.
    """
    empty = 0
    for _ in range(ROUNDS):
        found = [process for process in find_tree(story) if not process.is_zombie]
        if not found:
            empty += 1
            if empty == 2:
                return True
            continue
        empty = 0
        send_signals(found, signal.SIGKILL)
        wait_for(found, ROUND_S)
    return False


def find_tree(story: Story) -> list[Process]:
    """Every process of *story*'s attempt: by pid, by session, by mark, and all that descends from those."""
    processes = read_processes()
    children = children_of(processes)
    roots = [process for process in processes.values() if belongs(process, story, processes)]
    found = {process.pid: process for process in roots}
    for root in roots:
        found.update((process.pid, process) for process in descendants(root.pid, children))
    return list(found.values())


def belongs(process: Process, story: Story, processes: Mapping[int, Process]) -> bool:
    """Whether *process* shows by itself that it is of *story*'s attempt.

    Its session counts unless that number now belongs to another process: a session keeps its number while a member
    lives. The mark counts only on what is younger than the attempt, and is not us: agentd may itself run within a job.
    """
    spawned = story.spawned
    if spawned:
        if process.pid == spawned.pid:
            return process.start == spawned.start
        leader = processes.get(spawned.pid)
        if process.session == spawned.pid and (leader is None or leader.start == spawned.start):
            return True
    return is_younger(process, story.begin) and process.pid != os.getpid() and is_marked(process, story.begin)


def is_younger(process: Process, begin: Begin) -> bool:
    """Whether *process* started after the attempt began; a process' start is known to the tick."""
    return process.start >= int(begin.at * CLOCK_TICKS)


def is_marked(process: Process, begin: Begin) -> bool:
    """Whether *process* was started with the attempt's mark in its environment."""
    try:
        with open(f"/proc/{process.pid}/environ", "rb") as file:
            environment = file.read()
    except OSError:
        return False
    return mark(begin.allocation_id, begin.token) <= set(environment.split(b"\0"))


def wait_for(processes: Iterable[Process], seconds: float) -> None:
    """Wait until all of *processes* have ended, *seconds* at most for each that ends."""
    poll = select.poll()
    waiting = set()
    for process in processes:
        try:
            fd = os.pidfd_open(process.pid)
        except OSError:
            continue
        waiting.add(fd)
        poll.register(fd, select.POLLIN)
    while waiting and (ended := poll.poll(seconds * 1000)):
        for fd, _ in ended:
            poll.unregister(fd)
            waiting.discard(fd)
            os.close(fd)
    for fd in waiting:
        os.close(fd)


def wait_for_pid(pid: int, seconds: float) -> None:
    """Wait until the process with *pid* has ended, *seconds* at most; 0 is nobody, and is waited for in vain."""
    poll = select.poll()
    if pid:
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        poll.register(fd, select.POLLIN)
        poll.poll(seconds * 1000)
        os.close(fd)
    else:
        poll.poll(seconds * 1000)
