"""The schema's steps: applied once, never changed, neither newer nor older than the program."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import psycopg
import pytest

from clusterctl.model.errors import SchemaMismatch
from clusterctl.store import migrations
from clusterctl.store.connection import Database
from tests.embedded_server import Servers
from tests.store.threads import at_once

STEPS = [step.name for step in migrations.known()]


@pytest.fixture
def empty(servers: Servers) -> Iterator[str]:
    """The URL of a database with nothing in it."""
    name = f"empty_{os.getpid()}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY FILE_COPY")
        yield servers.database(name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_migrating_twice_is_migrating_once(empty: str) -> None:
    assert migrations.migrate(empty) == STEPS
    assert migrations.migrate(empty) == []
    with Database(empty) as db:
        assert migrations.check(db) == len(STEPS)


def test_five_that_migrate_at_once_apply_each_step_once(empty: str) -> None:
    answers = at_once(*(partial(migrations.migrate, empty) for _ in range(5)))
    assert sorted(len(answer) if isinstance(answer, list) else -1 for answer in answers) == [0] * 4 + [len(STEPS)]


def test_steps_are_numbered_without_holes() -> None:
    assert [step.version for step in migrations.known()] == list(range(1, len(STEPS) + 1))


def test_an_empty_database_is_too_old(empty: str) -> None:
    with Database(empty) as db, pytest.raises(SchemaMismatch, match="version 0"):
        migrations.check(db)


def test_a_database_that_lacks_the_last_step_is_too_old_and_can_be_mended(database: str) -> None:
    with Database(database) as db:
        db.script("DROP VIEW v_queue, v_workers, v_usage")
        db.run("DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)")
        with pytest.raises(SchemaMismatch, match=f"this program needs {len(STEPS)}"):
            migrations.check(db)
        assert migrations.migrate(database) == STEPS[-1:]
        assert migrations.check(db) == len(STEPS)


def test_a_newer_database_is_refused_by_check_and_by_migrate(database: str) -> None:
    with Database(database) as db:
        db.run("INSERT INTO schema_migrations (version, name, checksum) VALUES (99, '0099_later', '')")
        with pytest.raises(SchemaMismatch, match="newer than this program"):
            migrations.check(db)
    with pytest.raises(SchemaMismatch, match="newer than this program"):
        migrations.migrate(database)


def test_a_step_that_was_applied_with_another_text_is_refused(database: str) -> None:
    with Database(database) as db:
        db.run("UPDATE schema_migrations SET checksum = 'other' WHERE version = 1")
        with pytest.raises(SchemaMismatch, match="another text"):
            migrations.check(db)
    with pytest.raises(SchemaMismatch, match="another text"):
        migrations.migrate(database)


def test_a_step_that_fails_leaves_nothing_behind(empty: str) -> None:
    with Database(empty) as db:
        db.script("CREATE VIEW v_usage AS SELECT 1 AS in_the_way")
        with pytest.raises(psycopg.errors.DuplicateTable):
            migrations.migrate(empty)
        assert migrations.applied(db) == {}
        assert db.value("SELECT to_regclass('jobs')") is None


def test_a_table_of_migrations_that_is_another_programs_is_a_mismatch_and_not_an_empty_database(empty: str) -> None:
    with Database(empty) as db:
        db.script("CREATE TABLE schema_migrations (version text PRIMARY KEY)")
        for look in (migrations.applied, migrations.check):
            with pytest.raises(SchemaMismatch, match="checksum"):
                look(db)
    with pytest.raises(SchemaMismatch, match="checksum"):
        migrations.migrate(empty)


def test_tables_that_we_do_not_know_are_a_mismatch_not_a_bug(empty: str) -> None:
    with Database(empty) as db, pytest.raises(SchemaMismatch):
        db.rows("SELECT * FROM jobs")
