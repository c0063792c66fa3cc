"""A connection that counts what is asked over it."""

from __future__ import annotations

from typing import Any

from clusterctl.store.connection import Database


class Tallied(Database):
    """``asked``: the statements so far, transactions' own not among them."""

    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, **options)
        self.asked: list[str] = []

    def _execute(self, factory: Any, sql: Any, parameters: Any) -> Any:
        self.asked.append(" ".join(sql.split()))
        return super()._execute(factory, sql, parameters)
