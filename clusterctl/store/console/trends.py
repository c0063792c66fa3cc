"""The cluster, its workers and its attempts over time, in as many points as are drawn.

Points are parts of time of equal length, counted from 1970: so they do not wander while one looks on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any, LiteralString, NamedTuple, TypeVar, get_args

from clusterctl.model.audit import AuditPicture
from clusterctl.model.trends import SeriesName
from clusterctl.store import audit_log
from clusterctl.store.connection import Database

T = TypeVar("T")

SERIES: tuple[SeriesName, ...] = get_args(SeriesName)
COUNTED = frozenset({"claims", "conflicts", "completed", "failed", "cancelled"})
IN_MILLI = frozenset({"cpu_total", "cpu_reserved", "cpu_allocated", "cpu_used"})
SHORTEST_S = 0.001
ROUNDING = 1e-9  # of a point: so much a span may be more than its points are together
LATE = 1.25  # times as long as usual until the next row is there: daemons rest between two looks
MISSED = 4  # rows in a row that may be late or missing before there is a hole
NEWEST_DEEDS = 50
DEED_ROWS = 5_000  # of the audit, of which these are folded

WITHIN: LiteralString = "at >= %(since)s AND at < %(until)s"
# A row stands for the time since the one before it, ``span`` seconds, so that points which are shorter have no holes:
# for each point that ends within. After a gap it stands for its own point alone.
FILLED: LiteralString = """
    CROSS JOIN LATERAL (SELECT floor(date_part('epoch', at) / %(step)s)::bigint AS ends) e
    CROSS JOIN LATERAL generate_series(
        CASE WHEN span <= %(gap)s THEN least(floor((date_part('epoch', at) - span) / %(step)s)::bigint + 1, ends)
             ELSE ends END, ends) point"""


class Points(NamedTuple):
    """So many, each of ``step_s``, up to ``until``."""

    until: datetime
    step_s: float
    many: int
    longest_gap_s: float  # between two rows; a longer one is a hole

    @property
    def first(self) -> int:
        """The number of the first."""
        return round(self.until.timestamp() / self.step_s) - self.many

    def laid(self, values: Sequence[tuple[int, T]]) -> tuple[T | None, ...]:
        """Values by the number of their point, as one for each point."""
        found: list[T | None] = [None] * self.many
        for number, value in values:
            if 0 <= number - self.first < self.many:
                found[number - self.first] = value
        return tuple(found)


def points(db: Database, span_s: float, count: int, *, every_s: float) -> Points:
    """At most *count* over the last *span_s* seconds, of something that is written *every_s*: none is shorter.

    The last is the newest of which something should be known by now.
    """
    step = max(span_s / max(1, count), every_s, SHORTEST_S)
    now = float(db.value("SELECT extract(epoch FROM cluster_time())::float8"))
    last = int((now - LATE * every_s) // step) + 1
    many = max(1, ceil(span_s / step - ROUNDING))
    return Points(datetime.fromtimestamp(last * step, UTC), step, many, MISSED * every_s)


def series(db: Database, at: Points) -> dict[SeriesName, tuple[float | None, ...]]:
    """Each series over those points: levels averaged, what is counted per second."""
    rows = db.rows(
        f"""
        SELECT point, {", ".join(map(column, SERIES))}
          FROM (SELECT *, span_s AS span FROM history WHERE {WITHIN}) h {FILLED} GROUP BY point
        """,
        **bound(at),
    )
    return {name: at.laid([(row[0], row[number]) for row in rows]) for number, name in enumerate(SERIES, 1)}


def column(name: SeriesName) -> LiteralString:
    """A series as an aggregate over rows of the history."""
    if name in COUNTED:
        return f"(sum({name}) / sum(span_s))::float8"
    return f"avg({name})::float8" + (" / 1000" if name in IN_MILLI else "")


def since(at: Points) -> datetime:
    """When the first point begins."""
    return datetime.fromtimestamp(at.first * at.step_s, UTC)


def of_workers(db: Database, names: Sequence[str], at: Points) -> dict[str, list[tuple[int, float, float]]]:
    """What these workers have used: (number of the point, CPUs, MiB), by name; unknown ones are left out."""
    sampled = used("worker_id = w.id AND allocation_id IS NULL")
    found: dict[str, list[tuple[int, float, float]]] = {}
    for name, point, cpus, memory in db.rows(
        f"SELECT w.name, s.* FROM workers w LEFT JOIN LATERAL ({sampled}) s ON true WHERE w.name = ANY (%(names)s)",
        names=list(names),
        **bound(at),
    ):
        found.setdefault(name, []).extend([] if point is None else [(point, cpus, memory)])
    return found


def of_attempt(db: Database, allocation_id: int, at: Points) -> list[tuple[int, float, float]]:
    """The same of one attempt."""
    return [(row[0], row[1], row[2]) for row in db.rows(used("allocation_id = %(id)s"), id=allocation_id, **bound(at))]


def used(whose: LiteralString) -> LiteralString:
    """What was sampled of one."""
    return f"""
        SELECT point, avg(used_milli)::float8 / 1000, avg(memory_mb)::float8
          FROM (SELECT *, date_part('epoch', at - lag(at) OVER (ORDER BY at)) AS span
                  FROM samples WHERE {whose} AND {WITHIN}) s {FILLED} GROUP BY point"""


def bound(at: Points) -> dict[str, Any]:
    """What these statements are bound to."""
    return {"step": at.step_s, "gap": at.longest_gap_s, "since": since(at), "until": at.until}


def deeds(db: Database, at: Points) -> list[AuditPicture]:
    """The newest things that were done within that time, oldest first. Not what agents report too late."""
    rows = f"""(SELECT * FROM audit WHERE {WITHIN} AND verb <> 'late_report'
                 ORDER BY at DESC LIMIT {DEED_ROWS}) audit"""
    return audit_log.folded(db, rows, **bound(at), limit=NEWEST_DEEDS)


def losses(db: Database, at: Points) -> list[tuple[datetime, int]]:
    """When workers were lost within that time, and how many."""
    rows = db.rows(
        f"""
        SELECT at, more FROM (SELECT at, workers_lost - lag(workers_lost) OVER (ORDER BY at) AS more
                                FROM history WHERE {WITHIN}) steps
         WHERE more > 0 ORDER BY at DESC LIMIT {NEWEST_DEEDS}
        """,
        **bound(at),
    )
    return [(moment, more) for moment, more in rows]
