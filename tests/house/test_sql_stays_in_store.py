"""SQL is said in one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from tests.house.tree import PRODUCT, Module, called, calls, fail_on, modules

STORE = "clusterctl/store/"


def statements_elsewhere(found: Iterable[Module]) -> Iterator[str]:
    """Calls that hand SQL to Postgres from outside the store.

    ``execute()`` without a statement is none: Redis sends its pipelines so.
    """
    for module in found:
        if module.path.startswith(STORE):
            continue
        for call in calls(module, "execute", "executemany"):
            if call.args:
                yield f"{module.at(call)}: {called(call)}("


def test_sql_is_executed_only_in_the_store() -> None:
    fail_on(
        statements_elsewhere(modules(*PRODUCT)), "Make it a function of clusterctl/store, beside the type it returns:"
    )


@pytest.mark.parametrize("source", ["conn.execute('SELECT 1')", "pool.cursor().executemany(query, rows)"])
def test_sql_outside_the_store_is_caught(source: str) -> None:
    assert list(statements_elsewhere([Module("clusterctl/views.py", source)]))
    assert not list(statements_elsewhere([Module("clusterctl/store/jobs.py", source)]))


def test_a_redis_pipeline_is_no_sql() -> None:
    assert not list(statements_elsewhere([Module("clusterctl/live/samples.py", "pipeline.execute()")]))
