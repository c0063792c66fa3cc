"""The audit: who did what, to what, and why."""

from __future__ import annotations

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.audit import AuditChoice, AuditList, AuditNews
from clusterctl.model.log_marks import Mark, Reach
from clusterctl.model.selection import Limit
from clusterctl.store import audit_log as log
from clusterctl.store import log_marks


@served
def audit_log(cluster: Cluster, wanted: AuditChoice, limit: Limit = 500) -> AuditList:
    """The chosen rows. Folded, what was done to ten thousand jobs at one stroke is one of them."""
    db = cluster.db
    mark = log_marks.begin(db, "audit")  # before the look: what is written during it is news
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
    behind = log_marks.advance(cluster.db, "audit", mark)
    return AuditNews(entries=tuple(log.news(cluster.db, wanted, mark, behind)), mark=behind)
