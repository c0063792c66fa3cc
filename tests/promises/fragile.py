"""A writer that can die between any two of its words to Postgres."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import RowFactory

from clusterctl.store.connection import Ask, Database

T = TypeVar("T")


class CrashError(Exception):
    """Nobody is there any more who could hear the answer. ``committed``: what was asked for has happened."""

    def __init__(self, *, committed: bool) -> None:
        super().__init__("committed" if committed else "rolled back")
        self.committed = committed


class FragileDatabase(Database):
    """``dies_in`` counts words: a statement and a COMMIT, each before it is sent, and each commit once it is done."""

    dies_in: int | None = None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """As ever, with words before and after its COMMIT."""
        with super().transaction():
            yield
            self._word(committed=False)
        self._word(committed=True)

    def together(self, *asks: Ask) -> list[list[tuple[Any, ...]]]:
        """Two words: Postgres has all of it, or nothing that it would commit."""
        self._word(committed=False)
        answers = super().together(*asks)
        self._word(committed=True)
        return answers

    def _execute(
        self, factory: RowFactory[T], sql: LiteralString, parameters: tuple[object, ...] | dict[str, object]
    ) -> psycopg.Cursor[T]:
        self._word(committed=False)
        done = super()._execute(factory, sql, parameters)
        if self.connection().info.transaction_status == TransactionStatus.IDLE:
            self._word(committed=True)
        return done

    def _word(self, *, committed: bool) -> None:
        if self.dies_in is None:
            return
        self.dies_in -= 1
        if self.dies_in == 0:
            self.dies_in = None
            raise CrashError(committed=committed)
