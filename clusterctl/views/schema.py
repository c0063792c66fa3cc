"""The database's schema: which it is, what it lacks, and how large it has become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusterctl.cluster import Cluster
from clusterctl.door.lazily import later
from clusterctl.door.served import served
from clusterctl.model.database import SchemaPicture
from clusterctl.text import masked

if TYPE_CHECKING:
    from clusterctl.store import migrations, server, sizes
else:  # whoever asks through the door needs none of it
    migrations, server, sizes = later("clusterctl.store", "migrations server sizes")


@served
def check_schema(cluster: Cluster) -> int:
    """The schema's version. Raises SchemaMismatch, with what to do, if it is not the one that this program speaks."""
    return migrations.check(cluster.db)


@served
def missing_migrations(cluster: Cluster) -> list[str]:
    """The names of the steps that the database lacks. Raises SchemaMismatch for steps that we do not know."""
    have = migrations.applied(cluster.db)
    migrations.refuse_strangers(have)
    return [step.name for step in migrations.known() if step.version not in have]


@served
def database(cluster: Cluster) -> SchemaPicture:
    """Postgres as it stands: version, schema, size, and how busy. Raises SchemaMismatch as ``missing_migrations``."""
    missing = missing_migrations(cluster)
    crowd = server.crowd(cluster.db)
    return SchemaPicture(
        url=masked(cluster.settings.database_url),
        version=str(cluster.db.value("SHOW server_version")).partition(" ")[0],
        schema=max(migrations.applied(cluster.db), default=0),
        missing=tuple(missing),
        size=sizes.whole(cluster.db),
        connections=crowd.used,
        most_connections=crowd.most,
        oldest_transaction_s=sizes.oldest_transaction(cluster.db),
        tables=tuple(sizes.tables(cluster.db)),
    )
