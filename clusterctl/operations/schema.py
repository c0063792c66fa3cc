"""Bringing the schema up to date."""

from __future__ import annotations

from clusterctl.cluster import Cluster
from clusterctl.door.served import served


@served
def migrate(cluster: Cluster, *, reason: str = "") -> list[str]:
    """Bring the schema to this program's version; the names of the steps that this took.

    Given a *reason*, that goes into the audit: afterwards, for the first of the steps makes the table.
    """
    from clusterctl.store import audit, migrations  # noqa: PLC0415 - only `db` and `up` need it

    steps = migrations.migrate(cluster.settings.database_url)
    if steps and reason:
        audit.note(cluster.db, cluster.caller, "migrate", [f"schema:{step}" for step in steps], reason)
    return steps
