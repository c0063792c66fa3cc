"""The shelf finds what a walk along the sorted workers would find."""

from __future__ import annotations

from random import Random

import pytest

from clusterctl.scheduling.shelf import BLOCK, Amount, Entry, Shelf


def walk(entries: list[Entry], request: Amount) -> Entry | None:
    """The best entry, found the plain way."""
    fitting = (entry for entry in entries if all(map(int.__le__, request, entry[2:])))
    return min(fitting, default=None)


def amount(chance: Random, most: int) -> Amount:
    return chance.randint(0, most), chance.randint(0, most), chance.randint(0, 2)


def shrunk(chance: Random, entry: Entry, cost: float) -> Entry:
    """The same worker after it has given a little away, wherever that puts it."""
    cpu, memory, gpus = (max(0, amount - chance.randint(0, 1)) for amount in entry[2:])
    return cost, entry[1], cpu, memory, gpus


def test_an_empty_shelf_has_nothing() -> None:
    assert Shelf([]).best((0, 0, 0)) is None


def test_of_equal_costs_the_first_by_name_is_best() -> None:
    assert Shelf([(0.0, 2, 9, 9, 9), (0.0, 1, 9, 9, 9)]).best((1, 1, 1)) == (0.0, 1, 9, 9, 9)


# Where workers move: anywhere; or all to one place, which makes some blocks long and empties others.
@pytest.mark.parametrize("places", [range(1000), [500], [0], [999], [0, 999], [-1, 2000]])
@pytest.mark.parametrize("seed", range(4))
def test_it_finds_what_a_walk_finds_however_the_workers_move(seed: int, places: list[int]) -> None:
    chance = Random(seed)
    entries: list[Entry] = [(float(chance.randrange(1000)), at, *amount(chance, 20)) for at in range(150)]
    shelf = Shelf(entries)
    for _ in range(900):
        at = chance.randrange(len(entries))
        new = shrunk(chance, entries[at], float(chance.choice(places)))
        shelf.replace(entries[at], new)
        entries[at] = new
        request = amount(chance, 22)
        assert shelf.best(request) == walk(entries, request)


@pytest.mark.parametrize("kind", range(3))
def test_a_roomy_worker_is_found_among_those_that_had_refused(kind: int) -> None:
    wish = [(9, 1, 1), (1, 9, 1), (1, 1, 9)][kind]
    roomy: Entry = (999.0, 999, *wish)
    shelf = Shelf([*((float(at), at, 1, 1, 1) for at in range(BLOCK)), roomy])
    assert shelf.best(wish) == roomy
    moved: Entry = (0.5, *roomy[1:])
    shelf.replace(roomy, moved)
    assert shelf.best(wish) == moved


@pytest.mark.parametrize("long, emptied", [(0, 2), (2, 0)])
def test_one_block_may_be_cut_in_the_very_move_that_empties_another(long: int, emptied: int) -> None:
    entries: list[Entry] = [(float(at), at, 1, 1, 9) for at in range(3 * BLOCK)]
    shelf = Shelf(entries)
    for at in (BLOCK, *range(emptied * BLOCK, (emptied + 1) * BLOCK)):
        new: Entry = (long * BLOCK + 0.5, at, 1, 1, 1)
        shelf.replace(entries[at], new)
        entries[at] = new
    for entry in sorted(entries):  # one after another gives all it has away, so that every block is searched
        if entry[4] == 9:
            assert shelf.best((1, 1, 9)) == entry
            shelf.replace(entry, (*entry[:4], 1))
    assert shelf.best((1, 1, 9)) is None
