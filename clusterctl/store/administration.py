"""What operators let workers do, what they call them by, and whom they forget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from clusterctl.model.errors import Moved
from clusterctl.model.pictures import WorkerPicture
from clusterctl.model.states import AdminState
from clusterctl.store.connection import Database


def administer(
    db: Database,
    names: Sequence[str],
    state: AdminState,
    reason: str,
    deadline_s: float | None = None,
    *,
    only_if: Sequence[WorkerPicture] | None = None,
) -> list[str]:
    """Let workers take new jobs, or not; the names of those for which that is new. What runs there runs on.

    With *deadline_s*, of workers that are to drain: so many seconds. Of one that drains already another deadline or
    reason is new, too; none leaves what was said before. With *only_if*, of workers that are as they were seen: of that
    incarnation, and nobody has let them do anything else since.
    """
    seen = only_if or ()
    return [
        row[0]
        for row in db.rows(
            """
            WITH chosen AS MATERIALIZED (
                SELECT w.id
                  FROM workers w
                  LEFT JOIN unnest(%(seen)s::text[], %(incarnations)s::bigint[], %(states)s::text[],
                                   %(deadlines)s::timestamptz[]) s(name, incarnation, admin_state, drain_by)
                         ON s.name = w.name
                 WHERE w.name = ANY (%(names)s)
                   AND (w.admin_state <> %(state)s OR %(deadline)s::float8 IS NOT NULL
                        OR (w.admin_state = 'draining' AND %(reason)s NOT IN ('', w.admin_reason)))
                   AND (%(whatever)s
                        OR (w.forgotten_at IS NULL AND (w.incarnation, w.admin_state) = (s.incarnation, s.admin_state)
                            AND w.drain_by IS NOT DISTINCT FROM s.drain_by))
                 ORDER BY w.id FOR NO KEY UPDATE OF w
            )
            UPDATE workers w
               SET admin_state = %(state)s,
                   admin_reason = CASE WHEN admin_state = %(state)s AND %(reason)s = '' THEN admin_reason
                                       ELSE %(reason)s END,
                   drain_by = CASE WHEN %(state)s <> 'draining' THEN NULL
                                   WHEN %(deadline)s::float8 IS NULL THEN drain_by
                                   ELSE cluster_time() + %(deadline)s::float8 * interval '1 s' END
              FROM chosen WHERE w.id = chosen.id RETURNING w.name
            """,
            names=list(names),
            state=state.value,
            reason=reason,
            deadline=deadline_s,
            whatever=only_if is None,
            seen=[each.name for each in seen],
            incarnations=[each.incarnation for each in seen],
            states=[each.admin_state for each in seen],
            deadlines=[each.drain_by for each in seen],
        )
    ]


def drain_black_hole(db: Database, worker_id: int, incarnation: int, sentence: str) -> bool:
    """open → draining, by the worker's own wish: it fails to start what others perhaps could.

    Not if no other worker is open and up, for then the fault may as well lie with the jobs. It is said in the audit.
    All open workers are locked, and judged as they are then: of two that ask at once, the later sees the first drained.
    """
    drained = db.run(
        """
        WITH open AS MATERIALIZED (
            SELECT id, incarnation, live_state = 'up' AND trouble = '' AS takes_jobs
              FROM workers WHERE admin_state = 'open' ORDER BY id FOR NO KEY UPDATE
        ), drained AS (
            UPDATE workers w SET admin_state = 'draining', admin_reason = %(sentence)s
              FROM open me
             WHERE w.id = me.id AND me.id = %(worker)s AND me.incarnation = %(incarnation)s
               AND EXISTS (SELECT FROM open other WHERE other.id <> me.id AND other.takes_jobs)
            RETURNING w.name
        )
        INSERT INTO audit (actor, verb, subject, reason)
        SELECT 'worker ' || name, 'drain', 'worker:' || name, %(sentence)s FROM drained
        """,
        worker=worker_id,
        incarnation=incarnation,
        sentence=sentence,
    )
    return drained == 1


class Relabelled(msgspec.Struct, frozen=True):
    """A worker's labels, before and after."""

    name: str
    before: dict[str, str]
    after: dict[str, str]


def label(db: Database, names: Sequence[str], labels: Mapping[str, str | None]) -> list[Relabelled]:
    """Give workers *labels*; None takes one away, also one that its agent brings. Those for which that is new.

    It outlives the agent, whose own labels the operator's overlay. Running jobs stay where they are.
    """
    return db.nouns(
        Relabelled,
        """
        WITH chosen AS MATERIALIZED (
            SELECT id, labels AS before,
                   (SELECT coalesce(jsonb_object_agg(key, value), '{}')
                      FROM jsonb_each(admin_labels || %(labels)s::jsonb) said
                     WHERE value <> 'null' OR agent_labels ? key) AS wanted
              FROM workers WHERE name = ANY (%(names)s) ORDER BY id FOR NO KEY UPDATE
        ), changed AS (
            UPDATE workers w SET admin_labels = c.wanted
              FROM chosen c WHERE w.id = c.id AND w.admin_labels <> c.wanted
            RETURNING w.name, c.before, w.labels AS after
        )
        SELECT * FROM changed WHERE before <> after ORDER BY name
        """,
        names=list(names),
        labels=msgspec.json.encode(labels).decode(),
    )


def forget(db: Database, name: str, incarnation: int, beat: int) -> None:
    """Show this worker nowhere any more but in the history of its jobs. Raises Moved if it is up, or holds anything.

    *incarnation* and *beat*: as it was seen. It is lost from now on, so its agent, should it live, must register; then
    it is a new worker, which operators have said nothing about, under the next incarnation of the name.
    """
    forgotten = db.run(
        """
        UPDATE workers
           SET forgotten_at = cluster_time(), live_state = 'lost', live_reason = 'forgotten', admin_state = 'open',
               admin_reason = '', drain_by = NULL, trouble = '', admin_labels = '{}'
         WHERE name = %s AND (incarnation, beat) = (%s, %s) AND live_state <> 'up' AND forgotten_at IS NULL
           AND reserved_milli + allocated_milli = 0
        """,
        name,
        incarnation,
        beat,
    )
    if not forgotten:
        raise Moved(f"worker {name} has been heard since, or holds something")


def end_drains(db: Database, term: int) -> list[str]:
    """Ask the agents to stop what runs on workers that should have drained by now; the names of these workers.

    The jobs run elsewhere, and it costs them nothing. Raises Moved when the term is over.
    """
    return [
        row[0]
        for row in db.rows(
            """
            WITH overdue AS MATERIALIZED (
                SELECT a.id, a.job_id, w.name FROM workers w JOIN allocations a ON a.worker_id = w.id
                 WHERE w.drain_by <= cluster_time() AND a.live AND NOT a.reserved AND a.stop_requested_at IS NULL
            ), locked AS MATERIALIZED (
                SELECT o.id, o.name FROM (SELECT * FROM overdue ORDER BY job_id) o
                 CROSS JOIN LATERAL (
                       SELECT FROM jobs WHERE id = o.job_id AND allocation_id = o.id AND state = 'running' FOR UPDATE) j
            ), stopped AS (
                UPDATE allocations a SET stop_requested_at = cluster_time(), stop_outcome = 'worker_stopped'
                  FROM locked l WHERE (SELECT lead_as(%s)) AND a.id = l.id AND a.stop_requested_at IS NULL
                RETURNING l.name
            )
            SELECT DISTINCT name FROM stopped ORDER BY name
            """,
            term,
        )
    ]
