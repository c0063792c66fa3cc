"""The audit: who did what, to what, and why."""

from __future__ import annotations

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.audit import AuditChoice, AuditList, AuditNews
from clusterctl.model.log_marks import Mark, Reach
from clusterctl.store import audit_log as log


@served
def audit_log(cluster: Cluster, wanted: AuditChoice, limit: int = 500) -> AuditList:
    """The chosen rows. Folded, what was done to ten thousand jobs at one stroke is one of them."""
    db = cluster.db
    mark = log.begin(db)  # before the look: what is written during it is news
    found = log.read(db, wanted, limit + 1)
    reach = Reach(
        more=log.count(db, wanted) - limit if len(found) > limit else 0,
        mark=mark,
        begins_at=log.begins_at(db),
        keep_s=cluster.settings.keep_audit,
    )
    return AuditList(entries=tuple(found[-limit:]), reach=reach)


@served
def audit_news(cluster: Cluster, wanted: AuditChoice, mark: Mark) -> AuditNews:
    """What was written since *mark*."""
    behind = log.advance(cluster.db, mark)
    return AuditNews(entries=tuple(log.news(cluster.db, wanted, mark, behind)), mark=behind)
