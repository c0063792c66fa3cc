"""One look at the queue, from the first turn to the last.

A job that fits nowhere is stepped over: those behind it may start. That keeps the workers busy, but nothing is set
aside for the job that was stepped over, so a large one can starve behind small ones for as long as they keep
coming. What helps it today is a higher priority together with a drained worker. Within a group, nobody steps over
anybody: what does not fit the head does not fit the others.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from clusterctl.model.plan import Plan, Start, Wait
from clusterctl.model.snapshot import Policy, Snapshot
from clusterctl.scheduling.filters import Sieve, reason, sift
from clusterctl.scheduling.order import Line, Turns
from clusterctl.scheduling.placement import Floor
from clusterctl.scheduling.roster import Roster


def plan(snapshot: Snapshot) -> Plan:
    """Take the queue in turn, give each job to the best worker that can have it, and say why the others wait.

    ``more`` is set when going on at once may start further jobs: ``max_starts`` cut the round short (whoever was
    not looked at waits as ``round_full``), or every id that the snapshot holds of a longer group has started.
    ``candidates`` of a start are the workers that could have had the group's jobs when the round began.
    """
    policy = snapshot.batch_placement
    if policy == "none":
        return Plan(waits=tuple(_send_away(Turns(snapshot), "policy_disabled")))
    return _Round(snapshot, policy).decide()


class _Round:
    """What has been decided so far, and what is needed to decide the rest."""

    def __init__(self, snapshot: Snapshot, policy: Policy) -> None:
        self._policy = policy
        self._most = snapshot.max_starts
        self._roster = Roster(snapshot.workers)
        self._turns = Turns(snapshot)
        self._floor = Floor(self._roster, policy)
        self._sieves: dict[Line, Sieve] = {}  # by the snapshot: sifted at a line's first turn
        self._starts: list[Start] = []
        self._waits: list[Wait] = []
        self._more = False

    def decide(self) -> Plan:
        while len(self._starts) < self._most and (line := self._turns.current()):
            sieve = self._sieves.get(line) or self._sift(line)
            if not self._start(line, sieve):
                self._wait(line, sieve)
        cut = tuple(_send_away(self._turns, "round_full"))
        return Plan(starts=tuple(self._starts), waits=(*self._waits, *cut), more=self._more or bool(cut))

    def _sift(self, line: Line) -> Sieve:
        sieve = self._sieves[line] = sift(line.group, self._roster)
        return sieve

    def _start(self, line: Line, sieve: Sieve) -> bool:
        """Start the line's first job, if a worker can still have it."""
        group, taken = line.group, line.taken
        if not sieve.left or taken == group.slots:
            return False
        place = self._floor.place(group, sieve.pool)
        if place is None:
            return False
        worker_id, score = place
        self._starts.append(
            Start(
                job_id=group.ids[taken],
                worker_id=worker_id,
                policy=self._policy,
                score=score,
                candidates=sieve.left.bit_count(),
                refusals=sieve.removed,
            )
        )
        self._turns.start()
        if line.taken == len(group.ids) and group.more and line.taken != group.slots:
            self._more = True
        return True

    def _wait(self, line: Line, sieve: Sieve) -> None:
        """Send the line away. What had room when the round began has given it to others: ``fits_now``, too."""
        group = line.group
        if line.taken == group.slots:
            group = replace(group, slots=0)
            sieve = sift(group, self._roster)
        removed = dict(sieve.removed)  # not the one that its starts carry
        if sieve.left:
            removed["fits_now"] = removed.get("fits_now", 0) + sieve.left.bit_count()
        self._waits.append(_wait(line, reason(removed, self._roster), removed))
        self._turns.leave()


def _send_away(turns: Turns, why: str) -> Iterator[Wait]:
    """Everybody who still stands in the queue waits, unlooked at."""
    while line := turns.current():
        turns.leave()
        yield _wait(line, why, {})


def _wait(line: Line, why: str, removed: dict[str, int]) -> Wait:
    return Wait(shape=line.group.shape, job_id=line.group.ids[line.taken], reason=why, refusals=removed)
