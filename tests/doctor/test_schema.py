"""The schema: of another version, edited by hand, or with its laws switched off."""

from __future__ import annotations

from clusterctl import views
from clusterctl.model.findings import Finding, FindingCounts
from clusterctl.store import migrations
from tests.doctor.ward import Ward


def sole(ward: Ward) -> Finding:
    """The one thing that is found, among what can be looked at."""
    (finding,) = views.findings(ward.cluster).findings
    return finding


def test_missing_migrations_are_named_with_what_applies_them(ward: Ward) -> None:
    ward.db.script("DROP VIEW v_queue, v_workers, v_usage")
    ward.db.run("DELETE FROM schema_migrations WHERE version = 3")
    finding = sole(ward)
    assert (finding.code, finding.severity) == ("schema_behind", "critical")
    assert "the database lacks 0003_views" in finding.sentence
    assert (finding.fix.command, finding.fix.available) == ("clusterctl db migrate", False)
    migrations.migrate(ward.db.url)
    ward.healthy()


def test_a_database_without_any_schema_is_behind_too(ward: Ward) -> None:
    ward.db.script("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    finding = sole(ward)
    assert (finding.code, finding.sentence) == ("schema_behind", "the database has no schema of ours")
    assert finding.evidence["missing"][0] == "0001_tables"


def test_a_program_that_is_older_than_the_database_is_told_so(ward: Ward) -> None:
    ward.db.run("INSERT INTO schema_migrations (version, name, checksum) VALUES (99, '0099_later', '')")
    finding = sole(ward)
    assert (finding.code, finding.evidence["unknown"]) == ("schema_behind", [99])
    assert "newer than this program's" in finding.sentence
    assert "upgrade clusterctl" in finding.fix.change


def test_a_database_that_another_build_has_made_is_another(ward: Ward) -> None:
    ward.db.run("UPDATE schema_migrations SET checksum = 'other' WHERE version = 2")
    finding = sole(ward)
    assert finding.code == "schema_drift"
    assert "0002_laws was applied with another text" in finding.sentence


def test_laws_that_are_switched_off_are_critical_and_counted(ward: Ward) -> None:
    ward.db.script("ALTER TABLE jobs DISABLE TRIGGER USER")
    finding = ward.sole("schema_drift")
    assert finding.severity == "critical"
    assert "the laws are switched off" in finding.sentence
    assert "jobs_step_legally" in finding.evidence["disabled"]["jobs"]
    assert (finding.fix.command, finding.fix.available) == ("ALTER TABLE jobs ENABLE TRIGGER ALL;", False)
    assert views.status(ward.cluster).findings == FindingCounts(critical=1)
    ward.db.script("ALTER TABLE jobs ENABLE TRIGGER ALL")
    ward.healthy()


def test_keys_that_are_not_kept_are_found_too(ward: Ward) -> None:
    ward.db.script("ALTER TABLE allocations DISABLE TRIGGER ALL")
    disabled = ward.sole("schema_drift").evidence["disabled"]
    assert any(name.startswith("RI_ConstraintTrigger") for name in disabled["allocations"])


def test_a_database_that_thinks_itself_a_replica_has_no_laws(ward: Ward) -> None:
    name = ward.db.value("SELECT current_database()")
    ward.db.script(f'ALTER DATABASE "{name}" SET session_replication_role = replica')
    ward.db.close()
    finding = ward.sole("schema_drift")
    assert "session_replication_role is replica" in finding.sentence
    assert finding.severity == "critical"


def test_what_is_missing_changed_or_added_is_listed(ward: Ward) -> None:
    ward.db.script(
        "DROP TRIGGER live_jobs_stay ON jobs; ALTER TABLE jobs ALTER priority SET DEFAULT 7; ALTER TABLE jobs ADD x int"
    )
    finding = ward.sole("schema_drift")
    assert finding.severity == "critical"
    assert (
        "missing: trigger jobs.live_jobs_stay; changed: column jobs.priority; added: column jobs.x" in finding.sentence
    )
    assert finding.evidence == {
        "missing": ("trigger jobs.live_jobs_stay",),
        "changed": ("column jobs.priority",),
        "added": ("column jobs.x",),
    }


def test_a_missing_index_or_view_is_only_a_warning(ward: Ward) -> None:
    ward.db.script("DROP INDEX jobs_live; DROP VIEW v_usage")
    assert ward.sole("schema_drift").severity == "warning"


def test_what_else_is_in_the_database_is_nobodys_business(ward: Ward) -> None:
    ward.db.script("CREATE TABLE theirs (id int); CREATE VIEW mine AS SELECT * FROM jobs; CREATE INDEX ON jobs (name)")
    ward.healthy()
