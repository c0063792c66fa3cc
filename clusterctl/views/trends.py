"""The cluster over time, as it is drawn. Asked now and then by the console over its own connection, not at the door."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from clusterctl.cluster import Cluster
from clusterctl.model.audit import AuditPicture
from clusterctl.model.trends import Course, Happening, Trend
from clusterctl.store.console import trends as stored
from clusterctl.store.console.trends import NEWEST_DEEDS, Points


def trend(cluster: Cluster, span_s: float, points: int) -> Trend:
    """The last *span_s* seconds in so many points, or fewer: none is shorter than a row of history; what happened then.

    A point begins at a whole multiple of its length, so they do not wander, and the last one may lie partly ahead.
    """
    db = cluster.db
    with db.one_moment():
        at = stored.points(db, span_s, points, every_s=cluster.settings.history_every)
        series = stored.series(db, at)
        happenings = sorted(happened(cluster, at), key=lambda each: each.at)
    return Trend(
        until=at.until,
        span_s=at.step_s * at.many,
        step_s=at.step_s,
        series=series,
        happenings=tuple(happenings[-NEWEST_DEEDS:]),
    )


def happened(cluster: Cluster, at: Points) -> Iterator[Happening]:
    """What operators did, and workers that were lost."""
    for deed in stored.deeds(cluster.db, at):
        yield Happening(at=deed.at, sentence=in_words(deed))
    for moment, lost in stored.losses(cluster.db, at):
        yield Happening(at=moment, sentence="a worker was lost" if lost == 1 else f"{lost} workers were lost")


def in_words(deed: AuditPicture) -> str:
    """``ada: drain worker:w1 (the disk is bad)``; whoever shows it makes it harmless."""
    what = f"{deed.actor}: {deed.verb} {deed.subject}"
    return f"{what} ({deed.reason})" if deed.reason else what


def worker_courses(cluster: Cluster, names: Sequence[str], span_s: float, points: int) -> dict[str, Course]:
    """What these workers have used, by name; those that nobody knows are left out."""
    at = sampled_at(cluster, span_s, points)
    return {name: course(at, values) for name, values in stored.of_workers(cluster.db, names, at).items()}


def attempt_course(cluster: Cluster, allocation_id: int, span_s: float, points: int) -> Course:
    """What an attempt has used; of one that nobody knows nothing is."""
    at = sampled_at(cluster, span_s, points)
    return course(at, stored.of_attempt(cluster.db, allocation_id, at))


def sampled_at(cluster: Cluster, span_s: float, points: int) -> Points:
    """So many points, or fewer: none is shorter than from one sample to the next."""
    return stored.points(cluster.db, span_s, points, every_s=cluster.settings.sample_to_postgres_every)


def course(at: Points, values: Sequence[tuple[int, float, float]]) -> Course:
    """What was used, laid out over those points."""
    return Course(
        until=at.until,
        step_s=at.step_s,
        cpus=at.laid([(number, cpus) for number, cpus, _ in values]),
        memory_mb=at.laid([(number, memory) for number, _, memory in values]),
    )
