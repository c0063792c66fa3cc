"""What the doctor takes for the schema is what the migrations make, and every difference is seen."""

from __future__ import annotations

from typing import LiteralString

import pytest

from clusterctl.store import catalogue
from clusterctl.store.connection import Database
from tests.catalogue import COMMAND, text
from tests.store.conftest import Connect


def test_the_catalogue_is_what_the_migrations_make(db: Database) -> None:
    assert text(catalogue.wanted()) == text(catalogue.read(db)), f"a migration has changed: run `{COMMAND}`"


@pytest.mark.parametrize(
    "statement, missing, changed, added",
    [
        ("DROP VIEW v_usage", ["view v_usage"], [], []),
        ("DROP INDEX jobs_live", ["index jobs.jobs_live"], [], []),
        ("DROP TRIGGER live_jobs_stay ON jobs", ["trigger jobs.live_jobs_stay"], [], []),
        ("DROP TABLE samples", None, [], []),
        ("ALTER TABLE leader DROP CONSTRAINT leader_term_key", None, [], []),
        ("ALTER TABLE jobs ALTER failures TYPE bigint", [], ["column jobs.failures"], []),
        ("ALTER TABLE jobs ALTER priority DROP NOT NULL", [], ["column jobs.priority"], []),
        ("ALTER TABLE jobs ALTER priority SET DEFAULT 7", [], ["column jobs.priority"], []),
        ("CREATE OR REPLACE FUNCTION is_loss(outcome text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'",
         [], ["function is_loss(outcome text)"], []),
        ("ALTER TABLE jobs ADD colour text", [], [], ["column jobs.colour"]),
        ("ALTER TABLE jobs ADD CONSTRAINT tidy CHECK (name <> 'x')", [], [], ["constraint jobs.tidy"]),
        ("CREATE UNIQUE INDEX once ON jobs (name, id)", [], [], ["unique index jobs.once"]),
        ("CREATE TRIGGER mine BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION refuse_illegal_step()",
         [], [], ["trigger jobs.mine"]),
        ("CREATE TABLE theirs (id int PRIMARY KEY); CREATE INDEX slow ON jobs (name); CREATE VIEW v AS SELECT 1 AS one",
         [], [], []),
        ("CREATE SCHEMA other; CREATE TABLE other.jobs (id int)", [], [], []),
    ],
)  # fmt: skip
def test_a_difference_is_named(
    db: Database, statement: LiteralString, missing: list[str] | None, changed: list[str], added: list[str]
) -> None:
    db.script(statement)
    found = catalogue.compare(catalogue.wanted(), catalogue.read(db))
    if missing is None:
        assert found.missing, "with all that goes with it"
    else:
        assert list(found.missing) == missing
    assert (list(found.changed), list(found.added)) == (changed, added)


def test_it_is_found_in_whatever_schema_ours_is_in(db: Database, connect: Connect) -> None:
    db.script("ALTER SCHEMA public RENAME TO elsewhere; CREATE SCHEMA public")
    assert catalogue.compare(catalogue.wanted(), catalogue.read(connect(search_path="elsewhere"))) == ((), (), ())


def test_triggers_that_do_not_fire_are_named(db: Database) -> None:
    assert catalogue.lawless(db).disabled == {}
    db.script("ALTER TABLE jobs DISABLE TRIGGER jobs_step_legally")
    db.script("ALTER TABLE workers ENABLE REPLICA TRIGGER workers_join_empty")
    assert catalogue.lawless(db).disabled == {"jobs": ["jobs_step_legally"], "workers": ["workers_join_empty"]}
