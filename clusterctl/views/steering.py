"""What operators have set for the whole cluster, while it runs."""

from __future__ import annotations

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.steering import Ruling
from clusterctl.store import steering


@served
def rulings(cluster: Cluster) -> list[Ruling]:
    """Settings of placement that hold for whoever leads, by name."""
    return steering.read(cluster.db)
