"""What agentd knows of the attempts of its worker: where each is written down, which run, which ends are new."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from msgspec.structs import replace

from agentd.journal import boottime
from agentd.link import Link
from agentd.records import Condition, Ended, Spawned
from agentd.running import Running
from clusterctl.model.states import Outcome


class Place(NamedTuple):
    """In whose journal an attempt stands, and under which token."""

    link: Link
    token: str


class Attempts:
    """By allocation id. A database that was restored gives ids out again: only the token tells two of them apart.

    *ring* is called when there is an end to collect.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self.running: dict[int, Running] = {}
        self.conditions: dict[int, Condition] = {}  # of replicas that run
        self.versions: dict[int, int] = {}  # of those conditions: how many there were
        self._places: dict[int, Place] = {}
        self._ends: list[Ended] = []
        self._ring = ring

    def __contains__(self, allocation_id: int) -> bool:
        return allocation_id in self._places

    def knows(self, allocation_id: int, token: str) -> bool:
        """Whether this very attempt stands in a journal, or is about to."""
        place = self._places.get(allocation_id)
        return place is not None and place.token == token

    def link(self, allocation_id: int) -> Link:
        """The supervisor in whose journal it stands."""
        return self._places[allocation_id].link

    def links(self, allocation_ids: Iterable[int]) -> set[Link]:
        """The supervisors of those that stand somewhere."""
        return {self._places[id].link for id in allocation_ids if id in self._places}

    def enter(self, link: Link, running: Running) -> None:
        """*running* stands in *link*'s journal from now on, or will in a moment."""
        id = running.allocation_id
        self.running[id] = running
        self._places[id] = Place(link, running.start_token)
        link.standing.add(id)
        link.open.add(id)

    def withdraw(self, allocation_id: int) -> Running:
        """It was never written down after all."""
        running = self.running.pop(allocation_id)
        link = self._places.pop(allocation_id).link
        link.standing.discard(allocation_id)
        link.open.discard(allocation_id)
        return running

    def make_way(self, allocation_id: int) -> bool:
        """Let another attempt have this number; False if the one that has it has not ended and been acknowledged."""
        if (place := self._places.get(allocation_id)) is None:
            return True
        if allocation_id in place.link.open | place.link.unacknowledged:
            return False
        self._places.pop(allocation_id).link.standing.discard(allocation_id)
        return True

    def forget(self, link: Link) -> None:
        """*link*'s journal is cut, or gone."""
        for id in link.standing:
            del self._places[id]
        link.standing.clear()

    def note_pid(self, link: Link, pid: int) -> None:
        """*link*'s supervisor has said who it is."""
        link.meet(pid)
        for id in link.open:
            self.running[id] = replace(self.running[id], supervisor_pid=pid)

    def note_spawned(self, spawned: Spawned) -> None:
        """An attempt has become a process."""
        id = spawned.allocation_id
        self.running[id] = replace(self.running[id], pid=spawned.pid, reaped_s=spawned.reaped_s)

    def note_condition(self, condition: Condition) -> None:
        """A replica stands otherwise than before."""
        id = condition.allocation_id
        self.conditions[id] = condition
        self.versions[id] = self.versions.get(id, 0) + 1

    def heed(self, ended: Ended) -> None:
        """Take an end down, once: a journal may tell again what a socket has told."""
        id = ended.allocation_id
        running = self.running.get(id)
        if running is None or running.start_token != ended.token:
            return
        del self.running[id]
        self.conditions.pop(id, None)
        self.versions.pop(id, None)
        link = self._places[id].link
        link.open.discard(id)
        link.unacknowledged.add(id)
        self.tell(ended)

    def settle(self, ended: Ended) -> None:
        """Take an end down that nobody else will tell, whether or not the attempt stands in a journal."""
        if self.knows(ended.allocation_id, ended.token):
            self.heed(ended)
        else:
            self.tell(ended)

    def tell(self, ended: Ended) -> None:
        """Have *ended* collected, of an attempt that stands in no journal."""
        self._ends.append(ended)
        self._ring()

    def collect(self) -> list[Ended]:
        """The ends since the last call."""
        ends, self._ends = self._ends, []
        return ends

    def free_gpus(self, indices: Iterable[int], count: int) -> tuple[int, ...]:
        """The lowest *count* of *indices* that no attempt has."""
        taken = {gpu for running in self.running.values() for gpu in running.gpus} if count else set()
        return tuple(gpu for gpu in indices if gpu not in taken)[:count]


def ended(allocation_id: int, token: str, outcome: Outcome, detail: str) -> Ended:
    """An end that no supervisor has seen."""
    return Ended(allocation_id=allocation_id, token=token, outcome=outcome, detail=detail, at=boottime())
