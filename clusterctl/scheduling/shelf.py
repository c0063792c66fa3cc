"""Workers in the order of preference, while their room shrinks: find the best one into which a request fits.

A plain sorted list would be walked past every worker that is nearly full, for every job. So the list is cut into short
blocks, and each block knows the most that any of its workers has room for of each kind, and which requests it has
refused: whole blocks are skipped at a glance.

A worker that has moved is put in its place only when it matters. One that has become worse stands too far ahead until
it is met: nobody behind it is the worse for that. One that has become better must be in place when the shelf is next
asked; by then it may have moved many times, and many shelves are seldom asked.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from math import isqrt

Amount = tuple[int, int, int]  # cpu_milli, memory_mb, gpus
# How preferred a worker is, the smallest is best, as one whole number, so that two are compared in one step: what it
# costs, and in the lowest bits its position by name, so that ties go by name.
Rank = int
POSITION_BITS = 24
POSITION = (1 << POSITION_BITS) - 1
GONE: Rank = 1 << 128  # of a worker that can have no job any more: behind all others, for good
BLOCK = 32  # workers, at least


def rank(cost: int, position: int) -> Rank:
    """That of the worker at *position*, at most ``POSITION``."""
    return cost << POSITION_BITS | position


class Shelf:
    """The workers at some *positions*, best first.

    *ranks* and *rooms*, by position, belong to whoever changes them. Room may only shrink. Whoever becomes better must
    be named in ``risen``; who becomes worse, or is gone, need not be told of.
    """

    def __init__(self, positions: Iterable[int], ranks: Sequence[Rank], rooms: Sequence[Amount]) -> None:
        self.risen: set[int] = set()  # positions of those that have become better since the shelf was last asked
        self._ranks = ranks
        self._rooms = rooms
        self._stands = {at: ranks[at] for at in positions if ranks[at] != GONE}
        ordered = sorted(self._stands.values())
        # About the root of how many there are, so that blocks and what stands in them are equally quick to pass.
        self._size = size = max(BLOCK, isqrt(len(ordered)))
        self._blocks = [_Block(ordered[at : at + size], rooms) for at in range(0, len(ordered), size)]
        self._lasts = [block.ranks[-1] for block in self._blocks]  # no block holds a rank behind its own

    def best(self, request: Amount) -> int | None:
        """The position of the first worker with at least so much room; None if there is none."""
        if self.risen:
            self._raise()
        cpu, memory, gpus = request
        blocks, ranks, rooms, number = self._blocks, self._ranks, self._rooms, 0
        while number < len(blocks):
            block = blocks[number]
            if cpu <= block.cpu and memory <= block.memory and gpus <= block.gpus and request not in block.refused:
                for place, rank in enumerate(block.ranks):
                    at = rank & POSITION
                    if ranks[at] != rank:
                        self._replace(number, place, at)
                        break
                    room = rooms[at]
                    if cpu <= room[0] and memory <= room[1] and gpus <= room[2]:
                        return at
                else:
                    block.refuse(request, rooms)
                    number += 1
            else:
                number += 1
        return None

    def _raise(self) -> None:
        """Put those that have become better where they belong by now."""
        for at in self.risen:
            old = self._stands.get(at)
            if old is not None:
                number = bisect_left(self._lasts, old)
                self._replace(number, bisect_left(self._blocks[number].ranks, old), at)
        self.risen.clear()

    def _replace(self, number: int, place: int, at: int) -> None:
        """Put the worker at *at*, which stands in that block at that place, where it belongs by now."""
        lasts, blocks = self._lasts, self._blocks
        rank = self._stands[at] = self._ranks[at]
        del blocks[number].ranks[place]
        if rank == GONE:
            del self._stands[at]
            if not blocks[number].ranks:
                del blocks[number], lasts[number]
            return
        to = bisect_left(lasts, rank)
        if to == len(lasts):
            to -= 1
            lasts[to] = rank
        insort(blocks[to].ranks, rank)
        if to != number:
            blocks[to].welcome(self._rooms[at])
            self._even_out(number, to)

    def _even_out(self, shrunk: int, grown: int) -> None:
        """Cut the one in two if it is long; drop the other if it is empty."""
        blocks, lasts, size = self._blocks, self._lasts, self._size
        ranks = blocks[grown].ranks
        if len(ranks) > 2 * size:
            blocks[grown : grown + 1] = [_Block(ranks[:size], self._rooms), _Block(ranks[size:], self._rooms)]
            lasts.insert(grown, ranks[size - 1])
            shrunk += shrunk > grown
        if not blocks[shrunk].ranks:
            del blocks[shrunk], lasts[shrunk]


class _Block:
    """A few workers in order, and what is known of them.

    ``cpu``, ``memory``, ``gpus``: the most that any of them has room for, never told too small, at times too large.
    ``refused``: requests that fit none of them.
    """

    __slots__ = ("cpu", "gpus", "memory", "ranks", "refused")

    def __init__(self, ranks: list[Rank], rooms: Sequence[Amount]) -> None:
        self.ranks = ranks
        self.refused: set[Amount] = set()
        self.cpu, self.memory, self.gpus = _most(ranks, rooms)

    def refuse(self, request: Amount, rooms: Sequence[Amount]) -> None:
        """*request* looked small enough from outside and was not: it will not be let in again in vain."""
        self.refused.add(request)
        self.cpu, self.memory, self.gpus = _most(self.ranks, rooms)

    def welcome(self, room: Amount) -> None:
        """Somebody with so much room has come from another block: what was refused may fit it."""
        if self.refused:
            self.refused.clear()
        cpu, memory, gpus = room
        # As max() would, in half the time: this is done several times for every start.
        self.cpu = cpu if cpu > self.cpu else self.cpu
        self.memory = memory if memory > self.memory else self.memory
        self.gpus = gpus if gpus > self.gpus else self.gpus


def _most(ranks: Iterable[Rank], rooms: Sequence[Amount]) -> Amount:
    cpu, memory, gpus = zip(*[rooms[rank & POSITION] for rank in ranks], strict=True)
    return max(cpu), max(memory), max(gpus)
