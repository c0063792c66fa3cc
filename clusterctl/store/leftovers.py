"""What should have been forgotten by now, and stands there still. Nothing here writes."""

from __future__ import annotations

from datetime import datetime

import msgspec

from clusterctl.model.retention import Kind
from clusterctl.store.connection import Database


class Leftover(msgspec.Struct, frozen=True):
    """So many ``rows`` of one ``kind`` are older than they should get, and since when the oldest of them is."""

    kind: Kind
    rows: int
    oldest: datetime


class Keep(msgspec.Struct, frozen=True):
    """After how many seconds each kind should be gone."""

    jobs: float
    allocations: float
    claims: float
    samples: float
    history: float
    audit: float


def leftovers(db: Database, keep: Keep, most: int) -> list[Leftover]:
    """What is older than *keep* says, each kind counted up to *most*: by the same rules by which it is pruned."""
    return db.nouns(
        Leftover,
        """
        SELECT kind, count(*) AS rows, min(at) AS oldest
          FROM ((SELECT 'jobs' AS kind, finished_at AS at FROM jobs
                  WHERE finished_at < cluster_time() - %(jobs)s * interval '1 s' ORDER BY finished_at LIMIT %(most)s)
                UNION ALL
                (SELECT 'allocations', a.released_at
                   FROM (SELECT id, attempt FROM jobs WHERE attempt > 1 OFFSET 0) j
                  CROSS JOIN LATERAL (
                        SELECT released_at FROM allocations
                         WHERE job_id = j.id AND attempt < j.attempt
                           AND released_at < cluster_time() - %(allocations)s * interval '1 s' OFFSET 0) a
                  LIMIT %(most)s)
                UNION ALL
                (SELECT 'claims', at FROM claims
                  WHERE at < cluster_time() - %(claims)s * interval '1 s' AND NOT open
                    AND coalesce(closed_at, at) < cluster_time() - %(claims)s * interval '1 s'
                  ORDER BY at LIMIT %(most)s)
                UNION ALL
                (SELECT 'samples', at FROM samples
                  WHERE at < cluster_time() - %(samples)s * interval '1 s' ORDER BY at LIMIT %(most)s)
                UNION ALL
                (SELECT 'history', at FROM history
                  WHERE at < cluster_time() - %(history)s * interval '1 s' ORDER BY at LIMIT %(most)s)
                UNION ALL
                (SELECT 'audit', at FROM audit
                  WHERE at < cluster_time() - %(audit)s * interval '1 s' ORDER BY at LIMIT %(most)s)) old
         GROUP BY kind ORDER BY kind
        """,
        **msgspec.structs.asdict(keep),
        most=most,
    )
