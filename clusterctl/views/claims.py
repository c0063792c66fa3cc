"""The claim log: decisions about jobs, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from clusterctl.cluster import Cluster
from clusterctl.door.served import served
from clusterctl.model.claim_log import ClaimChoice, ClaimList, ClaimNews
from clusterctl.model.errors import NotFound
from clusterctl.model.log_marks import Mark, Reach
from clusterctl.model.selection import Limit, Selection
from clusterctl.store import choice, log_marks
from clusterctl.store import claim_log as log


@served
def claim_log(cluster: Cluster, wanted: ClaimChoice, limit: Limit = 500) -> ClaimList:
    """The chosen rows. Raises NotFound for a worker or service that there is not, and a job that nobody knows of."""
    db = cluster.db
    refuse_strangers(cluster, wanted)
    mark = log_marks.begin(db, "claims")  # before the look: what is written during it is news
    found = log.read(db, wanted, limit + 1)
    if not found and wanted.job_id is not None and not choice.ids(db, only(wanted.job_id), 1):
        raise NotFound(f"no job {wanted.job_id}", "`clusterctl jobs --all` lists all that there are")
    reach = Reach(
        more=log.count(db, wanted) - limit if len(found) > limit else 0,
        mark=mark,
        begins_at=log.begins_at(db),
        keep_s=cluster.settings.keep_claims,
    )
    return ClaimList(claims=tuple(found[-limit:]), reach=reach)


@served
def claim_news(cluster: Cluster, wanted: ClaimChoice, mark: Mark, standing: Sequence[int]) -> ClaimNews:
    """What was written since *mark*, in the order in which it happened, and who of *standing* stands no longer.

    A folded refusal is news when it is new, and when it is over; not each time it is said again.
    """
    behind = log_marks.advance(cluster.db, "claims", mark)
    return ClaimNews(claims=tuple(log.news(cluster.db, wanted, mark, behind, standing)), mark=behind)


def refuse_strangers(cluster: Cluster, wanted: ClaimChoice) -> None:
    """NotFound for a worker or service of which nobody has heard: else a typing error would look like peace."""
    if wanted.worker is not None and not log.knows_worker(cluster.db, wanted.worker):
        raise NotFound(f"no worker {wanted.worker!a}", "`clusterctl workers` lists them")
    if wanted.service is not None and not log.knows_service(cluster.db, wanted.service):
        raise NotFound(f"no service {wanted.service}", "`clusterctl services` lists them")


def only(job_id: int) -> Selection:
    """That job."""
    return Selection(ranges=((job_id, job_id),))
