"""Workers in the order of preference, while their room shrinks: find the best one into which a request fits.

A plain sorted list would be walked past every worker that is nearly full, for every job. So the list is cut into
short blocks, and each block knows the most that any of its workers has free of each kind, and which requests it
has refused: whole blocks are skipped at a glance.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

# What a worker costs to choose (its score, negated: the smallest is best), its position by name (so that ties go by
# name), and what it has free: cpu_milli, memory_mb, gpus.
Entry = tuple[float, int, int, int, int]
Amount = tuple[int, int, int]  # cpu_milli, memory_mb, gpus

BLOCK = 32  # entries: about the root of a thousand workers, so that blocks and entries are equally quick to pass


class Shelf:
    """Entries in order, best first. An entry may be replaced only by one with less free."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        ordered = sorted(entries)
        self._blocks = [_Block(ordered[at : at + BLOCK]) for at in range(0, len(ordered), BLOCK)]
        self._lasts = [block.entries[-1] for block in self._blocks]  # no block holds an entry behind its own
        self._first: dict[Amount, int] = {}  # per request: all blocks before this one have refused it

    def best(self, request: Amount) -> Entry | None:
        """The first entry with at least so much free; None if there is none."""
        cpu, memory, gpus = request
        first = self._first.get(request, 0)
        for at, block in enumerate(self._blocks[first:], first):
            if cpu <= block.cpu and memory <= block.memory and gpus <= block.gpus and request not in block.refused:
                for entry in block.entries:
                    if cpu <= entry[2] and memory <= entry[3] and gpus <= entry[4]:
                        if at > first:
                            self._first[request] = at
                        return entry
                block.refuse(request)
        self._first[request] = len(self._blocks)
        return None

    def replace(self, old: Entry, new: Entry) -> None:
        """The worker of *old* now has what *new* says."""
        lasts, blocks = self._lasts, self._blocks
        at = bisect_left(lasts, old)
        entries = blocks[at].entries
        del entries[bisect_left(entries, old)]
        to = min(bisect_left(lasts, new), len(lasts) - 1)
        insort(blocks[to].entries, new)
        if to < at:  # what a block had not been asked of stands in one now that was
            self._first.clear()
        if to != at:
            blocks[to].welcome(new)
            self._even_out(at, to)
        lasts[-1] = max(lasts[-1], new)

    def _even_out(self, shrunk: int, grown: int) -> None:
        """Cut the one in two if it is long; drop the other if it is empty."""
        blocks, lasts = self._blocks, self._lasts
        entries = blocks[grown].entries
        if len(entries) > 2 * BLOCK:
            blocks[grown : grown + 1] = [_Block(entries[:BLOCK]), _Block(entries[BLOCK:])]
            lasts.insert(grown, entries[BLOCK - 1])
            shrunk += shrunk > grown
        if not blocks[shrunk].entries:
            del blocks[shrunk], lasts[shrunk]
            self._first.clear()  # those behind have moved up


class _Block:
    """A few entries in order, and what is known of them.

    ``cpu``, ``memory``, ``gpus``: the most that any of them has free, never told too small, at times too large.
    ``refused``: requests that fit none of them.
    """

    __slots__ = ("cpu", "entries", "gpus", "memory", "refused")

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.refused: set[Amount] = set()
        self.cpu, self.memory, self.gpus = _most(entries)

    def refuse(self, request: Amount) -> None:
        """*request* looked small enough from outside and was not: it will not be let in again in vain."""
        self.refused.add(request)
        self.cpu, self.memory, self.gpus = _most(self.entries)

    def welcome(self, entry: Entry) -> None:
        """*entry* has come from another block: what was refused may fit it."""
        if self.refused:
            self.refused.clear()
        _, _, cpu, memory, gpus = entry
        # As max() would, in half the time: this is done several times for every start.
        self.cpu = cpu if cpu > self.cpu else self.cpu
        self.memory = memory if memory > self.memory else self.memory
        self.gpus = gpus if gpus > self.gpus else self.gpus


def _most(entries: list[Entry]) -> Amount:
    _, _, cpu, memory, gpus = zip(*entries, strict=True)
    return max(cpu), max(memory), max(gpus)
