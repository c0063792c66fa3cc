"""``ghost_redis_worker``: Redis shows a worker that Postgres does not, or long no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from clusterctl.cluster import Cluster
from clusterctl.doctor.check import Check, Note
from clusterctl.model.findings import Finding, Mended
from clusterctl.store import evidence
from clusterctl.units import format_age

MOST = 200  # findings; more say nothing more


class GhostRedisWorker(Check):
    """A key ends by its time to live: one that outlives its worker by more was written by somebody else."""

    code = "ghost_redis_worker"
    severity = "warning"
    meaning = "Redis has a name or a sign of life of a worker that is unknown in Postgres, or long not up there."
    cure = "Deletes the key and the name, if the key is still what it was."
    needs = ("postgres", "redis")

    def look(self, cluster: Cluster) -> Iterator[Finding | Note]:
        """Every name that Redis knows, by what Postgres knows of it."""
        from clusterctl.live import remains  # noqa: PLC0415 - see Cluster.redis

        judge = self.judge(cluster)
        found = remains.look(cluster.redis, remains.names(cluster.redis))
        ghosts = [(each, wonder) for each in found if (wonder := judge(each.name, each.has_key))]
        for each, wonder in ghosts[:MOST]:
            subject = f"worker:{each.name}"
            life = "that never ends" if each.life_s is None else f"with {format_age(each.life_s)} to live"
            what = f"a key ({each.kind}) {life}" if each.has_key else "a name without a key"
            yield self.finding(
                subject,
                f"redis has {what} for worker {each.name}, {wonder}",
                self.fix(
                    subject,
                    f"the key and the name of {each.name} are deleted from redis",
                    "none: a worker that lives writes them again; if they return, another cluster has the same prefix",
                    name=each.name,
                    print=each.print,
                ),
                evidence={"key": each.has_key, "kind": each.kind, "life_s": each.life_s},
            )
        if len(ghosts) > MOST:
            yield Note(f"{len(ghosts) - MOST} more workers in redis are unknown to postgres")

    def judge(self, cluster: Cluster) -> Callable[[str, bool], str]:
        """Tells of a name, with a key or without, why it should not be there; empty if it may."""
        signs = {sign.worker: sign for sign in evidence.signs(cluster.db)}
        patience = 2 * cluster.settings.heartbeat_ttl

        def wonder(name: str, has_key: bool) -> str:
            sign = signs.get(name)
            if sign is None:
                return "which postgres does not know"
            if not has_key or sign.live_state == "up" or sign.heard_age_s < patience:
                return ""
            return f"which is {sign.live_state} and was not heard for {format_age(sign.heard_age_s)}"

        return wonder

    def mend(self, cluster: Cluster, finding: Finding) -> Mended:
        """Delete it, if both servers still say the same."""
        from clusterctl.live import remains  # noqa: PLC0415 - as above

        guard = finding.fix.guard
        if not self.judge(cluster)(guard["name"], finding.evidence["key"]):
            return self.fated("changed", finding, "postgres knows it as up by now")
        (seen,) = remains.look(cluster.redis, [guard["name"]])
        if seen.print != guard["print"] or not remains.clear(cluster.redis, seen):
            return self.fated("changed", finding, "its key has changed")
        return self.fated("done", finding, finding.fix.change)
