"""The last rounds, as they saw the workers: from that, what they decided can be told again."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from clusterctl.model.resources import Resources
from clusterctl.model.rounds import MOST_KEPT, Given, KeptRound, RoundClaim, UsagePicture
from clusterctl.model.snapshot import Snapshot, WorkerPicture
from clusterctl.model.steering import Steering
from clusterctl.store.connection import Database

NUMBERS = 1000  # that one schedd takes at once, as the sequence says

encode = msgspec.json.Encoder().encode
decode_workers = msgspec.json.Decoder(tuple[WorkerPicture, ...]).decode
decode_measures = msgspec.json.Decoder(dict[str, UsagePicture]).decode


def take_numbers(db: Database) -> range:
    """Numbers for rounds, which nobody else ever gets: greater than all that were taken before."""
    first = db.value("SELECT nextval('round_numbers')")
    return range(first, first + NUMBERS)


def keep(
    db: Database,
    term: int,
    number: int,
    picture: Snapshot,
    *,
    took_ms: float,
    claims: int,
    waits: int,
    kept_worker_id: int | None = None,
) -> None:
    """Keep what a round saw, by which rules it decided, and what was measured of the workers by then.

    *kept_worker_id*: the worker that it kept for the first job that waited for room.
    """
    db.run(
        """
        INSERT INTO rounds (term, number, at, took_ms, claims, waits, rules, kept_worker_id, workers, measures)
        SELECT %(term)s, %(number)s, to_timestamp(%(at)s), %(took_ms)s, %(claims)s, %(waits)s, %(rules)s, %(kept)s,
               %(workers)s,
               coalesce(json_object_agg(name, json_build_object(
                   'cpu_percent', round(100.0 * used_milli / cpu_milli, 1), 'memory_mb', used_memory_mb,
                   'sampled_at', measured_at) ORDER BY name), '{}')
          FROM workers WHERE forgotten_at IS NULL AND measured_at IS NOT NULL
        """,
        term=term,
        number=number,
        at=picture.at,
        took_ms=round(took_ms, 2),
        claims=claims,
        waits=waits,
        rules=encode(picture.steering).decode(),
        kept=kept_worker_id,
        workers=encode(picture.workers).decode(),
    )


def read(db: Database, number: int) -> KeptRound | None:
    """The round of that number; None if it is not kept, or by a program whose words we do not understand."""
    row = db.row(
        """
        SELECT number, extract(epoch FROM at)::float8, rules::text, workers::text, kept_worker_id
          FROM rounds WHERE number = %s
        """,
        number,
    )
    if row is None:
        return None
    try:
        rules, workers = msgspec.json.decode(row[2], type=Steering), decode_workers(row[3])
    except msgspec.ValidationError:
        return None
    return KeptRound(number=row[0], at=row[1], rules=rules, workers=workers, kept_worker_id=row[4])


def given_before(db: Database, number: int, claim_id: int) -> list[Given]:
    """What that round gave before it came to that row of the claim log, in turn."""
    rows = db.rows(
        """
        SELECT a.worker_id, a.cpu_milli, a.memory_mb, a.gpus, a.tenant, a.kind
          FROM rounds r
         CROSS JOIN LATERAL (
               SELECT * FROM claims WHERE at >= r.at AND round = r.number AND event = 'Claimed' AND id < %s OFFSET 0) c
          JOIN allocations a ON a.id = c.allocation_id
         WHERE r.number = %s ORDER BY c.id
        """,
        claim_id,
        number,
    )
    return [Given(worker_id=row[0], request=Resources(*row[1:4]), tenant=row[4], kind=row[5]) for row in rows]


def recent(db: Database, most: int) -> list[RoundClaim]:
    """What the newest rounds that are kept gave, oldest first; at most so many rows."""
    rows = db.rows(
        """
        WITH newest AS MATERIALIZED (
            SELECT * FROM rounds WHERE claims > 0 ORDER BY number DESC LIMIT least(%(most)s, %(kept)s)
        ), given AS (
            SELECT r.number, c.worker_id, a.kind, min(c.job_id) AS job_id, count(*)::int AS jobs,
                   max(c.policy) AS policy, min(c.id) AS id
              FROM newest r
             CROSS JOIN LATERAL (
                   SELECT * FROM claims
                    WHERE at >= r.at AND at <= r.at + (r.took_ms + 60000) * interval '1 ms'
                      AND round = r.number AND event = 'Claimed' OFFSET 0) c
              JOIN allocations a ON a.id = c.allocation_id
             GROUP BY r.number, c.worker_id, a.kind, CASE WHEN a.kind = 'service' THEN c.id END
             ORDER BY r.number DESC, min(c.id) DESC LIMIT %(most)s
        )
        SELECT r.number, r.term, r.at, r.took_ms, r.claims, r.waits, w.name, g.kind, g.job_id, g.jobs, g.policy
          FROM given g JOIN newest r ON r.number = g.number JOIN workers w ON w.id = g.worker_id
         ORDER BY g.number, g.id
        """,
        most=most,
        kept=MOST_KEPT,
    )
    usage = measures(db, sorted({row[0] for row in rows}))
    names = RoundClaim.__struct_fields__
    return [RoundClaim(**dict(zip(names, (*row, usage.get(row[0], {})), strict=True))) for row in rows]


def measures(db: Database, numbers: list[int]) -> dict[int, Mapping[str, UsagePicture]]:
    """By round, what was measured of each worker by then."""
    rows = db.rows("SELECT number, measures::text FROM rounds WHERE number = ANY (%s)", numbers)
    return {number: decode_measures(text) for number, text in rows}


def prune(db: Database, older_than_s: float, most: int = 5000) -> int:
    """Forget rounds that are old, and all but the newest MOST_KEPT."""
    return db.run(
        """
        DELETE FROM rounds WHERE number = ANY (ARRAY(
            SELECT number FROM rounds
             WHERE at < cluster_time() - %s * interval '1 s'
                OR number <= (SELECT number FROM rounds ORDER BY number DESC OFFSET %s LIMIT 1)
             LIMIT %s))
        """,
        older_than_s,
        MOST_KEPT,
        most,
    )
