"""What the console sees at one look. Not served at the door: the console has connections of its own, two for hours.

Through the door each look would be an answer of thousands of keys, made by the process that decides, in its own time.
"""

from __future__ import annotations

from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from clusterctl.cluster import Cluster
from clusterctl.model.claim_log import ClaimChoice, ClaimPicture
from clusterctl.model.errors import Outage
from clusterctl.model.looks import Look, Page, RedisSight, Sums, Want
from clusterctl.model.pictures import WorkerPicture
from clusterctl.store import claim_log, steering
from clusterctl.store.console import audit, claims, jobs, pages, services, sums, workers
from clusterctl.text import masked

if TYPE_CHECKING:
    from clusterctl import live

NO_REDIS = "none"
PATIENCE_S = 0.04  # for Redis: a look does not wait for a hint


def look(cluster: Cluster, want: Want) -> Look:
    """The sums and the list of a screen, of one moment; beside them how long the workers' keys in Redis will live.

    Three statements at most. Raises Outage, also when an answer takes longer than the cluster's statement_timeout;
    BadInput for a field that rows of that list have not.
    """
    began = perf_counter()
    with pages.one_sight(cluster.db):
        summed = sums.read(cluster.db, cluster.settings.history_every, cluster.settings.silent_after)
        said = steering.meaning("measure_ttl", summed.measure_ttl) if summed.measure_ttl is not None else None
        fresh_s = cluster.settings.measure_ttl if said is None else float(said)
        lists = read_lists(cluster, want, summed.sums, fresh_s)
    took = perf_counter() - began
    redis, lists = ask_redis(cluster, lists)
    settings = cluster.settings
    seen = Look(
        want=want,
        at=summed.at,
        took_ms=round(took * 1000, 2),
        statements=1 + len(lists),
        redis=redis,
        sums=summed.sums,
        silent_after_s=settings.silent_after,
        lost_after_s=settings.lease + settings.term_grace + settings.lease_margin,
    )
    return replace(seen, **lists)


def read_lists(cluster: Cluster, want: Want, summed: Sums, fresh_s: float) -> dict[str, Page[Any]]:
    """What the screen lists, by the field of a look; a statement for each."""
    db = cluster.db
    match want.screen:
        case "overview":
            return {"workers": workers.page(db, want, reported_within_s=fresh_s), "claims": claims.newest(db)}
        case "workers":
            return {"workers": workers.page(db, want, reported_within_s=fresh_s)}
        case "jobs":
            return {"jobs": jobs.page(db, want, live=sum(summed.jobs.values()))}
        case "services":
            return {"services": services.page(db, want, reported_within_s=fresh_s)}
        case "claims":
            return {"claims": claims.page(db, want)}
        case "audit":
            return {"audit": audit.page(db, want)}
        case "stuck" | "doctor" | "trends":
            return {}


def ask_redis(cluster: Cluster, lists: dict[str, Page[Any]]) -> tuple[RedisSight, dict[str, Page[Any]]]:
    """How Redis fares, and the same lists with the life left in the keys of those workers that are shown."""
    if cluster.settings.redis_url == NO_REDIS:
        return RedisSight(used=False, up=False), lists
    from clusterctl.live import heartbeats  # noqa: PLC0415 - see Cluster.redis

    shown: Page[WorkerPicture] | None = lists.get("workers")
    if shown is None or not shown.rows or not_usable(cluster):
        return redis_sight(cluster), lists
    began = perf_counter()
    ttls = heartbeats.ttls(cluster.redis, [str(name) for name in shown.rows], PATIENCE_S)
    rows = {name: replace(worker, heartbeat_ttl_s=ttls.get(str(name))) for name, worker in shown.rows.items()}
    return sight_of(cluster.redis, began), {**lists, "workers": replace(shown, rows=rows)}


def redis_sight(cluster: Cluster) -> RedisSight:
    """How Redis fares; that it does not is said, not raised, also of a URL that is none."""
    if cluster.settings.redis_url == NO_REDIS:
        return RedisSight(used=False, up=False)
    if trouble := not_usable(cluster):
        return RedisSight(used=True, up=False, trouble=trouble)
    began = perf_counter()
    with suppress(Outage):  # the connection remembers it
        cluster.redis.ping(PATIENCE_S)
    return sight_of(cluster.redis, began)


def not_usable(cluster: Cluster) -> str:
    """Why the settings lead to no Redis; empty if they may."""
    try:
        _ = cluster.redis
    except ValueError as error:
        return masked(str(error))
    return ""


def sight_of(redis: live.Connection, began: float) -> RedisSight:
    """What has come of asking it."""
    took_ms = round((perf_counter() - began) * 1000, 2)
    trouble = "" if redis.trouble is None else str(redis.trouble)
    return RedisSight(used=True, up=not trouble, took_ms=took_ms, trouble=trouble)


def newest_claims(cluster: Cluster, wanted: ClaimChoice, most: int) -> tuple[ClaimPicture, ...]:
    """The newest of the chosen rows, the newest first; nobody counts how many more there are."""
    return tuple(reversed(claim_log.read(cluster.db, wanted, most)))
