"""The shelf finds what a walk along the sorted workers would find."""

from __future__ import annotations

from random import Random

import pytest

from clusterctl.scheduling.shelf import BLOCK, GONE, POSITION, Amount, Rank, Shelf, rank


class Stock:
    """The workers on a shelf, and the shelf: where the costs and rooms are kept that it looks at."""

    def __init__(self, costs: list[int], rooms: list[Amount]) -> None:
        self.ranks: list[Rank] = [rank(cost, at) for at, cost in enumerate(costs)]
        self.rooms = rooms
        self.shelf = Shelf(range(len(costs)), self.ranks, rooms)

    def change(self, at: int, new: Rank, room: Amount | None = None) -> None:
        old, self.ranks[at] = self.ranks[at], new
        self.rooms[at] = room or self.rooms[at]
        if new < old:
            self.shelf.risen.add(at)

    def walk(self, request: Amount) -> int | None:
        """The best worker, found the plain way."""
        return next((at & POSITION for at in sorted(self.ranks) if at != GONE and self.fits(request, at)), None)

    def fits(self, request: Amount, rank: Rank) -> bool:
        return all(map(int.__le__, request, self.rooms[rank & POSITION]))


def amount(chance: Random, most: int) -> Amount:
    return chance.randint(0, most), chance.randint(0, most), chance.randint(0, 2)


def shrunk(chance: Random, room: Amount) -> Amount:
    """What is left of it after a little has been given away."""
    cpu, memory, gpus = (max(0, amount - chance.randint(0, 1)) for amount in room)
    return cpu, memory, gpus


def test_an_empty_shelf_has_nothing() -> None:
    assert Shelf([], [], []).best((0, 0, 0)) is None


def test_of_equal_costs_the_first_by_name_is_best() -> None:
    assert Stock([1, 0, 0], [(9, 9, 9)] * 3).shelf.best((1, 1, 1)) == 1


def test_a_cost_below_nothing_is_better_than_none() -> None:
    assert Stock([0, -1], [(9, 9, 9)] * 2).shelf.best((1, 1, 1)) == 1


# Where workers move: anywhere; or all to one place, which makes some blocks long and empties others.
@pytest.mark.parametrize("places", [range(1000), [500], [0], [999], [0, 999], [-1, 2000]])
@pytest.mark.parametrize("seed", range(4))
def test_it_finds_what_a_walk_finds_however_the_workers_move(seed: int, places: list[int]) -> None:
    chance = Random(seed)
    stock = Stock([chance.randrange(1000) for _ in range(150)], [amount(chance, 20) for _ in range(150)])
    for _ in range(900):
        at = chance.randrange(150)
        if stock.ranks[at] != GONE:
            new = GONE if chance.random() < 0.05 else rank(chance.choice(places), at)
            stock.change(at, new, shrunk(chance, stock.rooms[at]))
        if chance.random() < 0.7:  # it may be asked less often than workers move
            request = amount(chance, 22)
            assert stock.shelf.best(request) == stock.walk(request)


@pytest.mark.parametrize("kind", range(3))
def test_a_roomy_worker_is_found_among_those_that_had_refused(kind: int) -> None:
    wish = [(9, 1, 1), (1, 9, 1), (1, 1, 9)][kind]
    stock = Stock(list(range(BLOCK + 1)), [*[(1, 1, 1)] * BLOCK, wish])
    assert stock.shelf.best(wish) == BLOCK
    stock.change(BLOCK, rank(-1, BLOCK))
    assert stock.shelf.best(wish) == BLOCK


@pytest.mark.parametrize("long, emptied", [(0, 2), (2, 0)])
def test_one_block_may_be_cut_in_the_very_move_that_empties_another(long: int, emptied: int) -> None:
    stock = Stock([2 * at for at in range(3 * BLOCK)], [(1, 1, 9)] * (3 * BLOCK))
    for at in (BLOCK, *range(emptied * BLOCK, (emptied + 1) * BLOCK)):
        stock.change(at, rank(2 * long * BLOCK + 1, at), (1, 1, 1))
        stock.shelf.best((1, 1, 1))
    for of in sorted(stock.ranks):  # one after another gives all it has away, so that every block is searched
        at = of & POSITION
        if stock.rooms[at] == (1, 1, 9):
            assert stock.shelf.best((1, 1, 9)) == at
            stock.rooms[at] = (1, 1, 1)
    assert stock.shelf.best((1, 1, 9)) is None


def test_who_is_gone_is_never_found_again() -> None:
    stock = Stock([0, 1], [(1, 1, 1)] * 2)
    stock.change(0, GONE)
    assert [stock.shelf.best((0, 0, 0)) for _ in range(2)] == [1, 1]
    stock.change(1, GONE)
    assert stock.shelf.best((0, 0, 0)) is None
