"""Is all well? What can be reached, who leads, how full the cluster is, and which schema it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusterctl.cluster import Cluster
from clusterctl.door.lazily import later
from clusterctl.door.served import served
from clusterctl.model.errors import Outage
from clusterctl.model.pictures import DatabasePicture, RedisPicture, StatusPicture
from clusterctl.text import masked

if TYPE_CHECKING:
    from clusterctl.store import jobs, migrations, totals
    from clusterctl.views import examination
else:  # whoever asks through the door needs none of it
    jobs, migrations, totals = later("clusterctl.store", "jobs migrations totals")
    (examination,) = later("clusterctl.views", "examination")


@served
def status(cluster: Cluster) -> StatusPicture:
    """The health of the cluster; what cannot be reached is said, not raised. SchemaMismatch is raised."""
    redis = redis_picture(cluster)
    url = masked(cluster.settings.database_url)
    try:
        version = str(cluster.db.value("SHOW server_version"))
        schema = migrations.check(cluster.db)
        sums = totals.read(cluster.db)
        counts = jobs.counts(cluster.db)
        findings = examination.count_findings(cluster)
    except Outage as outage:
        return StatusPicture(database=DatabasePicture(url=url, up=False, trouble=str(outage)), redis=redis)
    return StatusPicture(
        database=DatabasePicture(url=url, up=True, version=version.partition(" ")[0], schema=schema),
        redis=redis,
        leader=sums.leader,
        workers=sums.workers,
        cpus=sums.cpus,
        allocations=sums.allocations,
        jobs=counts,
        oldest_wait_s=sums.oldest_wait_s,
        findings=findings,
    )


@served
def redis_picture(cluster: Cluster) -> RedisPicture:
    """Whether Redis answers."""
    url = masked(cluster.settings.redis_url)
    try:
        cluster.redis.ping()
    except Outage as outage:
        return RedisPicture(url=url, up=False, trouble=str(outage))
    return RedisPicture(url=url, up=True)
