"""Bringing the schema up to date."""

from __future__ import annotations

from clusterctl.cluster import Cluster
from clusterctl.door.served import served


@served
def migrate(cluster: Cluster) -> list[str]:
    """Bring the schema to this program's version; the names of the steps that this took."""
    from clusterctl.store import migrations  # noqa: PLC0415 - only `db` and `up` need it

    return migrations.migrate(cluster.settings.database_url)
