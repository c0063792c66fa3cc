"""What rounds leave behind: in the claim log what stands, folded, and the rounds themselves as they saw the workers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from clusterctl.daemon import Agenda
from clusterctl.model.claim_log import Said, refusal
from clusterctl.model.plan import Wait
from clusterctl.scheduling.words import in_words
from clusterctl.store import claims, rounds
from clusterctl.store.connection import Database
from schedd.round import Outcome
from schedd.verdict import verdict

FOLD_EVERY = 10.0  # seconds: how often what still stands is counted up in the claim log
MOST_FOLDED = 500  # rows that one round counts up: the next ones go on, and none is late for it
KEEP_EVERY = 1.0  # seconds between two rounds that are kept, unless they gave replicas: batch jobs come by the thousand

Key = tuple[str, str]  # of what stands: its shape and its reason


class Chronicle:
    """Writes after each round what has changed since the last, and now and then how often all was repeated.

    What it knows to be written is of one term: ``begin_anew`` in the next.
    """

    def __init__(self, db: Database, due: Agenda) -> None:
        self._db = db
        self._due = due
        self._numbers = range(0)
        self._told = 0  # rounds
        self._written: dict[Key, int] | None = None  # after how many; None: what the claim log says is another's
        self._to_fold: list[Key] = []
        self._may_claim: tuple[str, ...] = ()  # as the row that stands names them

    def begin_anew(self) -> None:
        """Another may have written since."""
        self._written, self._to_fold, self._may_claim = None, [], ()

    def number(self) -> int:
        """For a round that begins: one that no other round has, or had."""
        if not self._numbers:
            self._numbers = rounds.take_numbers(self._db)
        number, self._numbers = self._numbers[0], self._numbers[1:]
        return number

    def tell(self, done: Outcome, term: int, number: int, took_ms: float) -> None:
        """Write down what that round has said; and how it saw the workers, if it did something and that is due."""
        is_news = self._tell_what_stands(done, number)
        placed = done.placed.total()
        if done.replicas or ((placed or is_news) and self._due.is_due("keep a round", KEEP_EVERY)):
            rounds.keep(
                self._db,
                term,
                number,
                done.picture,
                took_ms=took_ms,
                claims=placed,
                waits=len(done.decided.waits),
                kept_worker_id=None if (shadow := done.decided.shadow) is None else shadow.worker_id,
            )

    def _tell_what_stands(self, done: Outcome, number: int) -> bool:
        """True if something was said that did not stand before."""
        self._told += 1
        stands = {(each.shape, each.reason): each for each in self._standing(done)}
        before = self._written or {}
        fresh = [key for key in stands if key not in before]
        over = {key[0]: self._told - last - 1 for key, last in before.items() if key not in stands}
        is_first = self._written is None
        keys = [*fresh, *self._next_to_fold(before)]
        if not (is_first or keys or over):
            return False
        keys = [key for key in dict.fromkeys(keys) if key in stands]
        repeats = [self._told - before.get(key, self._told - 1) for key in keys]
        said = rows(done, [stands[key] for key in keys], repeats)
        claims.log_said(self._db, number, said, None if is_first else over, looked_at=done.picture.at)
        self._written = {key: before.get(key, self._told) for key in stands} | dict.fromkeys(keys, self._told)
        return bool(fresh)

    def _next_to_fold(self, written: Iterable[Key]) -> list[Key]:
        """What is to be counted up in this round, of all that is *written*."""
        if self._due.is_due("fold", FOLD_EVERY):
            self._to_fold = list(written)
        turn, self._to_fold = self._to_fold[:MOST_FOLDED], self._to_fold[MOST_FOLDED:]
        return turn

    def _standing(self, done: Outcome) -> Iterator[Wait | Said]:
        """Who waits, and who may claim services if any wait for that."""
        yield from done.decided.waits
        if (found := done.decided.eligibility) is None:
            self._may_claim = ()
            return
        if done.replicas or not self._may_claim:
            self._may_claim = found.eligible
        yield verdict(found, done.picture, self._may_claim)


def rows(done: Outcome, stands: list[Wait | Said], repeats: list[int]) -> list[Said]:
    """The same as rows of the claim log, each said so often."""
    groups = {group.shape: group for group in done.picture.queue}
    return [
        replace(each, repeats=times)
        if isinstance(each, Said)
        else refusal(each, in_words(each, groups[each.shape], done.picture), times, **kept(each, done))
        for each, times in zip(stands, repeats, strict=True)
    ]


def kept(wait: Wait, done: Outcome) -> dict[str, Any]:
    """The worker that is kept for the first in line, and until when; nothing for all others."""
    shadow = done.decided.shadow
    if shadow is None or shadow.shape != wait.shape:
        return {}
    names = {worker.id: worker.name for worker in done.picture.workers}
    until = (
        None if shadow.at is None else datetime.fromtimestamp(shadow.at, UTC).isoformat(timespec="seconds")[:-6] + "Z"
    )
    return {"kept_worker": names.get(shadow.worker_id), "kept_until": until}
